import type { LicenceNotice, PictureObject, Role, SkippedFile } from '@neurodex/datasets';
import type { Picture } from '@neurodex/datasets/picture';
import type { DuplicateFacts } from './duplicate-facts.ts';
import type { Embeddings } from './embeddings.ts';

/** One picture of an index: a row of the Parquet data set and of the pixel cache. */
export interface StoredPicture {
  /** Row in the Parquet data set and in the pixel cache, from 0. */
  readonly row: number;
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
}

/** Everything an index knows of its pictures, with the model-sized pixels at hand. */
export interface Catalogue {
  /** Edge of a stored picture in pixels. */
  readonly size: number;
  /** All rows, catalogue pictures and queries alike, in row order. */
  readonly pictures: readonly StoredPicture[];
  /** False for a flat folder: each picture is then its own relevant set. */
  readonly hasClasses: boolean;
  readonly notices: readonly LicenceNotice[];
  readonly skipped: readonly SkippedFile[];
  /** Pictures that occur more than once; not there: none does. */
  readonly duplicates?: DuplicateFacts;
  /** uint8 [rows, size, size, 3], row after row; of a stored catalogue, read when first asked for. */
  readonly pixels: Uint8Array;
  /** What an encoder makes of the pictures, where the network reads that in place of pixels. */
  readonly embeddings?: Embeddings;
  /** The larger picture that is kept for people and for the bag of visual words, read when asked for. */
  thumbnail(row: number): Promise<Picture>;
}

export const withRole = (catalogue: Catalogue, role: Role): StoredPicture[] =>
  catalogue.pictures.filter((picture) => picture.role === role);

/** The model-sized pixels of one row: a view, not a copy. */
export const pixelsOf = (catalogue: Catalogue, row: number): Uint8Array => {
  const bytes = catalogue.size * catalogue.size * 3;
  return catalogue.pixels.subarray(row * bytes, (row + 1) * bytes);
};
