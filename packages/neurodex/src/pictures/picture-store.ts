import type { LicenceNotice, PictureObject, Role, SkippedFile } from '@neurodex/datasets';
import type { Picture } from '@neurodex/datasets/picture';
import type { DuplicateFacts } from './duplicate-facts.ts';
import type { Embeddings } from './embeddings.ts';

/** One picture of an index: a row of the Parquet data set and of the pixel cache. */
export interface StoredPicture {
  /** Its place in this version of the index, from 0: rows behind a picture that is removed move up. */
  readonly row: number;
  /** Its number for as long as it is in the index; no other picture gets it. */
  readonly id: number;
  /** Path relative to the source; unique. */
  readonly path: string;
  readonly labels: readonly string[];
  /** Sentences that describe it, where the data set has captions. */
  readonly captions?: readonly string[];
  /** What can be seen in it, and where, in pixels of the picture as published. */
  readonly objects?: readonly PictureObject[];
  readonly role: Role;
  /** The tokens that name it; only catalogue pictures have one. */
  readonly identifier?: string;
  /** The path of its cluster, where identifiers follow from it (`identifiers/clusters.ts`). */
  readonly cluster?: string;
}

/** The splits of the queries. */
export type Split = Exclude<Role, 'catalogue'>;

/** The rows of a store by the parts that they play. */
export interface Parts {
  /** Catalogue pictures and queries alike, in row order. */
  readonly rows: readonly StoredPicture[];
  /** The N catalogue pictures, in row order. */
  readonly catalogue: readonly StoredPicture[];
  /** The queries of a split, in row order. */
  queries(split: Split): readonly StoredPicture[];
}

/** The one place where roles are told apart. */
export function partsOf(rows: readonly StoredPicture[]): Parts {
  const byRole = new Map<Role, StoredPicture[]>();
  for (const picture of rows) {
    const part = byRole.get(picture.role);
    if (part === undefined) byRole.set(picture.role, [picture]);
    else part.push(picture);
  }
  return { rows, catalogue: byRole.get('catalogue') ?? [], queries: (split) => byRole.get(split) ?? [] };
}

/** How many rows play each part. */
export const countParts = ({ catalogue, queries }: Parts): Readonly<Record<Role, number>> => ({
  catalogue: catalogue.length,
  train: queries('train').length,
  validation: queries('validation').length,
  test: queries('test').length,
});

/** Everything an index knows of its pictures, with the model-sized pixels at hand. */
export interface PictureStore extends Parts {
  /** Edge of a stored picture in pixels. */
  readonly size: number;
  /** False for a flat folder: each picture is then its own relevant set. */
  readonly hasClasses: boolean;
  readonly notices: readonly LicenceNotice[];
  readonly skipped: readonly SkippedFile[];
  /** Pictures that occur more than once; not there: none does. */
  readonly duplicates?: DuplicateFacts;
  /** uint8 [rows, size, size, 3], row after row; of a stored catalogue, read when first asked for. */
  readonly pixels: Uint8Array;
  /** Those of one row, where they are read from a file by themselves as long as nobody has asked for all. */
  pixelsOf?(row: number): Uint8Array;
  /** What an encoder makes of the pictures, where the network reads that in place of pixels. */
  readonly embeddings?: Embeddings;
  /** The larger picture that is kept for people and for the bag of visual words, read when asked for. */
  thumbnail(row: number): Promise<Picture>;
}

/** The model-sized pixels of one row. They are not to be changed: they may be a view of all. */
export const pixelsOf = (store: PictureStore, row: number): Uint8Array => {
  if (store.pixelsOf !== undefined) return store.pixelsOf(row);
  const bytes = store.size * store.size * 3;
  return store.pixels.subarray(row * bytes, (row + 1) * bytes);
};
