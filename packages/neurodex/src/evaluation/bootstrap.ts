import { Random } from '@neurodex/autograd';
import { normalCdf, normalQuantile } from './normal.ts';

/** A confidence interval: its lower and its upper end. */
export type Interval = readonly [low: number, high: number];

export const CONFIDENCE = 0.95;
export const RESAMPLES = 10_000;

export interface BootstrapOptions {
  /** Makes the intervals repeatable. */
  readonly seed: number;
  readonly resamples?: number;
  readonly confidence?: number;
}

/**
 * Bootstrap confidence intervals of means over queries: queries are drawn with replacement, and the interval is cut from
 * the distribution of the means by the bias-corrected and accelerated method (BCa, Efron 1987, "Better bootstrap
 * confidence intervals"), which keeps its level for skewed values as those of measures are. All columns are drawn
 * together, so that they speak of the same resamples. Values that are all alike give an interval without width: the
 * bootstrap knows no query but those it saw.
 * @param columns per measure its value for each query; columns of one length n ≥ 1
 */
export function bootstrapIntervals(
  columns: readonly (readonly number[])[],
  { seed, resamples = RESAMPLES, confidence = CONFIDENCE }: BootstrapOptions,
): Interval[] {
  const n = columns[0]?.length ?? 0;
  if (columns.length > 0 && n === 0) throw new RangeError('there is nothing to resample');
  const other = columns.find((column) => column.length !== n);
  if (other !== undefined) throw new RangeError(`a column has ${other.length} values where another has ${n}`);
  // What does not vary has no distribution to draw.
  const varying = columns.map((column) =>
    column.some((value) => value !== column[0])
      ? { values: Float64Array.from(column), means: new Float64Array(resamples) }
      : undefined,
  );
  const random = Random.stream(seed, 'bootstrap');
  const drawn = new Int32Array(n);
  // A query more or less likely by n/2³² does not matter here, and a division saved for each draw does.
  const scale = n / 2 ** 32;
  for (let b = 0; b < resamples; b++) {
    for (let i = 0; i < n; i++) drawn[i] = random.uint32() * scale;
    for (const column of varying) if (column !== undefined) column.means[b] = sumOf(column.values, drawn) / n;
  }
  return columns.map((column, c) => {
    const resampled = varying[c];
    const [value = NaN] = column;
    return resampled === undefined ? [value, value] : accelerated(column, resampled.means.sort(), confidence);
  });
}

function sumOf(values: Float64Array, drawn: Int32Array): number {
  let sum = 0;
  for (let i = 0; i < drawn.length; i++) sum += values[drawn[i] ?? NaN] ?? NaN;
  return sum;
}

/** BCa of a mean. @param means of the resamples, ascending */
function accelerated(values: readonly number[], means: Float64Array, confidence: number): Interval {
  const n = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / n;
  // Sums of the same values in another order differ in their last digits, and are no less than the mean for that.
  const slack = 1e-12 * Math.max(1, Math.abs(mean));
  let [below, equal] = [0, 0];
  for (const resampled of means) {
    if (Math.abs(resampled - mean) <= slack) equal++;
    else if (resampled < mean) below++;
  }
  const bias = normalQuantile((below + equal / 2) / means.length);
  // The jackknife estimate for a mean, in closed form.
  let [squares, cubes] = [0, 0];
  for (const value of values) {
    squares += (value - mean) ** 2;
    cubes += (value - mean) ** 3;
  }
  const acceleration = squares ** 1.5 > 0 ? cubes / (6 * squares ** 1.5) : 0;
  const end = (probability: number): number => {
    const z = bias + normalQuantile(probability);
    const shifted = bias + z / (1 - acceleration * z);
    return quantile(means, Number.isFinite(bias) ? normalCdf(shifted) : probability);
  };
  return [end((1 - confidence) / 2), end((1 + confidence) / 2)];
}

/** By linear interpolation between order statistics (Hyndman & Fan 1996, type 7). @param sorted ascending */
export function quantile(sorted: Float64Array, probability: number): number {
  const at = probability * (sorted.length - 1);
  const low = Math.floor(at);
  const [a, b] = [sorted[low] ?? NaN, sorted[Math.min(low + 1, sorted.length - 1)] ?? NaN];
  return a + (at - low) * (b - a);
}
