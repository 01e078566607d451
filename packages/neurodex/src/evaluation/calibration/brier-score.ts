import { forEachAnswer, type JudgedAnswers } from './answers.ts';

/**
 * Brier score (Brier 1950, in the form for two outcomes): weighted mean of (confidence − right)².
 * @returns 0 … 1, where 0 is best; undefined where there are no answers of any weight
 * @throws RangeError as `forEachAnswer`
 */
export function brierScore(answers: JudgedAnswers): number | undefined {
  let [squares, total] = [0, 0];
  forEachAnswer(answers, (confidence, right, weight) => {
    squares += weight * (confidence - right) ** 2;
    total += weight;
  });
  return total > 0 ? squares / total : undefined;
}
