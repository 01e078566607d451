/** The picture formats that are read. Everything else (SVG, PDF, HEIC, …) is refused before a decoder sees it. */
export const FORMATS = ['JPEG', 'PNG', 'WebP', 'AVIF', 'GIF', 'TIFF'] as const;
export type Format = (typeof FORMATS)[number];

/** File name endings of those formats, in lower case. */
const EXTENSIONS: ReadonlySet<string> = new Set([
  'jpg',
  'jpeg',
  'jpe',
  'jfif',
  'png',
  'webp',
  'avif',
  'gif',
  'tif',
  'tiff',
]);

/** Whether a file is a picture by its name. */
export function hasPictureExtension(fileName: string): boolean {
  const dot = fileName.lastIndexOf('.');
  return dot > 0 && EXTENSIONS.has(fileName.slice(dot + 1).toLowerCase());
}

const ascii = (bytes: Uint8Array, start: number, end: number): string =>
  String.fromCharCode(...bytes.subarray(start, end));

/** The brands of an ISO base media file (ISO/IEC 14496-12 §4.3): the major brand, then the compatible ones. */
function brands(bytes: Uint8Array): string[] {
  if (bytes.length < 16 || ascii(bytes, 4, 8) !== 'ftyp') return [];
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  const found = [ascii(bytes, 8, 12)];
  for (let at = 16; at + 4 <= Math.min(length, bytes.length, 256); at += 4) found.push(ascii(bytes, at, at + 4));
  return found;
}

/** The format that the first bytes of a file announce; undefined for anything that is not read. */
export function sniffFormat(bytes: Uint8Array): Format | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return 'JPEG';
  const head = ascii(bytes, 0, 12);
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'PNG';
  if (head.startsWith('GIF87a') || head.startsWith('GIF89a')) return 'GIF';
  if (head.startsWith('RIFF') && head.slice(8) === 'WEBP') return 'WebP';
  // Classic TIFF (version 42) and BigTIFF (43), in either byte order.
  if (/^(II[*+]\0|MM\0[*+])/.test(head)) return 'TIFF';
  if (brands(bytes).some((brand) => brand === 'avif' || brand === 'avis')) return 'AVIF';
  return undefined;
}

/** Formats that may change a picture when it is written. */
const LOSSY: ReadonlySet<Format> = new Set(['JPEG', 'WebP', 'AVIF', 'GIF']);

export const isLossy = (format: Format | null): boolean => format !== null && LOSSY.has(format);

/** The format that the name of a file announces; null for another one. */
export function formatByName(fileName: string): Format | null {
  const ending = fileName.slice(fileName.lastIndexOf('.') + 1).toLowerCase();
  if (!hasPictureExtension(fileName)) return null;
  const named = FORMATS.find((format) => format.toLowerCase() === ending);
  return named ?? (ending === 'tif' ? 'TIFF' : 'JPEG');
}

/** What the header of a PNG file says (ISO/IEC 15948 §11.2.2), and the kinds of chunks that follow, up to its end. */
export interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly bitDepth: number;
  readonly colourType: number;
  readonly chunks: ReadonlySet<string>;
}

/** The header of a PNG file; undefined where its chunks do not follow one another to the end. */
export function readPngHeader(bytes: Uint8Array): PngHeader | undefined {
  if (sniffFormat(bytes) !== 'PNG' || bytes.length < 33 || ascii(bytes, 12, 16) !== 'IHDR') return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const chunks = new Set<string>();
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    const type = ascii(bytes, at + 4, at + 8);
    chunks.add(type);
    if (type !== 'IEND') continue;
    return {
      width: view.getUint32(16),
      height: view.getUint32(20),
      bitDepth: view.getUint8(24),
      colourType: view.getUint8(25),
      chunks,
    };
  }
  return undefined;
}

/**
 * An AVIF image sequence holds a still picture too, but libvips knows a file only by the brand of a still one. A copy under that
 * brand, where the file lists it; anything else as it is.
 */
export function asStillAvif(bytes: Uint8Array): Uint8Array {
  const [major, ...compatible] = brands(bytes);
  if (major === 'avif' || !compatible.some((brand) => brand === 'avif' || brand === 'mif1')) return bytes;
  const still = bytes.slice();
  still.set([0x61, 0x76, 0x69, 0x66], 8);
  return still;
}
