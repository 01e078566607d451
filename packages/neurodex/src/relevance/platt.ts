import { fitLogistic, type LogisticFit } from './logistic.ts';

export interface PlattOptions {
  /** Above 0, one for each score; 1 by default. */
  readonly weights?: ArrayLike<number> | undefined;
  /** Whether the targets are Platt's, by default, and not 0 and 1. */
  readonly smoothing?: boolean | undefined;
}

/**
 * Platt scaling: logistic regression on a score alone, without a penalty (Platt 1999). By his targets (N₊+1)/(N₊+2) for label 1 and
 * 1/(N₋+2) for 0, where N₊ and N₋ are the weights of both, probabilities stay off 0 and 1 even where a score parts the labels.
 * @param scores [n], finite @param labels [n], 0 or 1
 * @throws RangeError as `fitLogistic`; with smoothing, labels may be all alike
 */
export function fitPlatt(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  { weights, smoothing = true }: PlattOptions = {},
): LogisticFit {
  if (scores.length !== labels.length)
    throw new RangeError(`there are ${scores.length} scores and ${labels.length} labels`);
  let [positive, negative] = [0, 0];
  for (let i = 0; i < labels.length; i++) {
    const [label, weight] = [labels[i] ?? NaN, weights === undefined ? 1 : (weights[i] ?? NaN)];
    if (label !== 0 && label !== 1) throw new RangeError(`label ${i} is ${label}, and not 0 or 1`);
    if (label === 1) positive += weight;
    else negative += weight;
  }
  const [high, low] = smoothing ? [(positive + 1) / (positive + 2), 1 / (negative + 2)] : [1, 0];
  const targets = Float64Array.from(labels, (label) => (label === 1 ? high : low));
  return fitLogistic(scores, targets, { weights, l2: 0 });
}
