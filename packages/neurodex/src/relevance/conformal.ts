/** Products such as 0.07 · 100 are a last digit above the whole number that they mean. */
const SLACK = 1e-9;

/** What a new score must be for its answer to be in the set: at most the threshold, or below it. */
export interface ConformalThreshold {
  readonly threshold: number;
  /** Whether an answer at the threshold itself is in the set. */
  readonly inclusive: boolean;
}

/**
 * The threshold of split conformal prediction: the ⌈(n+1)(1−α)⌉-th smallest score, that is the ⌈(n+1)(1−α)⌉/n quantile of the
 * calibration scores (Angelopoulos & Bates 2023, eq. 1; Vovk, Gammerman & Shafer 2005). The score of a query is how far one has to
 * go for its best relevant answer: a rank, or 1 − probability; Infinity where nothing relevant can be found. The set of a new
 * query is all answers whose score is at most the threshold. If the queries are exchangeable with it, the set holds a relevant answer
 * with a probability of 1−α at least, and of 1−α + 1/(n+1) at most where no scores are equal.
 * @param scores one for each calibration query, [n], in any order @param confidence 1−α, between 0 and 1
 * @returns Infinity where n is below `fewestQueries`, or so many queries have nothing relevant: only the whole catalogue is sure enough
 * @throws RangeError for a score that is NaN, and a confidence that is not between 0 and 1
 */
export function conformalQuantile(scores: ArrayLike<number>, confidence: number): number {
  checkConfidence(confidence);
  const sorted = ascending(scores);
  return sorted[rankOf(sorted.length, confidence) - 1] ?? Infinity;
}

/** The smallest number of calibration queries with which a threshold of a confidence can be finite: ⌈(1−α)/α⌉. */
export function fewestQueries(confidence: number): number {
  checkConfidence(confidence);
  return Math.ceil(confidence / (1 - confidence) - SLACK);
}

/**
 * The threshold whose coverage is 1−α exactly, also where scores are equal, as ranks are: an answer of score s is in the set where
 * its smoothed p-value (Vovk, Gammerman & Shafer 2005, §2.2: (|sᵢ > s| + u·(|sᵢ = s| + 1)) / (n+1)) is above α. It never rises with s,
 * so that one threshold says the same.
 * @param scores as of `conformalQuantile` @param uniform u, uniform in 0 … 1: drawn anew for each query, not for each answer
 * @returns threshold −Infinity where the set is empty, Infinity and inclusive where it is the whole catalogue
 * @throws RangeError as `conformalQuantile`, and where u is not in 0 … 1
 */
export function randomisedThreshold(
  scores: ArrayLike<number>,
  confidence: number,
  uniform: number,
): ConformalThreshold {
  checkConfidence(confidence);
  if (!(uniform >= 0 && uniform <= 1)) throw new RangeError(`a uniform number is in 0 … 1, and not ${uniform}`);
  const sorted = ascending(scores);
  // As whole numbers of scores, so that last digits do not matter.
  const needed = (sorted.length + 1) * (1 - confidence) + SLACK;
  if (uniform > needed) return { threshold: Infinity, inclusive: true };
  let above = 0;
  while (above < sorted.length) {
    const threshold = sorted[sorted.length - 1 - above] ?? NaN;
    let equal = 1;
    while (sorted[sorted.length - 1 - above - equal] === threshold) equal++;
    if (above + uniform * (equal + 1) > needed) return { threshold, inclusive: true };
    above += equal;
    if (above + uniform > needed) return { threshold, inclusive: false };
  }
  return { threshold: -Infinity, inclusive: false };
}

/** The place of the threshold among n ascending scores, from 1; beyond n where there are too few. */
const rankOf = (n: number, confidence: number): number => Math.ceil((n + 1) * confidence - SLACK);

function ascending(scores: ArrayLike<number>): Float64Array {
  const sorted = Float64Array.from(scores).sort();
  // Typed arrays sort NaN to their end.
  if (Number.isNaN(sorted.at(-1))) throw new RangeError('a score of a calibration query is NaN');
  return sorted;
}

function checkConfidence(confidence: number): void {
  if (!(confidence > 0 && confidence < 1))
    throw new RangeError(`confidence must be between 0 and 1, not ${confidence}`);
}
