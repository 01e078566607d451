import { brandsOf } from './boxes.ts';
import type { Format } from './picture-formats.ts';
import { isRaw } from './raw/raw-kind.ts';

const ascii = (bytes: Uint8Array, start: number, end: number): string =>
  String.fromCharCode(...bytes.subarray(start, end));

/** Brands of HEIF files with pictures in HEVC, and of HEIF in general: still pictures and sequences (ISO/IEC 23008-12 §10, Annex B). */
const HEIF_BRANDS: ReadonlySet<string> = new Set([
  ...['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'hevm', 'hevs'],
  ...['mif1', 'mif2', 'msf1'],
]);

/**
 * The format that the first bytes of a file announce; undefined for anything that is not read.
 * @example
 * ```ts
 * import { encodePng, sniffFormat } from '@neurodex/datasets/image';
 *
 * console.log(sniffFormat(encodePng(Uint8Array.of(0), 1, 1, 1)), sniffFormat(Uint8Array.of(1, 2, 3))); // → PNG undefined
 * ```
 */
export function sniffFormat(bytes: Uint8Array): Format | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return 'JPEG';
  const head = ascii(bytes, 0, 12);
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'PNG';
  if (head.startsWith('GIF87a') || head.startsWith('GIF89a')) return 'GIF';
  if (head.startsWith('RIFF') && head.slice(8) === 'WEBP') return 'WebP';
  // Classic TIFF (version 42) and BigTIFF (43), in either byte order.
  if (isRaw(bytes)) return 'camera raw';
  if (/^(II[*+]\0|MM\0[*+])/.test(head)) return 'TIFF';
  const brands = brandsOf(bytes);
  if (brands.some((brand) => brand === 'avif' || brand === 'avis')) return 'AVIF';
  return brands.some((brand) => HEIF_BRANDS.has(brand)) ? 'HEIC' : undefined;
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
  const [major, ...compatible] = brandsOf(bytes);
  if (major === 'avif' || !compatible.some((brand) => brand === 'avif' || brand === 'mif1')) return bytes;
  const still = bytes.slice();
  still.set([0x61, 0x76, 0x69, 0x66], 8);
  return still;
}
