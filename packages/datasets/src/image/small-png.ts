import { type Raster, squareOf } from '../picture.ts';
import { type PngHeader, readPngHeader } from './formats.ts';
import { opened } from './open.ts';
import { encodePng } from './png.ts';
import { type PngPixels, pngPixels } from './png-pixels.ts';
import type { ReadOptions, ReadPicture } from './read-options.ts';
import { atSize, rawPixels, resized } from './resize.ts';

/** Chunks that say nothing of whoever made a picture, and how it is to be seen in the usual way. */
const PLAIN: ReadonlySet<string> = new Set(['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND', 'pHYs', 'sRGB']);
/** Grey, RGB and palette, without an alpha channel. */
const OPAQUE: ReadonlySet<number> = new Set([0, 2, 3]);
/** Up to here our own code is quicker than the start of a pass through libvips. */
const TINY_EDGE = 96;
/** The pixels of the largest take 37 kB uncompressed: whatever is larger is not plain, and is not read on this thread. */
const TINY_BYTES = 1 << 16;
/** Level of compression of thumbnails (zlib): smaller files take longer. */
const SMALL_FILES = 6;

/** The header of a PNG of at most 8 bits a sample that is to be seen in the usual way. */
function plainHeader(bytes: Uint8Array, maxPixels: number): PngHeader | undefined {
  const header = readPngHeader(bytes);
  if (header === undefined || header.bitDepth > 8) return undefined;
  const { width, height, chunks } = header;
  const fits = width > 0 && height > 0 && width * height <= maxPixels;
  return fits && [...chunks].every((type) => PLAIN.has(type)) ? header : undefined;
}

const isOpaque = ({ colourType, chunks }: PngHeader): boolean => OPAQUE.has(colourType) && !chunks.has('tRNS');

/** The pixels of a plain PNG of a few thousand at most; undefined for any other file. */
export function tinyPng(bytes: Uint8Array, maxPixels: number): PngPixels | undefined {
  const header = bytes.length > TINY_BYTES ? undefined : plainHeader(bytes, maxPixels);
  if (header === undefined || Math.max(header.width, header.height) > TINY_EDGE) return undefined;
  return pngPixels(bytes, header);
}

/** A picture and its thumbnail from the pixels of `tinyPng`. */
export function readTinyPng(bytes: Uint8Array, raster: Raster, { size, thumbnail }: ReadOptions): ReadPicture {
  const { width, height } = raster;
  const header = readPngHeader(bytes);
  const edge = Math.min(thumbnail, width, height);
  const isThumbnail = width === edge && height === edge && header !== undefined && isOpaque(header);
  return {
    picture: { size, pixels: squareOf(raster, size) },
    thumbnail: isThumbnail ? bytes : encodePng(squareOf(raster, edge), edge, edge, 3, { level: SMALL_FILES }),
    dimensions: { width, height },
  };
}

/** A plain square PNG that is no larger than a thumbnail. */
export interface SmallPng {
  /** In pixels. */
  readonly edge: number;
  readonly isOpaque: boolean;
}

export function smallPng(bytes: Uint8Array, { thumbnail, maxPixels }: ReadOptions): SmallPng | undefined {
  const header = plainHeader(bytes, maxPixels);
  if (header === undefined || header.width !== header.height || header.width > thumbnail) return undefined;
  return { edge: header.width, isOpaque: isOpaque(header) };
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
