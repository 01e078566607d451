import { readPngHeader } from './formats.ts';
import { opened } from './open.ts';
import { encodePng } from './png.ts';
import type { ReadOptions, ReadPicture } from './read-options.ts';
import { atSize, rawPixels, resized } from './resize.ts';

/** Chunks that say nothing of whoever made a picture, and how it is to be seen in the usual way. */
const PLAIN: ReadonlySet<string> = new Set(['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND', 'pHYs', 'sRGB']);
/** Grey, RGB and palette, without an alpha channel. */
const OPAQUE: ReadonlySet<number> = new Set([0, 2, 3]);

/** A plain square PNG that is no larger than a thumbnail. */
export interface SmallPng {
  /** In pixels. */
  readonly edge: number;
  readonly isOpaque: boolean;
}

export function smallPng(bytes: Uint8Array, { thumbnail, maxPixels }: ReadOptions): SmallPng | undefined {
  const header = readPngHeader(bytes);
  if (header === undefined) return undefined;
  const { width: edge, height, bitDepth, colourType, chunks } = header;
  const fits = edge === height && edge > 0 && edge <= thumbnail && edge ** 2 <= maxPixels && bitDepth <= 8;
  if (!fits || ![...chunks].every((type) => PLAIN.has(type))) return undefined;
  return { edge, isOpaque: OPAQUE.has(colourType) && !chunks.has('tRNS') };
}

/**
 * An opaque one is its own thumbnail; any other is decoded once, in place of twice and a look at its header. Data sets of many small
 * pictures are such, and passes through libvips are most of their time.
 */
export async function readSmallPng(
  bytes: Uint8Array,
  { edge, isOpaque }: SmallPng,
  options: ReadOptions,
): Promise<ReadPicture> {
  const { size } = options;
  const dimensions = { width: edge, height: edge };
  const image = opened(bytes, options);
  if (isOpaque) return { picture: await rawPixels(resized(image, size), size), thumbnail: bytes, dimensions };
  const whole = await rawPixels(resized(image, edge), edge);
  const thumbnail = encodePng(whole.pixels, edge, edge, 3, { level: SMALL_FILES });
  return { picture: await atSize(whole, size), thumbnail, dimensions };
}

/** Level of compression of thumbnails (zlib): smaller files take longer. */
const SMALL_FILES = 6;
