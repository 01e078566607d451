/** Answers with the probability that a system gave them, and what they are. */
export interface JudgedAnswers {
  /** Probabilities, 0 … 1, [n] */
  readonly confidences: ArrayLike<number>;
  /** 1 where an answer is right, 0 where it is wrong, [n] */
  readonly right: ArrayLike<number>;
  /** ≥ 0, [n]; 1 by default. */
  readonly weights?: ArrayLike<number> | undefined;
}

/**
 * Calls for each answer.
 * @throws RangeError where lengths differ, a confidence is not in 0 … 1, `right` is not 0 or 1, or a weight is negative
 */
export function forEachAnswer(
  { confidences, right, weights }: JudgedAnswers,
  visit: (confidence: number, right: number, weight: number) => void,
): void {
  const n = confidences.length;
  if (right.length !== n || (weights !== undefined && weights.length !== n)) {
    throw new RangeError(`there are ${n} confidences, ${right.length} judgements and ${weights?.length ?? n} weights`);
  }
  for (let i = 0; i < n; i++) {
    const [confidence, judged] = [confidences[i] ?? NaN, right[i] ?? NaN];
    const weight = weights === undefined ? 1 : (weights[i] ?? NaN);
    if (!(confidence >= 0 && confidence <= 1)) throw new RangeError(`confidence ${i} is ${confidence}, not in 0 … 1`);
    if (judged !== 0 && judged !== 1) throw new RangeError(`judgement ${i} is ${judged}, and not 0 or 1`);
    if (!(weight >= 0 && weight < Infinity)) throw new RangeError(`weight ${i} is ${weight}, and not 0 or more`);
    visit(confidence, judged, weight);
  }
}
