import type { WholePicture } from '@neurodex/datasets/image';

/** Filters of Pillow's `Image.resize`, by the numbers that `preprocessor_config.json` gives them. */
export const FILTERS = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'] as const;
export type Filter = (typeof FILTERS)[number];

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

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));
/** Of the cubic convolution (Keys 1981), as Pillow has it. */
const A = -0.5;

function bicubic(x: number): number {
  const d = Math.abs(x);
  if (d < 1) return ((A + 2) * d - (A + 3)) * d * d + 1;
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * A : 0;
}

function hamming(x: number): number {
  const d = Math.abs(x);
  if (d === 0) return 1;
  return d >= 1 ? 0 : sinc(d) * (0.54 + 0.46 * Math.cos(d * Math.PI));
}

/** How far each filter reaches, in pixels of the smaller picture, and what it weighs; nearest looks at one pixel. */
const KERNELS: { readonly [F in Filter]: { readonly support: number; weigh(x: number): number } | undefined } = {
  nearest: undefined,
  lanczos: { support: 3, weigh: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
  bilinear: { support: 1, weigh: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, weigh: bicubic },
  box: { support: 0.5, weigh: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  hamming: { support: 1, weigh: hamming },
};

/** Weights are fixed-point numbers of so many bits behind the point (Pillow's PRECISION_BITS). */
const BITS = 22;

/** What each of some pixels of a line is made of: `count` source pixels from `first` on, with weights in fixed point. */
interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** int32 [pixels, most] */
  readonly weights: Int32Array;
  readonly most: number;
}

/** @param from the first pixel of the result that is needed @param to behind the last */
function tapsOf(filter: Filter, source: number, target: number, from: number, to: number): Taps {
  const kernel = KERNELS[filter];
  if (kernel === undefined || source === target) return single(filter, source, target, from, to);
  const scale = source / target;
  const stretch = Math.max(scale, 1);
  const support = kernel.support * stretch;
  const most = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(to - from);
  const count = new Int32Array(to - from);
  const weights = new Int32Array((to - from) * most);
  const own = new Float64Array(most);
  for (let i = from; i < to; i++) {
    const centre = (i + 0.5) * scale;
    const begin = Math.max(0, Math.trunc(centre - support + 0.5));
    const length = Math.min(source, Math.trunc(centre + support + 0.5)) - begin;
    let sum = 0;
    for (let x = 0; x < length; x++) {
      const weight = kernel.weigh((x + begin - centre + 0.5) * (1 / stretch));
      own[x] = weight;
      sum += weight;
    }
    for (let x = 0; x < length; x++) {
      const share = sum === 0 ? (own[x] ?? NaN) : (own[x] ?? NaN) / sum;
      weights[(i - from) * most + x] = Math.trunc(share * 2 ** BITS + (share < 0 ? -0.5 : 0.5));
    }
    first[i - from] = begin;
    count[i - from] = length;
  }
  return { first, count, weights, most };
}

/** Every pixel is that of one place: for the filter nearest, and for lines that keep their length. */
function single(filter: Filter, source: number, target: number, from: number, to: number): Taps {
  const first = new Int32Array(to - from);
  const scale = source / target;
  // Pillow adds up, and so has its rounding errors.
  let at = scale * 0.5;
  for (let i = 0; i < to; i++, at += scale) {
    if (i >= from) first[i - from] = filter === 'nearest' ? Math.min(source - 1, Math.trunc(at)) : i;
  }
  return {
    first,
    count: new Int32Array(to - from).fill(1),
    weights: new Int32Array(to - from).fill(2 ** BITS),
    most: 1,
  };
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
