import { readFile } from 'node:fs/promises';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { NeurodexError } from '../errors.ts';
import { refuseSpecialFile } from '../storage/special-files.ts';
import { FORMATS, type Format, readPngHeader, sniffFormat } from './formats.ts';
import { type Picture, pictureBytes } from './picture.ts';

// Every picture is read once, so libvips' cache would only hold memory. Its thread count is left to sharp, but ONNX
// Runtime uses the same cores: whoever decodes while training should decode few pictures at a time.
sharp.cache(false);

export interface DecodeOptions {
  /** Edge of the square picture that comes out, in pixels. */
  readonly size: number;
  /** Largest file that is decoded, in pixels (width × height of one frame). */
  readonly maxPixels: number;
  /** What the picture is called in messages. */
  readonly name: string;
  /** Seconds that decoding may take, for pictures of strangers; a picture that takes longer is `picture-damaged`. */
  readonly seconds?: number;
}

export interface ReadOptions extends DecodeOptions {
  /** Edge of the square thumbnail, in pixels. */
  readonly thumbnail: number;
}

const formatList = `${FORMATS.slice(0, -1).join(', ')} or ${FORMATS.at(-1)}`;

/** libvips reports one line per module, the first being the cause; some of them end in a full stop. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split('\n')[0] ?? '').trim().replace(/\.$/, '') || 'the decoder gave no reason';
}

function damaged(name: string, format: Format, error: unknown): NeurodexError {
  const reason = reasonOf(error);
  return new NeurodexError('picture-damaged', `${name} is a damaged ${format} file: ${reason}`, {
    hint: 'the file may have been cut short when it was copied; copy it again or leave it out',
    details: { name, format, reason },
    cause: error,
  });
}

/** What sharp calls each format; libheif serves AVIF. */
const SHARP_FORMATS: Readonly<Record<Format, readonly string[]>> = {
  JPEG: ['jpeg'],
  PNG: ['png'],
  WebP: ['webp'],
  AVIF: ['avif', 'heif'],
  GIF: ['gif'],
  TIFF: ['tiff'],
};

/**
 * 'error' refuses truncated and corrupt data, and lets pass what decoders merely warn of (an odd colour profile). sharp's
 * own pixel limit is off because ours comes first and names the file.
 */
const opened = (bytes: Uint8Array, seconds = 0): Sharp =>
  sharp(bytes, { failOn: 'error', limitInputPixels: false, sequentialRead: true }).timeout({ seconds });

/**
 * Checks everything that can be known from the header, so that a picture that is too large is never decoded.
 * @throws NeurodexError picture-empty, picture-not-an-image, picture-damaged, picture-too-large
 */
async function open(
  bytes: Uint8Array,
  name: string,
  maxPixels: number,
  seconds?: number,
): Promise<{ image: Sharp; format: Format; header: Metadata }> {
  if (bytes.length === 0) {
    throw new NeurodexError('picture-empty', `${name} is empty (0 bytes)`, {
      hint: 'the file may not have been copied completely; copy it again or leave it out',
      details: { name },
    });
  }
  const format = sniffFormat(bytes);
  if (format === undefined) {
    throw new NeurodexError('picture-not-an-image', `${name} is not a ${formatList} picture, whatever its name says`, {
      hint: 'convert it to JPEG or PNG, or leave it out',
      details: { name },
    });
  }
  const image = opened(bytes, seconds);
  let header: Metadata;
  try {
    header = await image.metadata();
  } catch (error) {
    throw damaged(name, format, error);
  }
  if (!SHARP_FORMATS[format].includes(header.format)) {
    throw damaged(name, format, new Error(`its contents read as ${header.format}`));
  }
  const pixels = header.width * header.height;
  if (pixels > maxPixels) {
    throw new NeurodexError(
      'picture-too-large',
      `${name} has ${header.width} × ${header.height} = ${pixels} pixels, and the limit is ${maxPixels}`,
      {
        hint: 'scale it down, or raise pictures.maxPixels',
        details: { name, width: header.width, height: header.height, maxPixels },
      },
    );
  }
  return { image, format, header };
}

