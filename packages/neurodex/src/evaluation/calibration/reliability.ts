import { forEachAnswer, type JudgedAnswers } from './answers.ts';

/** Bins of a reliability diagram, and of the calibration error: as many as in Guo et al. 2017. */
export const BINS = 15;

/** One bar of a reliability diagram. */
export interface ReliabilityBin {
  /** Confidences of this and above. */
  readonly from: number;
  /** And below this; the last bin holds 1 as well. */
  readonly to: number;
  /** Answers in it. */
  readonly count: number;
  /** Sum of the weights of its answers: `count` where they have none. */
  readonly weight: number;
  /** Weighted mean, 0 … 1; null in a bin without weight. */
  readonly confidence: number | null;
  /** Weighted share of right answers, 0 … 1; null in a bin without weight. */
  readonly accuracy: number | null;
}

/**
 * The data of a reliability diagram (DeGroot & Fienberg 1983; Guo et al. 2017, §2): answers in bins of equal width by confidence.
 * @throws RangeError as `forEachAnswer`, and for less than one bin
 */
export function reliabilityBins(answers: JudgedAnswers, bins: number = BINS): ReliabilityBin[] {
  if (!(Number.isInteger(bins) && bins >= 1)) throw new RangeError(`bins must be a whole number from 1, not ${bins}`);
  const [counts, weights] = [new Float64Array(bins), new Float64Array(bins)];
  const [confidences, rights] = [new Float64Array(bins), new Float64Array(bins)];
  forEachAnswer(answers, (confidence, right, weight) => {
    const bin = Math.min(bins - 1, Math.floor(confidence * bins));
    counts[bin] = (counts[bin] ?? NaN) + 1;
    weights[bin] = (weights[bin] ?? NaN) + weight;
    confidences[bin] = (confidences[bin] ?? NaN) + weight * confidence;
    rights[bin] = (rights[bin] ?? NaN) + weight * right;
  });
  return Array.from(weights, (weight, bin) => ({
    from: bin / bins,
    to: (bin + 1) / bins,
    count: counts[bin] ?? NaN,
    weight,
    confidence: weight > 0 ? (confidences[bin] ?? NaN) / weight : null,
    accuracy: weight > 0 ? (rights[bin] ?? NaN) / weight : null,
  }));
}
