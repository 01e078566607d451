import { readFile } from 'node:fs/promises';
import { errorCode, NeurodexError } from '@neurodex/core';
import { refuseSpecialFile } from '@neurodex/core/storage';
import type { Sharp } from 'sharp';
import { type Picture, squareOf } from '../picture.ts';
import { readPngHeader } from './formats.ts';
import { decodeBudget } from './memory.ts';
import { type Announced, announce, type Opened, type OpenOptions, opened } from './open.ts';
import type { DecodeOptions, ReadOptions, ReadPicture } from './read-options.ts';
import { decodingFailed } from './refusals.ts';
import { rawPixels, resized } from './resize.ts';
import { imageOf, readSamples, upright } from './samples.ts';
import { readSmallPng, readTinyPng, smallPng, tinyPng } from './small-png.ts';

/** Longest edge that libvips is to resize to before it crops; a picture that would be longer is cropped first. */
const LONGEST = 1_000_000;

/** The square in the middle of a picture that is many times as long as it is wide. */
function withoutEnds(image: Sharp, { width, height }: { width: number; height: number }, size: number): Sharp {
  const [short, long] = width < height ? [width, height] : [height, width];
  if ((long / short) * size <= LONGEST) return image;
  const left = Math.floor((width - short) / 2);
  return image.extract({ left, top: Math.floor((height - short) / 2), width: short, height: short });
}

/** How each use of a picture is made from its file. */
interface Source {
  /** The square picture at that edge. */
  square(size: number): Sharp;
  /** The picture at its own size. */
  whole(): Sharp;
}

/** Decodes within the memory that all decoding shares; errors name the file. @throws NeurodexError picture-* */
async function decoding<T>(
  picture: Announced,
  options: OpenOptions,
  use: (source: Source, opened: Opened) => Promise<T>,
): Promise<T> {
  return await decodeBudget.run(picture.memory, async () => {
    try {
      const made = await picture.open();
      return await use(made.layout === undefined ? plain(made, options) : await fromSamples(made, options), made);
    } catch (error) {
      throw decodingFailed(options.name, picture.format, error, options.seconds);
    }
  });
}

/** sharp's own way, from the file each time: a JPEG is then decoded at a reduced scale. */
function plain({ bytes, header }: Opened, options: OpenOptions): Source {
  const image = (): Sharp => opened(bytes, options).autoOrient();
  return {
    square: (size) => resized(withoutEnds(image(), header.autoOrient, size), size),
    whole: () => image().flatten({ background: '#ffffff' }).toColourspace('srgb'),
  };
}

async function fromSamples({ bytes, layout, header }: Opened, options: OpenOptions): Promise<Source> {
  if (layout === undefined) throw new RangeError('this picture is decoded by sharp');
  const samples = await readSamples(() => opened(bytes, options, true), layout, header.icc);
  return {
    square: (size) => upright(resized(withoutEnds(imageOf(samples), samples, size), size), layout.orientation),
    whole: () => upright(imageOf(samples).flatten({ background: '#ffffff' }).toColourspace('srgb'), layout.orientation),
  };
}

/**
 * One encoded picture as the model sees it: uint8 RGB [size, size, 3].
 * @param bytes a whole file of one of the `PICTURE_FORMATS`: of an animation the first frame, of a TIFF the first page
 * @throws NeurodexError picture-empty, picture-not-an-image, picture-unsupported, picture-damaged, picture-too-large
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { decodePicture } from '@neurodex/datasets/image';
 *
 * const { pixels } = await decodePicture(await readFile('cat.jpg'), { size: 32, maxPixels: 1e8, name: 'cat.jpg' });
 * console.log(pixels.length); // → 3072
 * ```
 */
export async function decodePicture(bytes: Uint8Array, options: DecodeOptions): Promise<Picture> {
  const tiny = tinyPng(bytes, options.maxPixels);
  if (tiny !== undefined) return { size: options.size, pixels: squareOf(tiny, options.size) };
  if (isPlainPng(bytes, options.maxPixels)) {
    try {
      return await rawPixels(resized(opened(bytes, options).autoOrient(), options.size), options.size);
    } catch (error) {
      throw decodingFailed(options.name, 'PNG', error, options.seconds);
    }
  }
  const picture = await announce(bytes, options);
  return await decoding(picture, options, (source) => rawPixels(source.square(options.size), options.size));
}

/** Pixels of a PNG that is small enough for its memory not to be counted. */
const SMALL = 1 << 20;
const LONGEST_SMALL_EDGE = 4096;

/** Of a PNG we read the header ourselves: for a small one, a second pass through libvips takes as long as decoding it. */
function isPlainPng(bytes: Uint8Array, maxPixels: number): boolean {
  const header = readPngHeader(bytes);
  if (header === undefined || header.chunks.has('cICP')) return false;
  if (header.bitDepth > 8 && header.chunks.has('iCCP')) return false;
  const { width, height } = header;
  return (
    width > 0 &&
    height > 0 &&
    Math.max(width, height) <= LONGEST_SMALL_EDGE &&
    width * height <= Math.min(maxPixels, SMALL)
  );
}

/**
 * Width and height of an encoded picture as a person sees it (EXIF), from its header alone.
 * @throws NeurodexError picture-empty, picture-not-an-image, picture-unsupported, picture-damaged
 */
export async function readDimensions(bytes: Uint8Array, name: string): Promise<{ width: number; height: number }> {
  return (await announce(bytes, { name, maxPixels: Number.POSITIVE_INFINITY })).dimensions;
}

/** A picture at its own size: uint8 RGB [height, width, 3]. */
export interface WholePicture {
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** uint8 RGB [height, width, 3] */
  readonly pixels: Uint8Array;
}

