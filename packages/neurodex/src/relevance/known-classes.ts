import { invertPositive } from './positive-matrix.ts';

/** What is known of each class: enough to fit `KnownClasses` to any of them. */
export interface ClassSums {
  /** d */
  readonly width: number;
  /** [C] */
  readonly counts: readonly number[];
  /** Sums of the vectors of each class, float64 [C, d]. */
  readonly sums: Float64Array;
  /** Sums of their outer products, float64 [C, d, d]. */
  readonly products: Float64Array;
}

/** How a vector is compared with what is known. Arrays are float32. */
export interface KnownClasses {
  /** d */
  readonly width: number;
  /** One vector for each class, [C, d], and one number, [C]: least squares towards 1 for the class and 0 for the others. */
  readonly weights: Float32Array;
  readonly biases: Float32Array;
  /** [C, d] */
  readonly means: Float32Array;
  /** Inverse covariances of normal distributions, [K, d, d], and the logarithms of the determinants of the covariances, [K]. */
  readonly precisions: Float32Array;
  readonly logDeterminants: Float32Array;
  /** [C]: which of the K is a class's. */
  readonly precisionOf: Int32Array;
}

/** Of the least squares: added to the diagonal of Σ v·vᵀ, whose numbers have a variance of 1 (Hoerl & Kennard 1970). */
const RIDGE = 100;
/** The share of a covariance that is replaced by an even one (Ledoit & Wolf 2004, with a fixed share). */
const EVEN = 0.05;
/** Vectors that the covariance within all classes counts for beside those of a class, times d. */
const PRIOR = 8;
/** Classes with a covariance of their own, at most: the largest ones. */
const MOST_COVARIANCES = 64;

/** @param vectors [n, d] @param classes of each, 0 … C−1 */
export function sumClasses(vectors: Float64Array, width: number, classes: ArrayLike<number>, count: number): ClassSums {
  const counts = new Array<number>(count).fill(0);
  const sums = new Float64Array(count * width);
  const products = new Float64Array(count * width * width);
  for (let row = 0; row < classes.length; row++) {
    const c = classes[row] ?? NaN;
    counts[c] = (counts[c] ?? NaN) + 1;
    for (let i = 0; i < width; i++) {
      const value = vectors[row * width + i] ?? NaN;
      sums[c * width + i] = (sums[c * width + i] ?? NaN) + value;
      const at = (c * width + i) * width;
      for (let j = 0; j < width; j++)
        products[at + j] = (products[at + j] ?? NaN) + value * (vectors[row * width + j] ?? NaN);
    }
  }
  return { width, counts, sums, products };
}

/**
 * Fits both comparisons in closed form: regularised least squares on the classes (one against the rest), and a normal distribution
 * for each class, its covariance drawn towards that within all classes (regularised discriminant analysis, Friedman 1989, eq. 16).
 * @param kept classes that are known; the others count as if they were not there
 */
export function fitKnownClasses(all: ClassSums, kept: readonly number[]): KnownClasses {
  const { width } = all;
  const means = new Float32Array(kept.length * width);
  for (const [place, c] of kept.entries()) {
    for (let i = 0; i < width; i++)
      means[place * width + i] = (all.sums[c * width + i] ?? NaN) / Math.max(1, all.counts[c] ?? NaN);
  }
  return { width, means, ...leastSquares(all, kept), ...covariances(all, kept) };
}

function leastSquares({ width, counts, sums, products }: ClassSums, kept: readonly number[]) {
  const gram = new Float64Array(width * width);
  const total = new Float64Array(width);
  let n = 0;
  for (const c of kept) {
    n += counts[c] ?? NaN;
    for (let i = 0; i < width; i++) total[i] = (total[i] ?? NaN) + (sums[c * width + i] ?? NaN);
    for (let i = 0; i < gram.length; i++) gram[i] = (gram[i] ?? NaN) + (products[c * width * width + i] ?? NaN);
  }
  for (let i = 0; i < width; i++) gram[i * width + i] = (gram[i * width + i] ?? NaN) + RIDGE;
  const inverse = invertPositive(gram, width)?.inverse ?? new Float64Array(width * width);
  const weights = new Float32Array(kept.length * width);
  const biases = new Float32Array(kept.length);
  for (const [place, c] of kept.entries()) {
    const share = (counts[c] ?? NaN) / Math.max(1, n);
    biases[place] = share;
    for (let i = 0; i < width; i++) {
      let sum = 0;
      for (let j = 0; j < width; j++)
        sum += (inverse[i * width + j] ?? NaN) * ((sums[c * width + j] ?? NaN) - share * (total[j] ?? NaN));
      weights[place * width + i] = sum;
    }
  }
  return { weights, biases };
}

function covariances(all: ClassSums, kept: readonly number[]) {
  const { width, counts } = all;
  const within = evened(withinOf(all, kept), width);
  const own = kept
    .filter((c) => (counts[c] ?? NaN) > width)
    .sort((a, b) => (counts[b] ?? NaN) - (counts[a] ?? NaN) || a - b)
    .slice(0, MOST_COVARIANCES);
  const matrices = [within, ...own.map((c) => mixed(all, c, within))];
  const precisions = new Float32Array(matrices.length * width * width);
  const logDeterminants = new Float32Array(matrices.length);
  for (const [k, matrix] of matrices.entries()) {
    const found = invertPositive(matrix, width);
    if (found === undefined) throw new RangeError('a covariance is not positive definite');
    precisions.set(found.inverse, k * width * width);
    logDeterminants[k] = found.logDeterminant;
  }
  const places = new Map(own.map((c, i) => [c, i + 1]));
  return { precisions, logDeterminants, precisionOf: Int32Array.from(kept, (c) => places.get(c) ?? 0) };
}

