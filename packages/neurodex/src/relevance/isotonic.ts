import { ascendingOrder } from './ascending-order.ts';
import { reduceKnots } from './reduce-knots.ts';

/** A function that never falls: straight lines between its knots, and constant outside them. Plain data, for JSON. */
export interface IsotonicFunction {
  /** Ascending, without ties; at least one. */
  readonly x: readonly number[];
  /** Never falling. */
  readonly y: readonly number[];
}

export interface IsotonicOptions {
  /** Above 0, one for each point; 1 by default. */
  readonly weights?: ArrayLike<number> | undefined;
  /**
   * Weight of one invented point of y = 1 at the lowest x, and of one of y = 0 at the highest, 0 by default. Probabilities are then
   * never 0 or 1: a lowest block of weight W without any 1 gets shrink/(W + shrink), and the highest stays below 1 alike. With 1 that
   * is near Laplace's rule of succession, (hits + 1)/(W + 2). For y in 0 … 1 only.
   */
  readonly shrink?: number | undefined;
  /** Knots at the most (≥ 2), 64 by default. */
  readonly knots?: number | undefined;
  /** How far a value may move for fewer knots than the regression has, 0.001 by default; further only where `knots` asks for it. */
  readonly tolerance?: number | undefined;
}

export interface IsotonicFit extends IsotonicFunction {
  /** How far the largest change of a value is that came of leaving knots out, in units of y. */
  readonly deviation: number;
}

/** Points of distinct x, ascending, then blocks of them. */
interface Points {
  /** Lowest and highest x. */
  readonly first: Float64Array;
  readonly last: Float64Array;
  readonly y: Float64Array;
  readonly weights: Float64Array;
  count: number;
}

/**
 * Isotonic regression: of all functions that never fall, the one with the least weighted sum of squared errors at the points, by
 * pooling adjacent violators (Barlow, Bartholomew, Bremner & Brunk 1972, §1.2). Points of the same x are pooled first (the secondary
 * method of de Leeuw, Hornik & Mair 2009). O(n) behind the sort. The knots are the ends of the blocks; then `reduceKnots` leaves out
 * those that change little.
 * @param x scores, [n], finite, n ≥ 1 @param y targets of the same length, finite: 0 or 1 for probabilities
 * @throws RangeError where numbers are not finite, a weight is not above 0, lengths differ, or there is no point
 */
export function fitIsotonic(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  { weights, shrink = 0, knots = 64, tolerance = 1e-3 }: IsotonicOptions = {},
): IsotonicFit {
  check(x, y, weights, shrink);
  const points = pooledTies(x, y, weights);
  if (shrink > 0) {
    add(points, 0, 1, shrink);
    add(points, points.count - 1, 0, shrink);
  }
  pool(points);
  return reduceKnots(knotsOf(points), knots, tolerance);
}

/** The value at x: interpolated between knots, that of the nearest knot outside them. NaN for NaN. */
export function evaluateIsotonic({ x, y }: IsotonicFunction, at: number): number {
  const last = x.length - 1;
  if (!(at > (x[0] ?? NaN))) return Number.isNaN(at) ? NaN : (y[0] ?? NaN);
  if (at >= (x[last] ?? NaN)) return y[last] ?? NaN;
  let [low, high] = [0, last];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((x[middle] ?? NaN) <= at) low = middle;
    else high = middle;
  }
  const [from, to] = [x[low] ?? NaN, x[high] ?? NaN];
  const [below, above] = [y[low] ?? NaN, y[high] ?? NaN];
  return Math.min(above, below + (above - below) * ((at - from) / (to - from)));
}

function check(x: ArrayLike<number>, y: ArrayLike<number>, weights: ArrayLike<number> | undefined, shrink: number) {
  const n = x.length;
  if (n === 0) throw new RangeError('isotonic regression needs at least one point');
  if (y.length !== n) throw new RangeError(`there are ${n} x and ${y.length} y`);
  if (weights !== undefined && weights.length !== n)
    throw new RangeError(`there are ${n} x and ${weights.length} weights`);
  if (!(shrink >= 0 && shrink < Infinity)) throw new RangeError(`shrink must be 0 or more, not ${shrink}`);
  for (let i = 0; i < n; i++) {
    const [xi, yi, weight] = [x[i] ?? NaN, y[i] ?? NaN, weights === undefined ? 1 : (weights[i] ?? NaN)];
    if (!Number.isFinite(xi) || !Number.isFinite(yi)) throw new RangeError(`point ${i} is (${xi}, ${yi})`);
    if (!(weight > 0 && weight < Infinity)) throw new RangeError(`weight ${i} must be above 0, not ${weight}`);
    if (shrink > 0 && !(yi >= 0 && yi <= 1)) throw new RangeError(`y ${i} is ${yi}, and shrink is for 0 … 1`);
  }
}

function pooledTies(x: ArrayLike<number>, y: ArrayLike<number>, weights: ArrayLike<number> | undefined): Points {
  const order = ascendingOrder(x);
  const array = (): Float64Array => new Float64Array(order.length);
  const points: Points = { first: array(), last: array(), y: array(), weights: array(), count: 0 };
  for (let i = 0; i < order.length; i++) {
    const place = order[i] ?? NaN;
    const xi = x[place] ?? NaN;
    if (points.count === 0 || points.last[points.count - 1] !== xi) {
      points.first[points.count] = xi;
      points.last[points.count] = xi;
      points.count++;
    }
    add(points, points.count - 1, y[place] ?? NaN, weights === undefined ? 1 : (weights[place] ?? NaN));
  }
  return points;
}

/** Moves a mean towards a value. */
function add({ y, weights }: Points, at: number, value: number, weight: number): void {
  const [mean, before] = [y[at] ?? NaN, weights[at] ?? NaN];
  weights[at] = before + weight;
  y[at] = mean + (value - mean) * (weight / (before + weight));
}

/** Merges neighbours, in place, until no mean is below the one before it. */
function pool(points: Points): void {
  const { first, last, y, weights } = points;
  let blocks = 0;
  for (let i = 0; i < points.count; i++) {
    first[blocks] = first[i] ?? NaN;
    last[blocks] = last[i] ?? NaN;
    y[blocks] = y[i] ?? NaN;
    weights[blocks] = weights[i] ?? NaN;
    blocks++;
    while (blocks > 1 && (y[blocks - 1] ?? NaN) <= (y[blocks - 2] ?? NaN)) {
      blocks--;
      last[blocks - 1] = last[blocks] ?? NaN;
      add(points, blocks - 1, y[blocks] ?? NaN, weights[blocks] ?? NaN);
    }
  }
  points.count = blocks;
}

/** Both ends of each block, or its only point. */
function knotsOf({ first, last, y, count }: Points): IsotonicFunction {
  const [xs, ys]: [number[], number[]] = [[], []];
  for (let i = 0; i < count; i++) {
    const [from, to, value] = [first[i] ?? NaN, last[i] ?? NaN, y[i] ?? NaN];
    xs.push(from);
    ys.push(value);
    if (to === from) continue;
    xs.push(to);
    ys.push(value);
  }
  return { x: xs, y: ys };
}
