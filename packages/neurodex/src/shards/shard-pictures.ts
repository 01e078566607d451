import { defined } from '@neurodex/core';
import type { StoredPictures } from '../artifact/catalogue-store.ts';
import type { ShardPicture } from './shard-source.ts';

/** What a shard says of its pictures, by row. */
export function picturesOf({
  rows,
  manifest,
}: Pick<StoredPictures, 'rows' | 'manifest'>): (row: number) => ShardPicture {
  let end = 0;
  const parts = manifest.parts.map((part) => {
    end += part.rows;
    return { end, stored: part.pictures.sha256 };
  });
  return (row) => {
    const { id, path, labels, identifier } = defined(rows[row], 'a picture of a shard');
    const { stored } = defined(
      parts.find((part) => row < part.end),
      'the part of a picture',
    );
    return { id, path, labels, identifier: identifier ?? '', stored };
  };
}