/** The covariance about the means of the classes; about one mean where classes have too few vectors for it. */
function withinOf({ width, counts, sums, products }: ClassSums, kept: readonly number[]): Float64Array {
  const n = kept.reduce((sum, c) => sum + (counts[c] ?? NaN), 0);
  const isScarce = n - kept.length < width;
  const out = new Float64Array(width * width);
  const total = new Float64Array(width);
  for (const c of kept) {
    const count = Math.max(1, counts[c] ?? NaN);
    for (let i = 0; i < width; i++) {
      const sum = sums[c * width + i] ?? NaN;
      total[i] = (total[i] ?? NaN) + sum;
      for (let j = 0; j < width; j++) {
        const about = isScarce ? 0 : (sum * (sums[c * width + j] ?? NaN)) / count;
        const at = i * width + j;
        out[at] = (out[at] ?? NaN) + (products[c * width * width + at] ?? NaN) - about;
      }
    }
  }
  for (let i = 0; i < width; i++) {
    for (let j = 0; j < width; j++) {
      const about = isScarce ? ((total[i] ?? NaN) * (total[j] ?? NaN)) / Math.max(1, n) : 0;
      out[i * width + j] = ((out[i * width + j] ?? NaN) - about) / Math.max(1, n);
    }
  }
  return out;
}

/** (n·S + m·W) / (n + m), of m = `PRIOR`·d. */
function mixed({ width, counts, sums, products }: ClassSums, c: number, within: Float64Array): Float64Array {
  const n = counts[c] ?? NaN;
  const prior = PRIOR * width;
  return Float64Array.from(within, (value, at) => {
    const [i, j] = [Math.floor(at / width), at % width];
    const spread =
      (products[c * width * width + at] ?? NaN) - ((sums[c * width + i] ?? NaN) * (sums[c * width + j] ?? NaN)) / n;
    return (spread + prior * value) / (n + prior);
  });
}

function evened(matrix: Float64Array, width: number): Float64Array {
  let trace = 0;
  for (let i = 0; i < width; i++) trace += matrix[i * width + i] ?? NaN;
  // Vectors that are all the same have no covariance.
  const even = trace > 0 ? trace / width : 1;
  return Float64Array.from(matrix, (value, at) => (1 - EVEN) * value + (at % (width + 1) === 0 ? EVEN * even : 0));
}

/** Numbers of `evidenceOf`. */
export const EVIDENCE_LENGTH = 2;

/**
 * How much a vector is like what is known: the largest answer of the least squares, and the largest log-density of a class divided
 * by d (up to a constant). @param vector [d]
 */
export function evidenceOf(known: KnownClasses, vector: Float64Array): [number, number] {
  const { width, weights, biases, precisions, logDeterminants, precisionOf } = known;
  const { images, squares: own } = spreadOf(known);
  // (v − m)ᵀ·A·(v − m) = vᵀ·A·v − 2·(A·m)·v + mᵀ·A·m, and the first term is that of all classes with this A.
  const spreads = Float64Array.from(logDeterminants, (_, k) => quadratic(precisions, k * width * width, vector));
  let squares = Number.NEGATIVE_INFINITY;
  let density = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < biases.length; c++) {
    let answer = biases[c] ?? NaN;
    let product = 0;
    for (let i = 0, at = c * width; i < width; i++, at++) {
      const value = vector[i] ?? NaN;
      answer += (weights[at] ?? NaN) * value;
      product += (images[at] ?? NaN) * value;
    }
    squares = Math.max(squares, answer);
    const k = precisionOf[c] ?? NaN;
    const distance = (spreads[k] ?? NaN) - 2 * product + (own[c] ?? NaN);
    density = Math.max(density, -(distance + (logDeterminants[k] ?? NaN)) / width);
  }
  return [squares, density];
}

/** Of every class, with its mean m and its inverse covariance A. */
interface Spread {
  /** A·m, float64 [C, d] */
  readonly images: Float64Array;
  /** mᵀ·A·m, float64 [C] */
  readonly squares: Float64Array;
}

const made = new WeakMap<KnownClasses, Spread>();

function spreadOf(known: KnownClasses): Spread {
  const found = made.get(known);
  if (found !== undefined) return found;
  const { width, biases, means, precisions, precisionOf } = known;
  const images = new Float64Array(biases.length * width);
  const squares = new Float64Array(biases.length);
  for (let c = 0; c < biases.length; c++) {
    const mean = means.subarray(c * width, (c + 1) * width);
    for (let i = 0; i < width; i++) {
      const row = ((precisionOf[c] ?? NaN) * width + i) * width;
      let sum = 0;
      for (let j = 0; j < width; j++) sum += (precisions[row + j] ?? NaN) * (mean[j] ?? NaN);
      images[c * width + i] = sum;
      squares[c] = (squares[c] ?? NaN) + (mean[i] ?? NaN) * sum;
    }
  }
  const spread = { images, squares };
  made.set(known, spread);
  return spread;
}

/** xᵀ·A·x of a symmetric A that begins at a place of an array. */
function quadratic(matrix: Float32Array, at: number, x: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    const value = x[i] ?? NaN;
    let row = ((matrix[at + i * x.length + i] ?? NaN) * value) / 2;
    for (let j = 0; j < i; j++) row += (matrix[at + i * x.length + j] ?? NaN) * (x[j] ?? NaN);
    sum += value * row;
  }
  return 2 * sum;
}
