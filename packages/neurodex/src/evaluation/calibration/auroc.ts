import { ascendingOrder } from '../../relevance/ascending-order.ts';
import { CONFIDENCE, type Interval } from '../bootstrap.ts';
import { normalQuantile } from '../normal.ts';

export interface Auroc {
  /** 0 … 1; 0.5 where scores tell nothing. */
  readonly auroc: number;
  /** By DeLong et al.; null where a side has one score only. */
  readonly standardError: number | null;
  /** auroc ± z · standard error, cut at 0 and 1; null with it. Without width where a threshold parts the two sides. */
  readonly interval: Interval | null;
}

/**
 * Area under the receiver operating characteristic: how often the score of a known query is above that of an unknown one, where equal
 * scores count as half (Hanley & McNeil 1982; the statistic of Mann & Whitney 1947). With the standard error of DeLong, DeLong &
 * Clarke-Pearson 1988, from ranks by Sun & Xu 2014 in O(n log n).
 * @param known scores that should be high, [m] @param unknown scores that should be low, [n]; both may hold infinities
 * @returns undefined where either is empty
 * @throws RangeError for NaN
 */
export function auroc(
  known: ArrayLike<number>,
  unknown: ArrayLike<number>,
  confidence: number = CONFIDENCE,
): Auroc | undefined {
  const [m, n] = [known.length, unknown.length];
  if (m === 0 || n === 0) return undefined;
  const all = joined(known, unknown);
  const together = midranks(all);
  const [ofKnown, ofUnknown] = [midranks(all.subarray(0, m)), midranks(all.subarray(m))];
  // For each known score the share of unknown ones below it, and for each unknown one that of the known above it.
  const below = ofKnown.map((rank, i) => ((together[i] ?? NaN) - rank) / n);
  const above = ofUnknown.map((rank, i) => 1 - ((together[m + i] ?? NaN) - rank) / m);
  const mean = below.reduce((a, b) => a + b, 0) / m;
  if (m === 1 || n === 1) return { auroc: mean, standardError: null, interval: null };
  const standardError = Math.sqrt(variance(below, mean) / m + variance(above, mean) / n);
  const reach = normalQuantile((1 + confidence) / 2) * standardError;
  return { auroc: mean, standardError, interval: [Math.max(0, mean - reach), Math.min(1, mean + reach)] };
}

/** Single precision where both have it: such scores are sorted in half the time. */
function joined(a: ArrayLike<number>, b: ArrayLike<number>): Float32Array | Float64Array {
  const single = a instanceof Float32Array && b instanceof Float32Array;
  const all = new (single ? Float32Array : Float64Array)(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}

/** Ranks from 1; equal values share the mean of theirs. */
function midranks(values: ArrayLike<number>): Float64Array {
  const order = ascendingOrder(values);
  const ranks = new Float64Array(values.length);
  let from = 0;
  while (from < order.length) {
    const value = values[order[from] ?? NaN];
    let to = from + 1;
    while (to < order.length && values[order[to] ?? NaN] === value) to++;
    for (let i = from; i < to; i++) ranks[order[i] ?? NaN] = (from + 1 + to) / 2;
    from = to;
  }
  return ranks;
}

/** Of a sample. */
const variance = (values: Float64Array, mean: number): number =>
  values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
