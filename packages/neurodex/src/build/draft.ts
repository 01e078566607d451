import { openFileBytes } from '@neurodex/core/storage';
import type { PictureMetadata } from '@neurodex/datasets';
import { pictureBytes } from '@neurodex/datasets/picture';
import { type Parts, partsOf, type StoredPicture } from '../pictures/picture-store.ts';
import { type BuildFolders, decodedPixelsFile, splitPixelsFile, thumbnailsFile } from './build-options.ts';
import { digestAt, readSplitList, spanAt, type ThumbnailSpans } from './picture-lists.ts';
import type { SplitSet } from './split-pictures.ts';

/** The pictures while the catalogue is built: decoded, with their roles, still without identifiers. */
export interface DecodedPictures extends Parts {
  /** PNG */
  thumbnail(picture: StoredPicture): Promise<Uint8Array>;
  /** uint8 [size, size, 3] */
  pixels(picture: StoredPicture): Promise<Uint8Array>;
  /** SHA-256 of its file, hexadecimal. */
  digest(picture: StoredPicture): string;
  /** What it says of itself; undefined where it says nothing. */
  metadata(picture: StoredPicture): PictureMetadata | undefined;
}

/** Vectors of the catalogue pictures, a column of the catalogue. */
export interface CatalogueVectors {
  readonly length: number;
  /** SHA-256 of the vocabulary or encoder that they are made with. */
  readonly producer: string;
  /** float32 [N, length], in row order */
  readonly values: Float32Array;
}

/** Reads decoded pictures by their place, or by their rows where they have roles. */
export interface DecodedReader {
  thumbnail(at: number): Promise<Uint8Array>;
  pixels(at: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

export async function readDecoded(
  spans: ThumbnailSpans,
  folders: BuildFolders,
  size: number,
  pixelsFile = decodedPixelsFile(folders),
): Promise<DecodedReader> {
  const bytes = pictureBytes(size);
  const thumbnails = await openFileBytes(thumbnailsFile(folders));
  const pixels = await openFileBytes(pixelsFile);
  return {
    thumbnail: async (at) => new Uint8Array(await thumbnails.slice(...spanAt(spans, at))),
    pixels: async (at) => new Uint8Array(await pixels.slice(at * bytes, (at + 1) * bytes)),
    async close() {
      await thumbnails.close();
      await pixels.close();
    },
  };
}

/** The pictures of a split, to describe, embed and name them. */
export async function openDraft(
  split: Pick<SplitSet, 'list' | 'count'>,
  folders: BuildFolders,
  size: number,
): Promise<DecodedPictures & { close(): Promise<void> }> {
  const { rows, thumbnails, digests, metadata } = await readSplitList(folders, split);
  const reader = await readDecoded(thumbnails, folders, size, splitPixelsFile(folders));
  return {
    ...partsOf(rows),
    thumbnail: ({ row }) => reader.thumbnail(row),
    pixels: ({ row }) => reader.pixels(row),
    digest: ({ row }) => digestAt(digests, row),
    metadata: ({ row }) => metadata[row],
    close: () => reader.close(),
  };
}
