import type { JudgedAnswers } from './answers.ts';
import { type ReliabilityBin, reliabilityBins } from './reliability.ts';

/**
 * Expected calibration error (Guo et al. 2017, eq. 3; Naeini, Cooper & Hauskrecht 2015): over bins of confidence, the weighted mean
 * difference between how often answers are right and how often they were expected to be. Bins are closed below, where Guo et al.
 * close them above.
 * @param bins 15 by default
 * @returns 0 … 1; 0 where there are no answers
 * @throws RangeError as `reliabilityBins`
 */
export const calibrationError = (answers: JudgedAnswers, bins?: number): number =>
  calibrationErrorOf(reliabilityBins(answers, bins));

/** The same, of the bins of a reliability diagram. */
export function calibrationErrorOf(bins: readonly ReliabilityBin[]): number {
  let [difference, total] = [0, 0];
  for (const { weight, confidence, accuracy } of bins) {
    total += weight;
    if (confidence !== null && accuracy !== null) difference += weight * Math.abs(accuracy - confidence);
  }
  return total === 0 ? 0 : difference / total;
}
