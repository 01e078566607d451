import { defined } from '@neurodex/core';
import { BITS, type Taps } from './line.ts';

/** Samples [outer, length, inner]; the middle direction is filtered. */
export interface Extent {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

const HALF = 1 << (BITS - 1);
const WHITE = 255;
/** Samples that are added at a time. */
const TOGETHER = 4;
/** Samples of a coloured pixel. */
const RGB = 3;

/**
 * Weighted sums along one direction, rounded.
 * @param samples [outer, length, inner]
 * @param clip whether results below 0 are 0, and those above 255 are 255
 * @returns [outer, taps, inner]
 */
export function filtered(
  samples: Int16Array,
  { outer, length, inner }: Extent,
  { taps, clip }: { readonly taps: readonly Taps[]; readonly clip: boolean },
): Int16Array {
  const out = new Int16Array(outer * taps.length * inner);
  const sums = new Int32Array(inner);
  const add = inner === 1 ? addGrey : inner === RGB ? addColours : addRows;
  for (let i = 0; i < taps.length; i++) {
    const tap = defined(taps[i], 'taps');
    for (let line = 0; line < outer; line++) {
      const from = line * length * inner;
      add(sums, samples, from, tap);
      const to = (line * taps.length + i) * inner;
      for (let at = 0; at < inner; at++) {
        const level = (sums[at] ?? NaN) >> BITS;
        out[to + at] = clip ? (level < 0 ? 0 : level > WHITE ? WHITE : level) : level;
      }
    }
  }
  return out;
}

/** In the order of memory, and four samples for each sum at a time: sums are read and written less often. */
function addRows(sums: Int32Array, samples: Int16Array, from: number, { places, weights }: Taps): void {
  const length = sums.length;
  sums.fill(HALF);
  for (let tap = 0; tap < places.length; tap += TOGETHER) {
    const weight0 = weights[tap] ?? 0;
    const weight1 = weights[tap + 1] ?? 0;
    const weight2 = weights[tap + 2] ?? 0;
    const weight3 = weights[tap + 3] ?? 0;
    const place0 = from + (places[tap] ?? 0) * length;
    const place1 = from + (places[tap + 1] ?? 0) * length;
    const place2 = from + (places[tap + 2] ?? 0) * length;
    const place3 = from + (places[tap + 3] ?? 0) * length;
    for (let at = 0; at < length; at++) {
      sums[at] =
        (sums[at] ?? NaN) +
        weight0 * (samples[place0 + at] ?? NaN) +
        weight1 * (samples[place1 + at] ?? NaN) +
        weight2 * (samples[place2 + at] ?? NaN) +
        weight3 * (samples[place3 + at] ?? NaN);
    }
  }
}

function addGrey(sums: Int32Array, samples: Int16Array, from: number, { places, weights }: Taps): void {
  let sum = HALF;
  for (let tap = 0; tap < places.length; tap++) {
    sum += (weights[tap] ?? NaN) * (samples[from + (places[tap] ?? NaN)] ?? NaN);
  }
  sums[0] = sum;
}

/** The three samples of a pixel together. */
function addColours(sums: Int32Array, samples: Int16Array, from: number, { places, weights }: Taps): void {
  let [red, green, blue] = [HALF, HALF, HALF];
  for (let tap = 0; tap < places.length; tap++) {
    const weight = weights[tap] ?? NaN;
    const at = from + (places[tap] ?? NaN) * RGB;
    red += weight * (samples[at] ?? NaN);
    green += weight * (samples[at + 1] ?? NaN);
    blue += weight * (samples[at + 2] ?? NaN);
  }
  sums[0] = red;
  sums[1] = green;
  sums[2] = blue;
}

/** 8-bit levels, or whatever was made of them. */
export type Samples = Uint8Array | Uint8ClampedArray | Int16Array;

/**
 * Means of blocks of samples, rounded, the last sample repeated where they do not come out even.
 * @param samples [outer, length, inner], 0 … 255
 * @returns [outer, ⌈length / block⌉, inner]
 */
export function averages(
  samples: Samples,
  extent: Extent,
  block: number,
): { readonly samples: Int16Array; readonly extent: Extent } {
  if (block === 1) return { samples: samples instanceof Int16Array ? samples : new Int16Array(samples), extent };
  const { outer, length, inner } = extent;
  const count = Math.ceil(length / block);
  const out = new Int16Array(outer * count * inner);
  const sums = new Int32Array(inner);
  // libvips multiplies by the inverse, which has 24 bits.
  const inverse = Math.floor(2 ** 24 / block);
  const half = Math.floor(block / 2);
  for (let i = 0; i < outer * count; i++) {
    const [line, begin] = [Math.floor(i / count) * length, (i % count) * block];
    sums.fill(half);
    for (let place = begin; place < begin + block; place++) {
      const from = (line + Math.min(length - 1, place)) * inner;
      for (let at = 0; at < inner; at++) sums[at] = (sums[at] ?? NaN) + (samples[from + at] ?? NaN);
    }
    for (let at = 0; at < inner; at++) out[i * inner + at] = Math.floor(((sums[at] ?? NaN) * inverse) / 2 ** 24);
  }
  return { samples: out, extent: { outer, length: count, inner } };
}
