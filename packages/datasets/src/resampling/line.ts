import { defined } from '@neurodex/core';

/** What one sample of the result is made of. */
export interface Taps {
  /** Samples of the line; beyond an end its last one. */
  readonly places: Int32Array;
  /** Of each, in fixed point. */
  readonly weights: Int32Array;
}

/** How one direction of a picture is resampled. */
export interface Line {
  /** Samples that are averaged first; 1: none are. */
  readonly block: number;
  /** Of each sample of the result, in samples of the averages. */
  readonly taps: readonly Taps[];
}

/** Weights have so many bits behind the point. */
export const BITS = 12;
const LOBES = 3;
/** Samples that bicubic interpolation looks at. */
const CUBIC = 4;
/** Averaging blocks leaves at least this factor to Lanczos' kernel. */
const GAP = 2;
/** Places between two samples for which libvips has weights. */
const PLACES = 64;
/** Lines that are kept: the pictures of a data set are often of one size. */
const KEPT = 16;
const kept = new Map<string, Line>();

/**
 * @param length of the line, in samples
 * @param size of the result, which is the middle of the whole line at its scale
 * @param factor samples for each one of the result: below 1 to enlarge
 * @param adding whether libvips finds the next place by adding to the last one, which is rounded in another way
 */
export function lineOf(length: number, size: number, factor: number, adding: boolean): Line {
  const key = `${length} ${size} ${factor} ${adding}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  const line = (factor < 1 ? enlarging : reducing)({ length, size, scale: 1 / factor, adding });
  if (kept.size === KEPT) kept.clear();
  kept.set(key, line);
  return line;
}

interface Scaling {
  readonly length: number;
  readonly size: number;
  /** Samples of the result for each one of the line. */
  readonly scale: number;
  readonly adding: boolean;
}

function reducing({ length, size, scale, adding }: Scaling): Line {
  const factor = 1 / scale;
  const whole = Math.max(1, Math.round(length / factor));
  const block = Math.max(1, Math.floor(length / whole / GAP));
  const step = factor / block;
  // Where the length is not a multiple of the factor, both ends lose the same.
  const shift = (1 + (whole * factor - length) / block) / 2 - 1;
  const count = 2 * Math.round(LOBES * step) + 1;
  const weights = Array.from({ length: PLACES + 1 }, (_, part) => lanczosWeights(count, step, part / PLACES));
  const start = startOf(whole, size);
  const places = placesOf(size, step, adding, (i) => (start + i + 0.5) * step - 0.5 - shift);
  const averages = Math.ceil(length / block);
  const taps = places.map(placed).map(({ before, part }) => {
    const first = before - (Math.ceil(count / 2) - 1);
    return { places: neighbours(first, count, averages), weights: defined(weights[part], 'weights') };
  });
  return { block, taps };
}

/** libvips counts from the corners of samples here, in a line with one sample more at its beginning. */
function enlarging({ length, size, scale, adding }: Scaling): Line {
  const start = startOf(Math.round(length * scale), size);
  const step = (1 / (scale * scale)) * scale;
  const places = placesOf(size, step, adding, (i) => step * (start + i) - 0.5 + 1);
  const taps = places.map(placed).map(({ before, part }) => ({
    places: neighbours(before - 2, CUBIC, length),
    weights: cubicWeights(part / PLACES),
  }));
  return { block: 1, taps };
}

const startOf = (whole: number, size: number): number => Math.floor((whole - size + 1) / 2);

/** @param at where each sample of the result lies in the line */
function placesOf(size: number, step: number, adding: boolean, at: (i: number) => number): number[] {
  const places = Array.from({ length: size }, (_, i) => at(i));
  if (adding) for (let i = 1; i < size; i++) places[i] = (places[i - 1] ?? NaN) + step;
  return places;
}

function lanczosWeights(count: number, factor: number, part: number): Int32Array {
  const centre = part + count / 2 - 1;
  const weights = Float64Array.from({ length: count }, (_, i) => lanczos((i - centre) / factor));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return fixed(weights.map((weight) => weight / sum));
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));

const lanczos = (x: number): number => (Math.abs(x) <= LOBES ? sinc(x) * sinc(x / LOBES) : 0);

/** As many samples from `first` on, within the line. */
const neighbours = (first: number, count: number, length: number): Int32Array =>
  Int32Array.from({ length: count }, (_, tap) => Math.max(0, Math.min(length - 1, first + tap)));

/** Catmull and Rom's spline through four samples. */
function cubicWeights(x: number): Int32Array {
  const first = -0.5 * x * (1 - x) * (1 - x);
  const fourth = -0.5 * x * x * (1 - x);
  const apart = fourth - first;
  return fixed([first, 1 - x - first + apart, x - fourth - apart, fourth]);
}

/** The sample before a place, and the share of the way to the next one, in 64ths. */
function placed(place: number): { readonly before: number; readonly part: number } {
  const twice = Math.trunc(place * PLACES * 2) & (PLACES * 2 - 1);
  return { before: Math.trunc(place), part: (twice + 1) >> 1 };
}

const fixed = (weights: ArrayLike<number>): Int32Array =>
  Int32Array.from(weights, (weight) => Math.trunc(weight * 2 ** BITS));
