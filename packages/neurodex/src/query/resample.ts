import type { WholePicture } from '@neurodex/datasets/image';
import { BITS, type Filter, type Taps, tapsOf } from './filter-taps.ts';

/** A rectangle of a picture, in pixels; it may reach beyond the picture. */
export interface Region {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * A part of a picture that was resized as Pillow 13 resizes 8-bit pictures: antialiased, in two passes that round to bytes each
 * (Resample.c, equal to the last bit). Only what the part needs is computed.
 * @param size of the whole resized picture @param part inside of it
 * @returns uint8 RGB [part.height, part.width, 3]
 */
export function resample(picture: WholePicture, size: Size, filter: Filter, part: Region): Uint8Array {
  const columns = tapsOf(filter, picture.width, size.width, part.left, part.left + part.width);
  const rows = tapsOf(filter, picture.height, size.height, part.top, part.top + part.height);
  const [left, right] = extent(columns);
  const [top, bottom] = extent(rows);
  const window = { left, top, width: right - left, height: bottom - top };
  const cut = windowOf(picture, window);
  // Rows first where that leaves much less to do: Pillow's own rule, on which the last bit depends.
  const shorter = picture.height - size.height;
  if (shorter > 0 && shorter > 2 * (picture.width - size.width)) {
    return resampleRows(resampleColumns(cut, window.width, rows, top), window.width, columns, left);
  }
  return resampleColumns(resampleRows(cut, window.width, columns, left), part.width, rows, top);
}

/** The source pixels that some pixels are made of: the first, and the one behind the last. */
function extent({ first, count }: Taps): readonly [from: number, to: number] {
  let [from, to] = [Number.POSITIVE_INFINITY, 0];
  for (let i = 0; i < first.length; i++) {
    from = Math.min(from, first[i] ?? NaN);
    to = Math.max(to, (first[i] ?? NaN) + (count[i] ?? NaN));
  }
  return [from, to];
}

/** A part of a picture, copied only where it is not all of its width. */
function windowOf({ pixels, width }: WholePicture, window: Region): Uint8Array {
  const { left, top, height } = window;
  if (window.width === width) return pixels.subarray(top * width * COLOURS, (top + height) * width * COLOURS);
  const line = window.width * COLOURS;
  const out = new Uint8Array(height * line);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * width + left) * COLOURS;
    out.set(pixels.subarray(from, from + line), y * line);
  }
  return out;
}

const COLOURS = 3;
const HALF = 2 ** (BITS - 1);
const clip = (sum: number): number => {
  const value = sum >> BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
};

/**
 * Each row becomes as long as there are taps.
 * @param pixels uint8 RGB [rows, width, 3] @param left of what the taps count from 0
 * @returns uint8 RGB [rows, taps, 3]
 */
function resampleRows(pixels: Uint8Array, width: number, { first, count, weights, most }: Taps, left: number) {
  const out = new Uint8Array((pixels.length / width) * first.length);
  for (let row = 0, to = 0; to < out.length; row += width * COLOURS) {
    for (let x = 0; x < first.length; x++, to += COLOURS) {
      let [red, green, blue] = [HALF, HALF, HALF];
      let from = row + ((first[x] ?? NaN) - left) * COLOURS;
      const end = x * most + (count[x] ?? NaN);
      for (let tap = x * most; tap < end; tap++, from += COLOURS) {
        const weight = weights[tap] ?? NaN;
        red += (pixels[from] ?? NaN) * weight;
        green += (pixels[from + 1] ?? NaN) * weight;
        blue += (pixels[from + 2] ?? NaN) * weight;
      }
      out[to] = clip(red);
      out[to + 1] = clip(green);
      out[to + 2] = clip(blue);
    }
  }
  return out;
}

/** Each column becomes as long as there are taps. @param pixels uint8 RGB [rows, width, 3] @returns uint8 RGB [taps, width, 3] */
function resampleColumns(pixels: Uint8Array, width: number, { first, count, weights, most }: Taps, top: number) {
  const line = width * COLOURS;
  const out = new Uint8Array(first.length * line);
  const sums = new Float64Array(line);
  for (let y = 0; y < first.length; y++) {
    sums.fill(HALF);
    for (let tap = 0; tap < (count[y] ?? NaN); tap++) {
      const weight = weights[y * most + tap] ?? NaN;
      const from = ((first[y] ?? NaN) - top + tap) * line;
      for (let i = 0; i < line; i++) sums[i] = (sums[i] ?? NaN) + (pixels[from + i] ?? NaN) * weight;
    }
    for (let i = 0; i < line; i++) out[y * line + i] = clip(sums[i] ?? NaN);
  }
  return out;
}
