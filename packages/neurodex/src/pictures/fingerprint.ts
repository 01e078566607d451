import { createHash } from 'node:crypto';
import type { Picture } from '@neurodex/datasets/picture';
import { brightnessOf, meansOf } from './resample.ts';

/** What is kept of each picture while the others are decoded. */
export interface PictureKeys {
  /** SHA-256 of the file. */
  readonly file: string;
  /** SHA-256 of the pixels that the model sees. */
  readonly pixels: string;
  /** As `fingerprintOf` makes it. */
  readonly fingerprint: Uint8Array;
}

/** Blocks along an edge of a fingerprint. */
export const BLOCKS = 16;
/** Brightness of every block, and two differences of colours. */
export const FINGERPRINT_LENGTH = BLOCKS * BLOCKS + 2;

/**
 * The mean brightness of 16 × 16 blocks, row by row, then the mean differences of red and of blue from brightness, halved, around
 * 128. A block has an area: it takes the share of every pixel that it covers.
 * @returns uint8 [16·16 + 2]
 */
export function fingerprintOf(picture: Picture): Uint8Array {
  const { size, pixels } = picture;
  const brightness = brightnessOf(picture);
  const fingerprint = new Uint8Array(FINGERPRINT_LENGTH);
  const blocks = meansOf(brightness, size, BLOCKS);
  for (let i = 0; i < blocks.length; i++) fingerprint[i] = Math.round(blocks[i] ?? NaN);
  let [red, middle, blue] = [0, 0, 0];
  for (let at = 0, i = 0; at < brightness.length; at++, i += 3) {
    red += pixels[i] ?? NaN;
    middle += brightness[at] ?? NaN;
    blue += pixels[i + 2] ?? NaN;
  }
  fingerprint[BLOCKS * BLOCKS] = Math.round(128 + (red - middle) / brightness.length / 2);
  fingerprint[BLOCKS * BLOCKS + 1] = Math.round(128 + (blue - middle) / brightness.length / 2);
  return fingerprint;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64');

/** @param file the encoded picture, or its SHA-256 in hexadecimal */
export const keysOf = (file: Uint8Array | string, picture: Picture): PictureKeys => ({
  file: typeof file === 'string' ? Buffer.from(file, 'hex').toString('base64') : sha256(file),
  pixels: sha256(picture.pixels),
  fingerprint: fingerprintOf(picture),
});
