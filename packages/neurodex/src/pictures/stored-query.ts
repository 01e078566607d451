import type { PictureQuery } from '../query/query.ts';
import { type PictureStore, pixelsOf } from './picture-store.ts';

/** A picture of the catalogue's folder as a query, with its embedding where that is stored. */
export function storedQuery(store: PictureStore, row: number): PictureQuery {
  const { embeddings } = store;
  return {
    kind: 'picture',
    pixels: pixelsOf(store, row),
    thumbnail: () => store.thumbnail(row),
    ...(embeddings === undefined
      ? {}
      : { embedding: { producer: embeddings.encoder, read: () => embeddings.read(row) } }),
  };
}
