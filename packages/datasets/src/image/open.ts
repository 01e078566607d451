import type { Metadata, Sharp } from 'sharp';
import { unreadableColours } from './colour-signal.ts';
import { asStillAvif, sniffFormat } from './formats.ts';
import { announceHeic } from './heic/announce-heic.ts';
import { profileFits } from './icc.ts';
import { jpegFrame } from './jpeg-kind.ts';
import { libvips } from './libvips.ts';
import { checkMemory } from './memory.ts';
import type { Format, SharpFormat } from './picture-formats.ts';
import { rawPreview } from './raw/raw-preview.ts';
import { checkPixels, decodingFailed, notAnImage, pictureEmpty, unsupported } from './refusals.ts';
import type { SampleLayout } from './samples.ts';
import { colourSamples, readTiffHeader, type TiffHeader } from './tiff-header.ts';
import { MAX_SAMPLES, unreadableTiff } from './tiff-kind.ts';

export interface OpenOptions {
  /** What the picture is called in messages. */
  readonly name: string;
  /** Largest picture that is decoded, in pixels (width × height of one frame). */
  readonly maxPixels: number;
  /** Seconds that decoding may take. */
  readonly seconds?: number | undefined;
  /** Whether the picture comes out at its own size. */
  readonly whole?: boolean;
}

/** What is known of a picture before it is decoded. */
export interface Announced {
  readonly format: Format;
  /** As a person sees it. */
  readonly dimensions: { readonly width: number; readonly height: number };
  /** Bytes of memory that decoding takes. */
  readonly memory: number;
  /** To be called within that memory. @throws NeurodexError picture-* */
  open(): Promise<Opened>;
}

/** A picture whose header has been looked at, and how sharp is to decode it. */
export interface Opened {
  /** A file that sharp reads: the picture itself, the preview of a camera raw file, or what libheif made of a HEIC file. */
  readonly bytes: Uint8Array;
  readonly header: Metadata;
  /** Given where sharp's own way would be wrong. */
  readonly layout: SampleLayout | undefined;
}

/** What sharp calls each format; libheif serves AVIF. */
const SHARP_FORMATS: Readonly<Record<SharpFormat, readonly string[]>> = {
  JPEG: ['jpeg'],
  PNG: ['png'],
  WebP: ['webp'],
  AVIF: ['avif', 'heif'],
  GIF: ['gif'],
  TIFF: ['tiff'],
};

/**
 * 'error' refuses truncated and corrupt data, and lets pass what decoders merely warn of (an odd colour profile). Our own check of
 * the pixels comes first and names the file; libvips' holds a file to its header.
 */
export function opened(bytes: Uint8Array, options: Omit<OpenOptions, 'name'>, ignoreIcc = false): Sharp {
  const limitInputPixels = Number.isFinite(options.maxPixels) ? options.maxPixels : false;
  const image = libvips()(bytes, {
    failOn: 'error',
    limitInputPixels,
    limitInputChannels: MAX_SAMPLES,
    sequentialRead: true,
    ignoreIcc,
  });
  return image.timeout({ seconds: options.seconds ?? 0 });
}

/**
 * Checks everything that can be known from the header, so that a picture that is too large, or of a kind that is not read, is
 * never decoded.
 * @throws NeurodexError picture-empty, picture-not-an-image, picture-unsupported, picture-damaged, picture-too-large
 */
export async function announce(file: Uint8Array, options: OpenOptions): Promise<Announced> {
  const { name } = options;
  if (file.length === 0) throw pictureEmpty(name);
  const format = sniffFormat(file);
  if (format === undefined) throw notAnImage(name, file);
  if (format === 'HEIC') {
    return announceHeic(file, options, async (tiff) => (await openBySharp(tiff, 'TIFF', format, options)).opened);
  }
  const raw = format === 'camera raw';
  const { opened, memory } = raw
    ? await openBySharp(rawPreview(file, name), 'JPEG', format, options)
    : await openBySharp(file, format, format, options);
  const { width, height } = opened.header.autoOrient;
  return { format, dimensions: { width, height }, memory, open: async () => opened };
}

/** @param format of the bytes @param named what the file is called in messages */
async function openBySharp(
  file: Uint8Array,
  format: SharpFormat,
  named: Format,
  options: OpenOptions,
): Promise<{ readonly opened: Opened; readonly memory: number }> {
  const { name, maxPixels } = options;
  if (format === 'PNG' && file.length >= 24) {
    const view = new DataView(file.buffer, file.byteOffset, file.length);
    checkPixels(name, view.getUint32(16), view.getUint32(20), maxPixels);
  }
  const precision = format === 'JPEG' ? jpegFrame(file)?.precision : undefined;
  if (precision !== undefined && precision > 8 && precision <= 16) throw unsupported(name, `a ${precision}-bit JPEG`);
  const tiff = format === 'TIFF' ? readTiffHeader(file) : undefined;
  if (tiff !== undefined) {
    const unreadable = unreadableTiff(tiff);
    if (unreadable !== undefined) throw unsupported(name, unreadable);
    checkPixels(name, tiff.width, tiff.height, maxPixels);
  }
  const bytes = format === 'AVIF' ? asStillAvif(file) : file;
  let header: Metadata;
  try {
    header = await opened(bytes, { ...options, maxPixels: Number.POSITIVE_INFINITY }).metadata();
    if (!SHARP_FORMATS[format].includes(header.format)) throw new Error(`its contents read as ${header.format}`);
  } catch (error) {
    throw decodingFailed(name, named, error);
  }
  const colours = unreadableColours(bytes, format, header.icc !== undefined);
  if (colours !== undefined) throw unsupported(name, colours);
  checkPixels(name, header.width, header.pageHeight ?? header.height, maxPixels);
  const layout = layoutOf(header, tiff);
  const demand = {
    format,
    header,
    samples: layout !== undefined,
    whole: options.whole ?? false,
    planar: tiff?.planar ?? false,
  };
  return { opened: { bytes, header, layout }, memory: checkMemory(name, demand) };
}

/** undefined where sharp's own way is right: 8 bits, or 16 without a profile, grey or RGB, with or without alpha. */
function layoutOf(header: Metadata, tiff: TiffHeader | undefined): SampleLayout | undefined {
  const deep = header.depth === 'ushort';
  const colours =
    header.space === 'cmyk' ? 4 : header.channels < 3 || tiff?.photometric === 0 || tiff?.photometric === 1 ? 1 : 3;
  const extra = tiff === undefined || tiff.photometric === 3 ? undefined : extraOf(tiff);
  const foreign = extra?.some((kind) => kind !== 1 && kind !== 2) ?? false;
  if (colours !== 4 && !foreign && !(deep && header.icc !== undefined)) return undefined;
  const at = extra === undefined ? 0 : extra.findIndex((kind) => kind === 1 || kind === 2);
  return {
    colours,
    channels: header.channels,
    alpha: header.channels > colours && at >= 0 ? colours + at : undefined,
    deep,
    profile: profileFits(header.icc, colours),
    orientation: header.orientation ?? 1,
  };
}

/** The kinds of the channels after the colours; those that the file is silent about have no known meaning. */
function extraOf(tiff: TiffHeader): number[] {
  const count = Math.max(0, tiff.samples - colourSamples(tiff.photometric));
  return Array.from({ length: count }, (_, i) => tiff.extra[i] ?? 0);
}
