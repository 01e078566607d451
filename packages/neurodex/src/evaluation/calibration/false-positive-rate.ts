export interface FalsePositiveRate {
  /** Share of unknown queries that are taken for known, 0 … 1. */
  readonly rate: number;
  /** Queries with this score or a higher one are taken for known. */
  readonly threshold: number;
}

/**
 * FPR at 95 % TPR, as in the detection of inputs of another distribution (Liang, Li & Srikant 2018): the share of unknown queries that
 * pass the highest threshold which at least 95 % of the known ones pass.
 * @param known scores that should be high @param unknown scores that should be low; both may hold infinities
 * @param truePositiveRate above 0, 1 at the most
 * @returns undefined where either is empty
 * @throws RangeError for NaN, and a rate that is not as stated
 */
export function falsePositiveRate(
  known: ArrayLike<number>,
  unknown: ArrayLike<number>,
  truePositiveRate = 0.95,
): FalsePositiveRate | undefined {
  if (!(truePositiveRate > 0 && truePositiveRate <= 1)) {
    throw new RangeError(`a true-positive rate is above 0 and at most 1, and not ${truePositiveRate}`);
  }
  if (known.length === 0 || unknown.length === 0) return undefined;
  const sorted = known instanceof Float32Array ? known.slice().sort() : Float64Array.from(known).sort();
  // 0.95 · 100 may be a last digit above the whole number that it means.
  const passing = Math.ceil(truePositiveRate * sorted.length - 1e-9);
  const threshold = sorted[sorted.length - passing] ?? NaN;
  if (Number.isNaN(sorted.at(-1))) throw new RangeError('a score of a known query is NaN');
  let passed = 0;
  for (let i = 0; i < unknown.length; i++) {
    const score = unknown[i] ?? NaN;
    if (Number.isNaN(score)) throw new RangeError(`score ${i} of an unknown query is NaN`);
    if (score >= threshold) passed++;
  }
  return { rate: passed / unknown.length, threshold };
}
