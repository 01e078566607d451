import type { IsotonicFit, IsotonicFunction } from './isotonic.ts';

/** Halvings of the tolerance that is looked for: to 1e-9 of the range of y. */
const HALVINGS = 30;

/**
 * A function with fewer of the same knots, of which the first and the last stay. No value moves by more than the tolerance; where
 * more knots than `most` would be left, it is raised to about the least that leaves no more. Greedy: each line reaches to the last
 * knot up to which all between lie within the tolerance (the cone method of Williams 1978).
 * @param most ≥ 2 @param tolerance ≥ 0, in units of y
 * @throws RangeError where either is not as stated
 */
export function reduceKnots({ x, y }: IsotonicFunction, most: number, tolerance: number): IsotonicFit {
  if (!(most >= 2)) throw new RangeError(`a function needs 2 knots at least, not ${most}`);
  if (!(tolerance >= 0)) throw new RangeError(`a tolerance must be 0 or more, not ${tolerance}`);
  let kept = keptKnots(x, y, tolerance);
  if (kept.length > most) {
    // A straight line between the ends is nowhere further off than the range.
    let [low, high] = [tolerance, ((y.at(-1) ?? NaN) - (y[0] ?? NaN)) * (1 + 1e-9)];
    for (let i = 0; i < HALVINGS; i++) {
      const middle = (low + high) / 2;
      if (keptKnots(x, y, middle).length > most) low = middle;
      else high = middle;
    }
    kept = keptKnots(x, y, high);
  }
  return {
    x: kept.map((place) => x[place] ?? NaN),
    y: kept.map((place) => y[place] ?? NaN),
    deviation: deviationOf(x, y, kept),
  };
}

/** Places of the knots that stay, ascending. */
function keptKnots(x: readonly number[], y: readonly number[], tolerance: number): number[] {
  const kept = [0];
  let from = 0;
  while (from < x.length - 1) {
    from = reachedFrom(from, x, y, tolerance);
    kept.push(from);
  }
  return kept;
}

/** The last knot that a line may end in. The slopes of lines that pass every knot so far closely enough lie between two. */
function reachedFrom(from: number, x: readonly number[], y: readonly number[], tolerance: number): number {
  const [x0, y0] = [x[from] ?? NaN, y[from] ?? NaN];
  let [lowest, highest] = [-Infinity, Infinity];
  let reached = from + 1;
  for (let to = from + 1; to < x.length && lowest <= highest; to++) {
    const [run, rise] = [(x[to] ?? NaN) - x0, (y[to] ?? NaN) - y0];
    const slope = rise / run;
    if (lowest <= slope && slope <= highest) reached = to;
    lowest = Math.max(lowest, (rise - tolerance) / run);
    highest = Math.min(highest, (rise + tolerance) / run);
  }
  return reached;
}

/** Both functions are straight between knots of the first, so that they differ most at one of those. */
function deviationOf(x: readonly number[], y: readonly number[], kept: readonly number[]): number {
  let largest = 0;
  for (let k = 1; k < kept.length; k++) {
    const [from, to] = [kept[k - 1] ?? NaN, kept[k] ?? NaN];
    const [x0, y0] = [x[from] ?? NaN, y[from] ?? NaN];
    const [run, rise] = [(x[to] ?? NaN) - x0, (y[to] ?? NaN) - y0];
    for (let i = from + 1; i < to; i++) {
      largest = Math.max(largest, Math.abs(y0 + rise * (((x[i] ?? NaN) - x0) / run) - (y[i] ?? NaN)));
    }
  }
  return largest;
}
