import type { Placement } from './placement.ts';

/** Brightness of a square picture: [edge, edge], levels of 255. */
export interface Plane {
  readonly edge: number;
  readonly values: Float32Array;
}

/** Where a picture lies in another one, and how far the two differ there. */
export interface Registration {
  readonly placement: Placement;
  /** Energy of the difference, as a share of the variance of the one with the lower contrast. */
  readonly residual: number;
}

/** Steps of the search. The windows that it begins with are near. */
const STEPS = 5;
/** How many times the limit a residual may be after two steps. */
const HOPELESS = 2;
/** Change of a place below which the search ends, as a share of the edge. */
const SETTLED = 5e-4;
/** What a window may be at most: outside, the pictures have too little in common to be slightly cropped. */
const [LEAST_SCALE, MOST_SCALE, MOST_SHIFT] = [0.76, 1.1, 0.12];
/** Share of the second picture that must lie in the first. */
const LEAST_OVERLAP = 0.8;

/**
 * Finds where a picture lies in another one, from a place near it: the least squares of the difference of brightness, by
 * Gauss–Newton (Lucas & Kanade 1981), over scale and place.
 * @param limit the largest residual that is of use: what stays far above it after two steps is given up
 * @returns undefined where the two have too little in common, or differ by more
 */
export function register(a: Plane, b: Plane, start: Placement, limit: number): Registration | undefined {
  let { scale, x, y } = start;
  const { mirrored } = start;
  let best: Registration | undefined;
  for (let step = 0; step < STEPS; step++) {
    const sums = compare(a, b, scale, x, y, mirrored);
    if (sums === undefined) break;
    if (best === undefined || sums.residual < best.residual) {
      best = { placement: { scale, x, y, mirrored }, residual: sums.residual };
    }
    if (step >= 2 && best.residual > HOPELESS * limit) break;
    const change = solve(sums.normal, sums.right);
    if (change === undefined) break;
    const [byScale, byX, byY] = change;
    scale += byScale;
    x += byX;
    y += byY;
    if (scale < LEAST_SCALE || scale > MOST_SCALE || Math.abs(x) > MOST_SHIFT || Math.abs(y) > MOST_SHIFT) break;
    if (Math.abs(byScale) / 2 + Math.abs(byX) + Math.abs(byY) < SETTLED) break;
  }
  return best !== undefined && best.residual <= limit ? best : undefined;
}

interface Sums {
  readonly residual: number;
  /** Upper triangle of the normal equations: ss, sx, sy, xx, xy, yy. */
  readonly normal: readonly number[];
  readonly right: readonly number[];
}

/** Where the columns of a plane with so many lie in `a`: the column of `a` to the left, −1 outside, and the share of the next one. */
function columnsIn(a: Plane, edge: number, scale: number, x: number) {
  const limit = a.edge - 1;
  if (columns.lefts.length < edge) columns = { lefts: new Int32Array(edge), shares: new Float64Array(edge) };
  const { lefts, shares } = columns;
  for (let column = 0; column < edge; column++) {
    const u = (column + 0.5) / edge - 0.5;
    const atX = (0.5 + x + scale * u) * a.edge - 0.5;
    const left = Math.min(limit - 1, Math.max(0, Math.floor(atX)));
    lefts[column] = atX < -0.5 || atX > limit + 0.5 ? -1 : left;
    shares[column] = Math.min(1, Math.max(0, atX - left));
  }
  return columns;
}

let columns = { lefts: new Int32Array(), shares: new Float64Array() };

