import { minimiseLogLoss, type Standardised, sigmoid } from './log-loss.ts';

/** Features at the most: the matrix of second derivatives is [F+1, F+1]. */
export const MOST_FEATURES = 32;

/** p = 1 / (1 + exp(−bias − Σ weightᵢ · (featureᵢ − meanᵢ) / scaleᵢ)). Plain data, for JSON. */
export interface LogisticModel {
  readonly means: readonly number[];
  /** Standard deviations; 1 where a feature is constant. */
  readonly scales: readonly number[];
  /** Of the standardised features. */
  readonly weights: readonly number[];
  readonly bias: number;
}

export interface LogisticFit extends LogisticModel {
  /** False where the steps ran out, as where a line parts the labels and nothing holds the weights back. */
  readonly converged: boolean;
}

export interface LogisticOptions {
  /** λ of ½·λ·Σ weight², beside the sum of the losses; not of the bias. 1 by default: 1/C of scikit-learn. */
  readonly l2?: number | undefined;
  /** Above 0, one for each example; 1 by default. */
  readonly weights?: ArrayLike<number> | undefined;
  /** Steps of Newton's method at the most, 100 by default. */
  readonly steps?: number | undefined;
}

/**
 * Logistic regression with an L2 penalty: the weights and the bias with the least weighted sum of log losses + ½·λ·Σ weight², by
 * Newton's method (iteratively reweighted least squares; Hastie, Tibshirani & Friedman 2009, §4.4.1) with a line search. Features are
 * standardised by their weighted means and standard deviations.
 * @param features float [n, F], row by row, finite; F = features.length / labels.length, 1 … 32
 * @param labels [n], 0 or 1, or probabilities between
 * @throws RangeError where lengths or numbers are not as stated, or all labels are 0, or all 1
 */
export function fitLogistic(
  features: ArrayLike<number>,
  labels: ArrayLike<number>,
  { l2 = 1, weights, steps = 100 }: LogisticOptions = {},
): LogisticFit {
  const width = widthOf(features, labels, weights);
  if (!(l2 >= 0 && l2 < Infinity)) throw new RangeError(`the L2 penalty must be 0 or more, not ${l2}`);
  const { means, scales, ...examples } = standardised(features, labels, weights, width);
  const { parameters, converged } = minimiseLogLoss(examples, l2, steps);
  return {
    means: [...means],
    scales: [...scales],
    weights: [...parameters.subarray(0, width)],
    bias: parameters[width] ?? NaN,
    converged,
  };
}

/** The probability of label 1. @param features raw, [F] @throws RangeError where there are more or fewer than the model has */
export function predictLogistic({ means, scales, weights, bias }: LogisticModel, features: ArrayLike<number>): number {
  if (features.length !== weights.length) {
    throw new RangeError(`the model has ${weights.length} features, and was given ${features.length}`);
  }
  let sum = bias;
  for (let f = 0; f < weights.length; f++) {
    sum += (weights[f] ?? NaN) * (((features[f] ?? NaN) - (means[f] ?? NaN)) / (scales[f] ?? NaN));
  }
  return sigmoid(sum);
}

/** @returns F */
function widthOf(
  features: ArrayLike<number>,
  labels: ArrayLike<number>,
  weights: ArrayLike<number> | undefined,
): number {
  const n = labels.length;
  const width = features.length / n;
  if (!(Number.isInteger(width) && width >= 1 && width <= MOST_FEATURES)) {
    throw new RangeError(`${features.length} numbers are not 1 to ${MOST_FEATURES} features of ${n} examples`);
  }
  if (weights !== undefined && weights.length !== n) {
    throw new RangeError(`there are ${n} examples and ${weights.length} weights`);
  }
  for (let i = 0; i < features.length; i++) {
    if (!Number.isFinite(features[i]))
      throw new RangeError(`feature ${i % width} of example ${Math.floor(i / width)} is ${features[i]}`);
  }
  let [lowest, highest] = [1, 0];
  for (let i = 0; i < n; i++) {
    const [label, weight] = [labels[i] ?? NaN, weights === undefined ? 1 : (weights[i] ?? NaN)];
    if (!(label >= 0 && label <= 1)) throw new RangeError(`label ${i} is ${label}, and not in 0 … 1`);
    if (!(weight > 0 && weight < Infinity)) throw new RangeError(`weight ${i} must be above 0, not ${weight}`);
    lowest = Math.min(lowest, label);
    highest = Math.max(highest, label);
  }
  if (highest === 0 || lowest === 1) throw new RangeError(`all labels are ${lowest}: there is nothing to tell apart`);
  return width;
}

function standardised(
  features: ArrayLike<number>,
  labels: ArrayLike<number>,
  weights: ArrayLike<number> | undefined,
  width: number,
): Standardised & { readonly means: Float64Array; readonly scales: Float64Array } {
  const n = labels.length;
  const rows = Float64Array.from(features);
  const kept = weights === undefined ? new Float64Array(n).fill(1) : Float64Array.from(weights);
  const total = kept.reduce((a, b) => a + b, 0);
  const [means, scales] = [new Float64Array(width), new Float64Array(width)];
  for (let f = 0; f < width; f++) {
    // The shift keeps the last digits of features that are large and close together.
    const shift = rows[f] ?? NaN;
    let sum = 0;
    for (let i = 0; i < n; i++) sum += (kept[i] ?? NaN) * ((rows[i * width + f] ?? NaN) - shift);
    const mean = shift + sum / total;
    let squares = 0;
    for (let i = 0; i < n; i++) squares += (kept[i] ?? NaN) * ((rows[i * width + f] ?? NaN) - mean) ** 2;
    const deviation = Math.sqrt(squares / total);
    const scale = deviation > 1e-12 * Math.abs(mean) ? deviation : 1;
    means[f] = mean;
    scales[f] = scale;
    for (let i = 0; i < n; i++) rows[i * width + f] = ((rows[i * width + f] ?? NaN) - mean) / scale;
  }
  return { rows, labels: Float64Array.from(labels), weights: kept, width, means, scales };
}
