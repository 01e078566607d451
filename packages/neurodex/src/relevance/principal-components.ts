/** A linear map that keeps the directions in which vectors differ most. */
export interface Projection {
  /** float32 [F] */
  readonly mean: Float32Array;
  /** float32 [d, F]: orthonormal rows, the one of the largest variance first, all divided by one scale. */
  readonly components: Float32Array;
}

/** Rounds of the iteration: enough for directions whose variances differ by a tenth. */
const ROUNDS = 30;
/** Rows that are multiplied at once: a row of the matrix is read once for all of them, and no sum waits for another. */
const TOGETHER = 4;

/**
 * Principal components by orthogonal iteration (Golub & Van Loan 2013, §8.2.4) of the covariance. The scale makes the mean variance
 * of the projected numbers 1.
 * @param vectors float32 [n, F], n ≥ 2 @param length F @param count d, no more than F; fewer where vectors have fewer directions
 */
export function principalComponents(vectors: Float32Array, length: number, count: number): Projection {
  const n = vectors.length / length;
  const mean = new Float32Array(length);
  for (let i = 0; i < vectors.length; i++) mean[i % length] = (mean[i % length] ?? NaN) + (vectors[i] ?? NaN) / n;
  const covariance = covarianceOf(vectors, mean, n);
  // Fixed numbers without a pattern, as a start: the golden ratio's multiples.
  let basis: Float64Array = Float64Array.from(
    { length: count * length },
    (_, i) => (((i + 1) * 0.6180339887498949) % 1) - 0.5,
  );
  basis = orthonormal(basis, length);
  for (let round = 0; round < ROUNDS; round++) basis = orthonormal(multiply(basis, covariance, length), length);
  const kept = basis.length / length;
  const image = multiply(basis, covariance, length);
  let variance = 0;
  for (let i = 0; i < basis.length; i++) variance += (basis[i] ?? NaN) * (image[i] ?? NaN);
  const scale = Math.sqrt(variance / kept);
  return { mean, components: Float32Array.from(basis, (value) => (scale > 0 ? value / scale : 0)) };
}

/** @returns float64 [d] */
export function project({ mean, components }: Projection, vector: ArrayLike<number>): Float64Array {
  const length = mean.length;
  const out = new Float64Array(components.length / length);
  for (let row = 0; row < out.length; row++) {
    let sum = 0;
    for (let i = 0; i < length; i++)
      sum += (components[row * length + i] ?? NaN) * ((vector[i] ?? NaN) - (mean[i] ?? NaN));
    out[row] = sum;
  }
  return out;
}

/** Of as many vectors at a time as `TOGETHER` says: sums are read and written less often. */
function covarianceOf(vectors: Float32Array, mean: Float32Array, n: number): Float64Array {
  const length = mean.length;
  const sums = new Float64Array(length * length);
  // Those beyond the last vector stay 0.
  const [a, b, c, d] = [0, 1, 2, 3].map(() => new Float64Array(length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let row = 0; row < n; row += TOGETHER) {
    for (const [i, centred] of [a, b, c, d].entries()) centre(centred, vectors, mean, row + i);
    for (let i = 0; i < length; i++) {
      const [p, q, r, s] = [(a[i] ?? NaN) / n, (b[i] ?? NaN) / n, (c[i] ?? NaN) / n, (d[i] ?? NaN) / n];
      const at = i * length;
      for (let j = 0; j <= i; j++) {
        sums[at + j] =
          (sums[at + j] ?? NaN) + p * (a[j] ?? NaN) + q * (b[j] ?? NaN) + r * (c[j] ?? NaN) + s * (d[j] ?? NaN);
      }
    }
  }
  for (let i = 0; i < length; i++) for (let j = 0; j < i; j++) sums[j * length + i] = sums[i * length + j] ?? NaN;
  return sums;
}

/** A vector less the mean; zeros where there is none. */
function centre(out: Float64Array, vectors: Float32Array, mean: Float32Array, row: number): void {
  const start = row * mean.length;
  if (start >= vectors.length) {
    out.fill(0);
    return;
  }
  for (let i = 0; i < mean.length; i++) out[i] = (vectors[start + i] ?? NaN) - (mean[i] ?? NaN);
}

/** Rows of a basis, each multiplied with a symmetric matrix. */
function multiply(basis: Float64Array, matrix: Float64Array, length: number): Float64Array {
  const out = new Float64Array(basis.length);
  const rows = basis.length / length;
  const whole = rows - (rows % TOGETHER);
  for (let row = 0; row < whole; row += TOGETHER) {
    const [p, q, r, s] = [row * length, (row + 1) * length, (row + 2) * length, (row + 3) * length];
    for (let i = 0; i < length; i++) {
      let [a, b, c, d] = [0, 0, 0, 0];
      for (let k = 0; k < length; k++) {
        const value = matrix[i * length + k] ?? NaN;
        a += value * (basis[p + k] ?? NaN);
        b += value * (basis[q + k] ?? NaN);
        c += value * (basis[r + k] ?? NaN);
        d += value * (basis[s + k] ?? NaN);
      }
      out[p + i] = a;
      out[q + i] = b;
      out[r + i] = c;
      out[s + i] = d;
    }
  }
  for (let row = whole; row < rows; row++) {
    const own = basis.subarray(row * length, (row + 1) * length);
    for (let i = 0; i < length; i++) out[row * length + i] = dot(own, matrix.subarray(i * length, (i + 1) * length));
  }
  return out;
}

/** Four sums at once: the processor need not wait for one addition after another. */
function dot(a: Float64Array, b: Float64Array): number {
  const whole = a.length - (a.length % TOGETHER);
  let [s, t, u, v] = [0, 0, 0, 0];
  for (let i = 0; i < whole; i += TOGETHER) {
    s += (a[i] ?? NaN) * (b[i] ?? NaN);
    t += (a[i + 1] ?? NaN) * (b[i + 1] ?? NaN);
    u += (a[i + 2] ?? NaN) * (b[i + 2] ?? NaN);
    v += (a[i + 3] ?? NaN) * (b[i + 3] ?? NaN);
  }
  for (let i = whole; i < a.length; i++) s += (a[i] ?? NaN) * (b[i] ?? NaN);
  return s + t + u + v;
}

/** Below this share of a row's length nothing of it is left but rounding. */
const LEAST = 1e-9;

/** Gram-Schmidt, twice; rows that are combinations of those before them are left out. */
function orthonormal(rows: Float64Array, length: number): Float64Array {
  const kept: Float64Array[] = [];
  for (let start = 0; start < rows.length; start += length) {
    const row = rows.slice(start, start + length);
    const before = norm(row);
    for (let pass = 0; pass < 2; pass++) {
      for (const other of kept) {
        const product = dot(row, other);
        for (let i = 0; i < length; i++) row[i] = (row[i] ?? NaN) - product * (other[i] ?? NaN);
      }
    }
    const left = norm(row);
    if (!(left > LEAST * before) || before < Number.MIN_VALUE) continue;
    for (let i = 0; i < length; i++) row[i] = (row[i] ?? NaN) / left;
    kept.push(row);
  }
  const out = new Float64Array(Math.max(1, kept.length) * length);
  for (const [i, row] of kept.entries()) out.set(row, i * length);
  return out;
}

const norm = (row: Float64Array): number => Math.sqrt(dot(row, row));