/** Upright (EXIF), alpha over white, 8-bit sRGB, centre-cropped to a square and resized with Lanczos 3. Uses the image up. */
const square = (image: Sharp, size: number): Sharp =>
  resized(image.autoOrient().flatten({ background: '#ffffff' }), size);

const resized = (image: Sharp, size: number): Sharp =>
  image.resize(size, size, { fit: 'cover', position: 'centre', kernel: 'lanczos3' }).toColourspace('srgb');

const pixelsOf = (image: Sharp, size: number): Promise<Picture> => rawPixels(square(image, size), size);

async function rawPixels(image: Sharp, size: number): Promise<Picture> {
  const { data, info } = await image.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  if (info.channels !== 3 || data.length !== pictureBytes(size)) {
    throw new Error(`it has ${info.channels} channels where red, green and blue were expected`);
  }
  return { size, pixels: new Uint8Array(data.buffer, data.byteOffset, data.length) };
}

/**
 * One encoded picture as the model sees it: uint8 RGB [size, size, 3].
 * @param bytes a whole JPEG, PNG, WebP, AVIF, GIF (first frame) or TIFF (first page) file
 * @throws NeurodexError picture-empty, picture-not-an-image, picture-damaged, picture-too-large
 */
export async function decodePicture(bytes: Uint8Array, options: DecodeOptions): Promise<Picture> {
  const { image, format } = isPngWithin(bytes, options.maxPixels)
    ? { image: opened(bytes, options.seconds), format: 'PNG' as const }
    : await open(bytes, options.name, options.maxPixels, options.seconds);
  try {
    return await pixelsOf(image, options.size);
  } catch (error) {
    throw damaged(options.name, format, error);
  }
}

/** Of a PNG we read the header ourselves: for a small one, a second pass through libvips takes as long as decoding it. */
function isPngWithin(bytes: Uint8Array, maxPixels: number): boolean {
  const { width = 0, height = 0 } = readPngHeader(bytes) ?? {};
  return width > 0 && height > 0 && width * height <= maxPixels;
}

/**
 * Width and height of an encoded picture as a person sees it (EXIF), from its header alone.
 * @throws NeurodexError picture-empty, picture-not-an-image, picture-damaged
 */
export async function readDimensions(bytes: Uint8Array, name: string): Promise<{ width: number; height: number }> {
  const { header } = await open(bytes, name, Number.POSITIVE_INFINITY);
  const { width, height } = header.autoOrient;
  return { width, height };
}

/** A picture at its own size: uint8 RGB [height, width, 3]. */
export interface WholePicture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/**
 * One encoded picture at its own size, upright (EXIF), alpha over white, 8-bit sRGB.
 * @throws NeurodexError picture-empty, picture-not-an-image, picture-damaged, picture-too-large
 */
export async function decodeWhole(bytes: Uint8Array, options: Omit<DecodeOptions, 'size'>): Promise<WholePicture> {
  const { image, format } = await open(bytes, options.name, options.maxPixels);
  try {
    const upright = image.autoOrient().flatten({ background: '#ffffff' }).toColourspace('srgb');
    const { data, info } = await upright.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    const pixels = new Uint8Array(data.buffer, data.byteOffset, data.length);
    return { width: info.width, height: info.height, pixels: asColour(pixels, info.channels) };
  } catch (error) {
    throw damaged(options.name, format, error);
  }
}

/** Grayscale pictures come with one channel: each value three times. */
function asColour(pixels: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return pixels;
  if (channels !== 1) throw new Error(`it has ${channels} channels where red, green and blue were expected`);
  return Uint8Array.from({ length: 3 * pixels.length }, (_, i) => pixels[Math.floor(i / 3)] as number);
}

