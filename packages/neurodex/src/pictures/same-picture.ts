import { createHash } from 'node:crypto';
import { atSize } from '@neurodex/datasets/image';
import type { Picture } from '@neurodex/datasets/picture';

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
const BLOCKS = 8;
/** Numbers of a fingerprint: red, green and blue of every block. */
export const FINGERPRINT_LENGTH = BLOCKS * BLOCKS * 3;

/**
 * Mean colours of 8 × 8 blocks: what stays nearly the same when a picture is encoded again or resized.
 * @returns uint8 [8, 8, 3]
 */
export function fingerprintOf({ size, pixels }: Picture): Uint8Array {
  const means = new Uint8Array(FINGERPRINT_LENGTH);
  const bounds = Array.from({ length: BLOCKS + 1 }, (_, i) => Math.round((i * size) / BLOCKS));
  for (let by = 0; by < BLOCKS; by++) {
    for (let bx = 0; bx < BLOCKS; bx++) {
      const [top, left] = [bounds[by] ?? NaN, bounds[bx] ?? NaN];
      // Below eight pixels some blocks would be empty.
      const [bottom, right] = [Math.max(top + 1, bounds[by + 1] ?? NaN), Math.max(left + 1, bounds[bx + 1] ?? NaN)];
      const sums = [0, 0, 0];
      for (let y = top; y < bottom; y++) {
        for (let i = (y * size + left) * 3; i < (y * size + right) * 3; i += 3) {
          for (let c = 0; c < 3; c++) sums[c] = (sums[c] ?? NaN) + (pixels[i + c] ?? 0);
        }
      }
      const area = (bottom - top) * (right - left);
      for (let c = 0; c < 3; c++) means[(by * BLOCKS + bx) * 3 + c] = Math.round((sums[c] ?? NaN) / area);
    }
  }
  return means;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64');

/** @param file the encoded picture, or its SHA-256 in hexadecimal */
export const keysOf = (file: Uint8Array | string, picture: Picture): PictureKeys => ({
  file: typeof file === 'string' ? Buffer.from(file, 'hex').toString('base64') : sha256(file),
  pixels: sha256(picture.pixels),
  fingerprint: fingerprintOf(picture),
});

/** Largest difference of two fingerprints of one picture, in levels of 255. */
export const FINGERPRINT_TOLERANCE = 14;

/** The numbers of a fingerprint in a scattered order: what lies side by side is alike, and borders are of one colour. */
const SCATTERED = Uint8Array.from(
  { length: FINGERPRINT_LENGTH },
  (_, i) => (FINGERPRINT_LENGTH / 2 + 67 * i) % FINGERPRINT_LENGTH,
);

/** Whether no block differs by more than `FINGERPRINT_TOLERANCE`. */
export function mayBeSame(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < FINGERPRINT_LENGTH; i++) {
    const at = SCATTERED[i] ?? NaN;
    const difference = (a[at] ?? NaN) - (b[at] ?? NaN);
    if (difference > FINGERPRINT_TOLERANCE || difference < -FINGERPRINT_TOLERANCE) return false;
  }
  return true;
}

/** What a lossy encoding may change: the energy of the difference, as a share of the picture's variance. */
const RESIDUAL = 0.02;
/** Parts along an edge. */
const PARTS = 16;
/** The same share for each part, of the variance in it and around it; and what it may change where all is even, squared levels of 255. */
const PART_RESIDUAL = 0.2;
const PART_FLOOR = 16;
/** Edge below which only equal pixels are the same picture: there is too little to compare. */
const LEAST_EDGE = 16;

/**
 * Whether two pictures of one size show the same: equal pixels, or a difference such as a lossy encoding makes, small beside
 * the picture's own contrast, as a whole and in every part. Similar pictures differ more, at least somewhere.
 */
export function samePixels(a: Picture, b: Picture): boolean {
  if (a.size !== b.size) return false;
  if (Buffer.compare(a.pixels, b.pixels) === 0) return true;
  return a.size >= LEAST_EDGE && noise(a, b) <= RESIDUAL && partRatio(a, b) <= PART_RESIDUAL;
}

/** Energy of the difference, as a share of the variance of the picture with the lower contrast. */
export function noise({ pixels: a }: Picture, { pixels: b }: Picture): number {
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference += ((a[i] ?? NaN) - (b[i] ?? NaN)) ** 2;
  return difference / Math.min(variance(a), variance(b));
}

/** Sum of squared distances from the mean colour. */
function variance(pixels: Uint8Array): number {
  let total = 0;
  for (let c = 0; c < 3; c++) {
    let sum = 0;
    let squares = 0;
    for (let i = c; i < pixels.length; i += 3) {
      const value = pixels[i] ?? NaN;
      sum += value;
      squares += value * value;
    }
    total += squares - (3 * sum * sum) / pixels.length;
  }
  return total;
}

/** Sums over the parts of a picture: [parts, parts, SUMS]. */
const SUMS = 4;

/** Of each part: count, energy of the difference, and two sums for the variance of the first picture. */
function partSums({ size, pixels: a }: Picture, { pixels: b }: Picture): Float64Array {
  const sums = new Float64Array(PARTS * PARTS * SUMS);
  for (let y = 0; y < size; y++) {
    const row = Math.floor((y * PARTS) / size) * PARTS;
    for (let x = 0; x < size; x++) {
      const at = (row + Math.floor((x * PARTS) / size)) * SUMS;
      for (let i = (y * size + x) * 3, c = 0; c < 3; i++, c++) {
        const value = a[i] ?? NaN;
        sums[at] = (sums[at] ?? NaN) + 1;
        sums[at + 1] = (sums[at + 1] ?? NaN) + (value - (b[i] ?? NaN)) ** 2;
        sums[at + 2] = (sums[at + 2] ?? NaN) + value;
        sums[at + 3] = (sums[at + 3] ?? NaN) + value * value;
      }
    }
  }
  return sums;
}

/** The largest difference of a part, as a share of the variance in and around it. */
export function partRatio(a: Picture, b: Picture): number {
  const sums = partSums(a, b);
  const at = (x: number, y: number, i: number): number =>
    x < 0 || y < 0 || x >= PARTS || y >= PARTS ? 0 : (sums[(y * PARTS + x) * SUMS + i] ?? NaN);
  const around = (x: number, y: number, i: number): number => {
    let sum = 0;
    for (let dy = -1; dy <= 1; dy++) for (let dx = -1; dx <= 1; dx++) sum += at(x + dx, y + dy, i);
    return sum;
  };
  let most = 0;
  for (let y = 0; y < PARTS; y++) {
    for (let x = 0; x < PARTS; x++) {
      const count = around(x, y, 0);
      const variance = around(x, y, 3) / count - (around(x, y, 2) / count) ** 2;
      const energy = at(x, y, 1) / at(x, y, 0);
      if (energy > PART_FLOOR) most = Math.max(most, (energy - PART_FLOOR) / variance);
    }
  }
  return most;
}

/** As `samePixels`, of pictures of any two sizes: the larger is made as small as the other. */
export async function samePicture(a: Picture, b: Picture): Promise<boolean> {
  const edge = Math.min(a.size, b.size);
  if (edge < LEAST_EDGE && a.size !== b.size) return false;
  return samePixels(await atSize(a, edge), await atSize(b, edge));
}
