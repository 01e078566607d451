import { join } from 'node:path';
import type { Reporter } from '@neurodex/core';
import type { ReadPicture } from '@neurodex/datasets/image';
import type { PartLimits } from '../artifact/catalogue-writer.ts';
import type { MetadataUse } from '../config.ts';
import type { SplitOptions } from '../pictures/split.ts';

export interface PictureOptions {
  /** Edge of the picture that the model sees, in pixels. */
  readonly size: number;
  /** Edge of the picture that people see, in pixels. */
  readonly thumbnail: number;
  /** Largest file that is decoded, width × height in pixels. */
  readonly maxPixels: number;
}

/** Decodes one file; throws NeurodexError `picture-*` for a file that is not a sound picture. */
export type PictureReader = (
  bytes: Uint8Array,
  options: PictureOptions & { readonly name: string },
) => Promise<Omit<ReadPicture, 'dimensions'> & Partial<Pick<ReadPicture, 'dimensions'>>>;

/** What decoding, splitting and writing the pictures of a data set needs. */
export interface PicturesOptions {
  readonly pictures: PictureOptions;
  readonly split: SplitOptions;
  /** Whether only the best of each group of duplicates stays. */
  readonly dedupe?: boolean | undefined;
  /** Of what pictures say of themselves; `columns` by default. */
  readonly metadata?: MetadataUse | undefined;
  readonly seed: number;
  readonly reporter?: Reporter | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly readPicture?: PictureReader | undefined;
  /** Pictures in work at a time; by default two for each core and at least eight, so that a large one holds nobody up. */
  readonly concurrency?: number | undefined;
  readonly limits?: PartLimits | undefined;
}

/** Where a build works: what it leaves, and what only its later stages read. */
export interface BuildFolders {
  /** The catalogue folder. */
  readonly catalogue: string;
  /** Files between the stages. */
  readonly work: string;
}

/** The thumbnails as PNG, one after another. */
export const thumbnailsFile = ({ work }: BuildFolders): string => join(work, 'thumbnails.spool');
/** The pixels of all decoded pictures, copies included. */
export const decodedPixelsFile = ({ work }: BuildFolders): string => join(work, 'pixels.u8');
/** The pixels of the pictures that stay, in row order: uint8 [rows, size, size, 3]. */
export const splitPixelsFile = ({ work }: BuildFolders): string => join(work, SPLIT_PIXELS);
/** What an encoder makes of them: float32 [rows, 1 + views, P, C]. */
export const embeddingsFile = ({ work }: BuildFolders): string => join(work, EMBEDDINGS_FILE);
/** What the network makes of them: float32 [rows, D]. */
export const statesFile = ({ work }: BuildFolders): string => join(work, STATES_FILE);
export const SPLIT_PIXELS = 'split.u8';
export const EMBEDDINGS_FILE = 'embeddings.f32';
export const STATES_FILE = 'states.f32';