/** One pass over the pixels of `b` that lie in `a`. */
function compare(a: Plane, b: Plane, scale: number, x: number, y: number, mirrored: boolean): Sums | undefined {
  const edge = b.edge;
  const limit = a.edge - 1;
  let [count, error, sumA, sumB, squaresA, squaresB] = [0, 0, 0, 0, 0, 0];
  let [ss, sx, sy, xx, xy, yy, rs, rx, ry] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  const { lefts, shares } = columnsIn(a, edge, scale, x);
  for (let row = 0; row < edge; row++) {
    const v = (row + 0.5) / edge - 0.5;
    const atY = (0.5 + y + scale * v) * a.edge - 0.5;
    if (atY < -0.5 || atY > limit + 0.5) continue;
    const top = Math.min(limit - 1, Math.max(0, Math.floor(atY)));
    const fy = Math.min(1, Math.max(0, atY - top));
    for (let column = 0; column < edge; column++) {
      const left = lefts[column] ?? NaN;
      if (left < 0) continue;
      const fx = shares[column] ?? NaN;
      const u = (column + 0.5) / edge - 0.5;
      const i = top * a.edge + left;
      const [p, q] = [a.values[i] ?? NaN, a.values[i + 1] ?? NaN];
      const [r, s] = [a.values[i + a.edge] ?? NaN, a.values[i + a.edge + 1] ?? NaN];
      const upper = p + fx * (q - p);
      const lower = r + fx * (s - r);
      const value = upper + fy * (lower - upper);
      const other = b.values[row * edge + (mirrored ? edge - 1 - column : column)] ?? NaN;
      const gx = a.edge * (q - p + fy * (s - r - q + p));
      const gy = a.edge * (lower - upper);
      const gs = u * gx + v * gy;
      const difference = other - value;
      count++;
      error += difference * difference;
      sumA += value;
      squaresA += value * value;
      sumB += other;
      squaresB += other * other;
      ss += gs * gs;
      sx += gs * gx;
      sy += gs * gy;
      xx += gx * gx;
      xy += gx * gy;
      yy += gy * gy;
      rs += gs * difference;
      rx += gx * difference;
      ry += gy * difference;
    }
  }
  if (count < LEAST_OVERLAP * edge * edge) return undefined;
  const variance = Math.min(squaresA - (sumA * sumA) / count, squaresB - (sumB * sumB) / count);
  return { residual: error / variance, normal: [ss, sx, sy, xx, xy, yy], right: [rs, rx, ry] };
}

/** Solves the normal equations by Cramer's rule; undefined where they say nothing, as of a picture of one colour. */
function solve(normal: readonly number[], right: readonly number[]): [number, number, number] | undefined {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = normal;
  const [p = 0, q = 0, r = 0] = right;
  // A little is added to the diagonal, so that what the picture does not tell stays as it is (Levenberg 1944).
  const [A, D, F] = [1.001 * a + 1, 1.001 * d + 1, 1.001 * f + 1];
  const determinant = A * (D * F - e * e) - b * (b * F - c * e) + c * (b * e - c * D);
  if (!(Math.abs(determinant) > 1e-9)) return undefined;
  return [
    (p * (D * F - e * e) - b * (q * F - e * r) + c * (q * e - D * r)) / determinant,
    (A * (q * F - e * r) - p * (b * F - c * e) + c * (b * r - q * c)) / determinant,
    (A * (D * r - q * e) - b * (b * r - q * c) + p * (b * e - c * D)) / determinant,
  ];
}

/** Variance of a pixel's own extent, and of that of a plane's values after smoothing, in pixels squared. */
const [PIXEL, BLUR] = [1 / 12, 1 / 12 + 1 / 2];

let between = new Float32Array();

/**
 * A plane whose every value is a mean of its neighbourhood: places between its pixels are then known well.
 * @param scale of the window that the plane shows of another one: both are then blurred alike
 */
export function smoothed(values: ArrayLike<number>, edge: number, scale = 1): Plane {
  const side = Math.max(0, BLUR / scale ** 2 - PIXEL) / 2;
  const middle = 1 - 2 * side;
  if (between.length < edge * edge) between = new Float32Array(edge * edge);
  const rows = between;
  const out = new Float32Array(edge * edge);
  for (let y = 0; y < edge; y++) {
    for (let x = 0; x < edge; x++) {
      const i = y * edge + x;
      const here = values[i] ?? NaN;
      const before = x === 0 ? here : (values[i - 1] ?? NaN);
      const after = x === edge - 1 ? here : (values[i + 1] ?? NaN);
      rows[i] = side * (before + after) + middle * here;
    }
  }
  for (let y = 0; y < edge; y++) {
    for (let x = 0; x < edge; x++) {
      const i = y * edge + x;
      const here = rows[i] ?? NaN;
      const before = y === 0 ? here : (rows[i - edge] ?? NaN);
      const after = y === edge - 1 ? here : (rows[i + edge] ?? NaN);
      out[i] = side * (before + after) + middle * here;
    }
  }
  return { edge, values: out };
}