/**
 * One encoded picture at its own size, upright (EXIF), alpha over white, 8-bit sRGB.
 * @throws NeurodexError picture-empty, picture-not-an-image, picture-unsupported, picture-damaged, picture-too-large
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { decodeWhole } from '@neurodex/datasets/image';
 *
 * const { width, height } = await decodeWhole(await readFile('cat.jpg'), { maxPixels: 1e8, name: 'cat.jpg' });
 * console.log(width, height); // → 30 30
 * ```
 */
export async function decodeWhole(bytes: Uint8Array, options: Omit<DecodeOptions, 'size'>): Promise<WholePicture> {
  const tiny = tinyPng(bytes, options.maxPixels);
  if (tiny !== undefined) {
    const { width, height, data } = tiny;
    return { width, height, pixels: asColour(data, data.length / (width * height)) };
  }
  const opening = { ...options, whole: true };
  return await decoding(await announce(bytes, opening), opening, async (source) => {
    const { data, info } = await source.whole().raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    const pixels = new Uint8Array(data.buffer, data.byteOffset, data.length);
    return { width: info.width, height: info.height, pixels: asColour(pixels, info.channels) };
  });
}

/** Grayscale pictures come with one channel: each value three times. */
function asColour(pixels: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return pixels;
  if (channels !== 1) throw new Error(`it has ${channels} channels where red, green and blue were expected`);
  return Uint8Array.from({ length: 3 * pixels.length }, (_, i) => pixels[Math.floor(i / 3)] ?? Number.NaN);
}

/**
 * The model's pixels, equal to those of `decodePicture`, and a PNG thumbnail for people, which is never larger than the
 * picture. Both are made from the encoded file: a JPEG is decoded at a reduced scale for each, which is quicker than
 * decoding it once in full.
 * @returns also the width and height of the file, upright
 * @throws NeurodexError picture-empty, picture-not-an-image, picture-unsupported, picture-damaged, picture-too-large
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { readPicture } from '@neurodex/datasets/image';
 *
 * const options = { size: 16, thumbnail: 24, maxPixels: 1e8, name: 'cat.jpg' };
 * const { picture, thumbnail } = await readPicture(await readFile('cat.jpg'), options);
 * console.log(picture.size, thumbnail.length > 0); // → 16 true
 * ```
 */
export async function readPicture(bytes: Uint8Array, options: ReadOptions): Promise<ReadPicture> {
  const { name, size, seconds } = options;
  const tiny = tinyPng(bytes, options.maxPixels);
  if (tiny !== undefined) return readTinyPng(bytes, tiny, options);
  const small = smallPng(bytes, options);
  if (small !== undefined) {
    try {
      return await readSmallPng(bytes, small, options);
    } catch (error) {
      throw decodingFailed(name, 'PNG', error, seconds);
    }
  }
  const announced = await announce(bytes, options);
  return await decoding(announced, options, async (source, { header }) => {
    const picture = await rawPixels(source.square(size), size);
    const edge = Math.min(options.thumbnail, header.width, header.height);
    const thumbnail = await source.square(edge).png().toBuffer();
    return {
      picture,
      thumbnail: new Uint8Array(thumbnail.buffer, thumbnail.byteOffset, thumbnail.length),
      dimensions: announced.dimensions,
    };
  });
}

const MISSING: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ENOENT: ['does not exist', 'check the path for a typing error'],
  ENOTDIR: ['does not exist', 'check the path for a typing error'],
  ENAMETOOLONG: ['does not exist: its name is longer than the file system allows', 'check the path'],
  EISDIR: ['is a folder, not a picture', 'name a picture file inside it'],
  EACCES: ['cannot be read: permission denied', 'ask for permission to read it, or copy it to where you have it'],
  EPERM: ['cannot be read: permission denied', 'ask for permission to read it, or copy it to where you have it'],
  ELOOP: ['is a link that leads in a circle', 'replace the link by the file itself'],
};

/**
 * The bytes of a picture file.
 * @param name what it is called in messages
 * @throws NeurodexError picture-missing (no such file, a folder, no permission), picture-too-large (2 GiB and more)
 * @example
 * ```ts
 * import { readPictureFile } from '@neurodex/datasets/image';
 *
 * console.log((await readPictureFile('cat.jpg')).length > 0); // → true
 * ```
 */
export async function readPictureFile(path: string, name: string = path): Promise<Uint8Array> {
  await refuseSpecialFile(path, 'picture-missing');
  try {
    return await readFile(path);
  } catch (error) {
    const code = errorCode(error) ?? 'unknown';
    if (code === 'ERR_FS_FILE_TOO_LARGE') {
      throw new NeurodexError('picture-too-large', `${name} is larger than 2 GiB`, {
        hint: 'scale it down',
        details: { name },
        cause: error,
      });
    }
    const [what, hint] = MISSING[code] ?? [`cannot be read (${code})`, 'check the disk and try again'];
    throw new NeurodexError('picture-missing', `${name} ${what}`, { hint, details: { name, code }, cause: error });
  }
}

/**
 * One picture file as the model sees it; messages name it by its path unless `name` is given.
 * @throws NeurodexError picture-*
 * @example
 * ```ts
 * import { decodeFile } from '@neurodex/datasets/image';
 *
 * const { size, pixels } = await decodeFile('cat.jpg', { size: 32, maxPixels: 1e8 });
 * console.log(size, pixels.length); // → 32 3072
 * ```
 */
export async function decodeFile(
  path: string,
  options: Omit<DecodeOptions, 'name'> & { readonly name?: string },
): Promise<Picture> {
  const name = options.name ?? path;
  return decodePicture(await readPictureFile(path, name), { ...options, name });
}
