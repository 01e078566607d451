/** How a format becomes pixels: by sharp, by libheif as WebAssembly, or by the JPEG preview that is embedded in it. */
export type Decoding = 'sharp' | 'libheif' | 'preview';

/** What is known of a format before any file is opened. Plain data: pages import it too. */
export interface PictureFormat {
  /** File name endings, in lower case. */
  readonly extensions: readonly [string, ...string[]];
  /** Media types that browsers and programs give such files. */
  readonly types: readonly string[];
  readonly decoding: Decoding;
  /** Whether writing it may change a picture. */
  readonly lossy: boolean;
}

/** The picture formats that are read. Everything else (SVG, PDF, …) is refused before a decoder sees it. */
export const PICTURE_FORMATS = {
  JPEG: { extensions: ['jpg', 'jpeg', 'jpe', 'jfif'], types: ['image/jpeg'], decoding: 'sharp', lossy: true },
  PNG: { extensions: ['png'], types: ['image/png'], decoding: 'sharp', lossy: false },
  WebP: { extensions: ['webp'], types: ['image/webp'], decoding: 'sharp', lossy: true },
  AVIF: { extensions: ['avif'], types: ['image/avif'], decoding: 'sharp', lossy: true },
  GIF: { extensions: ['gif'], types: ['image/gif'], decoding: 'sharp', lossy: true },
  TIFF: { extensions: ['tif', 'tiff'], types: ['image/tiff'], decoding: 'sharp', lossy: false },
  HEIC: {
    extensions: ['heic', 'heif', 'hif'],
    types: ['image/heic', 'image/heif'],
    decoding: 'libheif',
    lossy: true,
  },
  'camera raw': {
    extensions: [
      ...(['dng', 'cr2', 'cr3', 'nef', 'nrw', 'arw', 'sr2', 'orf', 'rw2', 'rwl', 'pef', 'raf', 'srw'] as const),
      ...(['3fr', 'erf', 'gpr'] as const),
    ],
    types: [
      ...(['image/x-adobe-dng', 'image/x-canon-cr2', 'image/x-canon-cr3', 'image/x-nikon-nef'] as const),
      ...(['image/x-nikon-nrw', 'image/x-sony-arw', 'image/x-sony-sr2', 'image/x-olympus-orf'] as const),
      ...(['image/x-panasonic-rw2', 'image/x-pentax-pef', 'image/x-fuji-raf', 'image/x-samsung-srw'] as const),
    ],
    decoding: 'preview',
    lossy: true,
  },
} as const satisfies Readonly<Record<string, PictureFormat>>;

/** The name of a picture format. */
export type Format = keyof typeof PICTURE_FORMATS;
/** Formats that sharp decodes itself. */
export type SharpFormat = {
  [F in Format]: (typeof PICTURE_FORMATS)[F]['decoding'] extends 'sharp' ? F : never;
}[Format];

const isFormat = (name: string): name is Format => Object.hasOwn(PICTURE_FORMATS, name);
/** The names of all formats. */
export const FORMATS: readonly Format[] = Object.keys(PICTURE_FORMATS).filter(isFormat);

/** 'JPEG, PNG, …, HEIC or camera raw' */
export const formatList = `${FORMATS.slice(0, -1).join(', ')} or ${FORMATS.at(-1)}`;

const BY_EXTENSION: ReadonlyMap<string, Format> = new Map(
  FORMATS.flatMap((format) => PICTURE_FORMATS[format].extensions.map((ending) => [ending, format] as const)),
);

/** The ending of a file name in lower case, without its dot; '' where it has none, or nothing in front of it. */
export function endingOf(fileName: string): string {
  const dot = fileName.lastIndexOf('.');
  return dot > 0 ? fileName.slice(dot + 1).toLowerCase() : '';
}

/**
 * The format that the name of a file announces; null for another one.
 * @example
 * ```ts
 * import { formatByName } from '@neurodex/datasets/image';
 *
 * console.log(formatByName('beach/holiday.HEIC'), formatByName('notes.txt')); // → HEIC null
 * ```
 */
export const formatByName = (fileName: string): Format | null => BY_EXTENSION.get(endingOf(fileName)) ?? null;

/** Whether a file is a picture by its name. */
export const hasPictureExtension = (fileName: string): boolean => formatByName(fileName) !== null;

/**
 * Whether writing in a format may change a picture; false for null.
 * @example
 * ```ts
 * import { formatByName, isLossy } from '@neurodex/datasets/image';
 *
 * console.log(isLossy('JPEG'), isLossy('PNG'), isLossy(formatByName('notes.txt'))); // → true false false
 * ```
 */
export const isLossy = (format: Format | null): boolean => format !== null && PICTURE_FORMATS[format].lossy;

/**
 * For the `accept` attribute of a file field. The endings stand beside image/*, because most systems know no media type of HEIC and
 * camera raw files, and their dialogs would leave them out.
 */
export const ACCEPTED_FILES: string = [
  'image/*',
  ...FORMATS.filter((format) => PICTURE_FORMATS[format].decoding !== 'sharp').flatMap((format) =>
    PICTURE_FORMATS[format].extensions.map((ending) => `.${ending}`),
  ),
].join(',');
