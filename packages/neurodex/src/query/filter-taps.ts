/** Filters of Pillow's `Image.resize`, by the numbers that `preprocessor_config.json` gives them. */
export const FILTERS = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'] as const;
export type Filter = (typeof FILTERS)[number];

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
export const BITS = 22;

/** What each of some pixels of a line is made of: `count` source pixels from `first` on, with weights in fixed point. */
export interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** int32 [pixels, most] */
  readonly weights: Int32Array;
  readonly most: number;
}

/** @param from the first pixel of the result that is needed @param to behind the last */
export function tapsOf(filter: Filter, source: number, target: number, from: number, to: number): Taps {
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