/** A picture at that edge where it is smaller, by Lanczos 3; larger ones as they are. */
export const enlarged = async (picture: Picture, edge: number): Promise<Picture> =>
  picture.size >= edge ? picture : await atSize(picture, edge);

/** A picture at that edge, by Lanczos 3. */
export async function atSize(picture: Picture, edge: number): Promise<Picture> {
  const { size, pixels } = picture;
  if (size === edge) return picture;
  return await rawPixels(resized(sharp(pixels, { raw: { width: size, height: size, channels: 3 } }), edge), edge);
}

/**
 * The model's pixels, equal to those of `decodePicture`, and a PNG thumbnail for people, which is never larger than the
 * picture. Both are made from the encoded file: a JPEG is decoded at a reduced scale for each, which is quicker than
 * decoding it once in full.
 * @throws NeurodexError picture-empty, picture-not-an-image, picture-damaged, picture-too-large
 */
export async function readPicture(
  bytes: Uint8Array,
  options: ReadOptions,
): Promise<{ picture: Picture; thumbnail: Uint8Array }> {
  const { name, size, maxPixels, seconds } = options;
  if (isOwnThumbnail(bytes, options)) {
    try {
      return { picture: await rawPixels(resized(opened(bytes, seconds), size), size), thumbnail: bytes };
    } catch (error) {
      throw damaged(name, 'PNG', error);
    }
  }
  const { image, format, header } = await open(bytes, name, maxPixels, seconds);
  try {
    const picture = await pixelsOf(image, size);
    const edge = Math.min(options.thumbnail, header.width, header.height);
    const thumbnail = await square(opened(bytes, seconds), edge).png().toBuffer();
    return { picture, thumbnail: new Uint8Array(thumbnail.buffer, thumbnail.byteOffset, thumbnail.length) };
  } catch (error) {
    throw damaged(name, format, error);
  }
}

/** Chunks that change nothing of what is seen, and say nothing of whoever made it. */
const PLAIN: ReadonlySet<string> = new Set(['IHDR', 'PLTE', 'IDAT', 'IEND', 'pHYs', 'sRGB']);
/** Grey, RGB and palette, without an alpha channel. */
const OPAQUE: ReadonlySet<number> = new Set([0, 2, 3]);

/**
 * A plain square PNG that is small enough is its own thumbnail. Data sets of many tiny pictures are such, and two passes
 * through libvips fewer are two thirds of their time.
 */
function isOwnThumbnail(bytes: Uint8Array, { thumbnail, maxPixels }: ReadOptions): boolean {
  const header = readPngHeader(bytes);
  return (
    header !== undefined &&
    header.width === header.height &&
    header.width > 0 &&
    header.width <= thumbnail &&
    header.width ** 2 <= maxPixels &&
    header.bitDepth <= 8 &&
    OPAQUE.has(header.colourType) &&
    [...header.chunks].every((type) => PLAIN.has(type))
  );
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
 */
export async function readPictureFile(path: string, name: string = path): Promise<Uint8Array> {
  await refuseSpecialFile(path, 'picture-missing');
  try {
    return await readFile(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    if (code === 'ERR_FS_FILE_TOO_LARGE') {
      throw new NeurodexError('picture-too-large', `${name} is larger than 2 GiB`, {
        hint: 'scale it down',
        details: { name },
        cause: error,
      });
    }
    const [what, hint] = MISSING[code] ?? [`cannot be read: ${reasonOf(error)}`, 'check the disk and try again'];
    throw new NeurodexError('picture-missing', `${name} ${what}`, { hint, details: { name, code }, cause: error });
  }
}

/**
 * One picture file as the model sees it; messages name it by its path unless `name` is given.
 * @throws NeurodexError picture-*
 */
export async function decodeFile(
  path: string,
  options: Omit<DecodeOptions, 'name'> & { readonly name?: string },
): Promise<Picture> {
  const name = options.name ?? path;
  return decodePicture(await readPictureFile(path, name), { ...options, name });
}
