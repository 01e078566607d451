import { crc32, deflateSync } from 'node:zlib';

export const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
/** Colour types of PNG by channels: grey, RGB. */
const COLOUR_TYPE = { 1: 0, 3: 2 } as const;

/** A chunk of a PNG file with its checksum. */
export function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

/** How a PNG file is written. */
export interface PngOptions {
  /** Chunks before the pixels. */
  readonly ancillary?: readonly Uint8Array[];
  /** Of compression, 1 … 9 (zlib). */
  readonly level?: number;
}

/**
 * Raw pixels as a PNG file of 8 bits a channel (ISO/IEC 15948), without row filters: for small pictures. sharp's encoder
 * would wait for a thread; for 28 × 28 pixels that takes longer than the encoding.
 * @param pixels uint8 [height, width, channels]
 * @param options.ancillary chunks before the pixels: a profile; none by default
 * @param options.level of compression, 1 … 9 (zlib): 1, the quickest, by default
 * @throws RangeError for another number of pixels
 * @example
 * ```ts
 * import { decodeWhole, encodePng } from '@neurodex/datasets/image';
 *
 * const file = encodePng(Uint8Array.of(255, 0, 0, 0, 0, 255), 2, 1, 3);
 * const { width, height, pixels } = await decodeWhole(file, { maxPixels: 100, name: 'flag.png' });
 * console.log(width, height, pixels.join(' ')); // → 2 1 255 0 0 0 0 255
 * ```
 */
export function encodePng(
  pixels: Uint8Array,
  width: number,
  height: number,
  channels: 1 | 3,
  { ancillary = [], level = 1 }: PngOptions = {},
): Uint8Array {
  const stride = width * channels;
  if (pixels.length !== height * stride) {
    throw new RangeError(
      `${width} × ${height} × ${channels} pixels take ${height * stride} bytes, not ${pixels.length}`,
    );
  }
  // Before every row the number of its filter: 0, none.
  const rows = new Uint8Array(height * (stride + 1));
  for (let y = 0; y < height; y++) rows.set(pixels.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1);
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, COLOUR_TYPE[channels], 0, 0, 0], 8);
  const parts = [
    SIGNATURE,
    chunk('IHDR', header),
    ...ancillary,
    chunk('IDAT', deflateSync(rows, { level })),
    chunk('IEND', new Uint8Array()),
  ];
  const file = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}
