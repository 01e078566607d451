import { solvePositive } from './solve-positive.ts';

/** Examples of logistic regression, with features of about one scale. */
export interface Standardised {
  /** float64 [n, F] */
  readonly rows: Float64Array;
  /** float64 [n], 0 … 1 */
  readonly labels: Float64Array;
  /** float64 [n] */
  readonly weights: Float64Array;
  /** F */
  readonly width: number;
}

/** The largest element of the gradient at the minimum, for each unit of weight of the examples. */
const TOLERANCE = 1e-10;
/** The most that a step from there changes a score. Where a line parts the labels, that does not shrink. */
const STEP = 1e-6;
/** Added to second derivatives that cannot be inverted, as of two features that are one (Lin, Lin & Weng 2007). */
const RIDGE = 1e-12;
/** Mean p·(1 − p) below which labels are certain, which they never are at a minimum without penalty. */
const CERTAIN = 1e-9;
/** Relative error of a sum of losses: what a step near the minimum gains is less. */
const ROUNDING = 1e-12;
/** The share of the expected fall that a step has to bring (Armijo 1966), and the halvings until one is given up. */
const FALL = 1e-4;
const HALVINGS = 40;

export const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

/**
 * The weights and, last, the bias of the least Σ weight·log loss + ½·λ·Σ w², by Newton's method with halved steps.
 * @returns parameters float64 [F+1]; not converged where `steps` ran out, or there is no minimum
 */
export function minimiseLogLoss(
  examples: Standardised,
  l2: number,
  steps: number,
): { readonly parameters: Float64Array; readonly converged: boolean } {
  const size = examples.width + 1;
  const total = examples.weights.reduce((a, b) => a + b, 0);
  let parameters = new Float64Array(size);
  let loss = lossAt(parameters, examples, l2);
  for (let step = 0; step < steps; step++) {
    const { gradient, curvature } = derivatives(parameters, examples, l2);
    // The second derivative of the bias is Σ weight·p·(1 − p).
    const bounded = l2 > 0 || (curvature[size * size - 1] ?? NaN) > CERTAIN * total;
    const direction = newtonDirection(gradient, curvature, total);
    if (direction === undefined) break;
    if (largest(gradient) <= TOLERANCE * total && largestScore(direction, examples) <= STEP) {
      return { parameters, converged: bounded };
    }
    const expected = gradient.reduce((sum, slope, d) => sum + slope * (direction[d] ?? NaN), 0);
    const found = lineSearch(parameters, direction, (at) => lossAt(at, examples, l2), loss, expected);
    if (found === undefined) break;
    parameters = found.parameters;
    loss = found.loss;
  }
  return { parameters, converged: false };
}

const largest = (values: Float64Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

function newtonDirection(gradient: Float64Array, curvature: Float64Array, total: number): Float64Array | undefined {
  const size = gradient.length;
  for (const ridge of [0, RIDGE * total]) {
    const [matrix, direction] = [curvature.slice(), gradient.slice()];
    for (let d = 0; d < size; d++) matrix[d * size + d] = (matrix[d * size + d] ?? NaN) + ridge;
    if (solvePositive(matrix, direction) && direction.every(Number.isFinite)) return direction;
  }
  return undefined;
}

function lineSearch(
  from: Float64Array,
  direction: Float64Array,
  lossOf: (parameters: Float64Array) => number,
  loss: number,
  expected: number,
): { readonly parameters: Float64Array<ArrayBuffer>; readonly loss: number } | undefined {
  let size = 1;
  for (let i = 0; i < HALVINGS; i++) {
    const parameters = Float64Array.from(from, (value, d) => value - size * (direction[d] ?? NaN));
    const reached = lossOf(parameters);
    if (reached <= loss * (1 + ROUNDING) - FALL * size * expected) return { parameters, loss: reached };
    size /= 2;
  }
  return undefined;
}

/** bias + Σ weight · feature of one example. */
function scoreOf(parameters: Float64Array, { rows, width }: Standardised, example: number): number {
  let sum = parameters[width] ?? NaN;
  for (let f = 0; f < width; f++) sum += (parameters[f] ?? NaN) * (rows[example * width + f] ?? NaN);
  return sum;
}

/** As a size: |bias + Σ weight · feature|. */
function largestScore(parameters: Float64Array, examples: Standardised): number {
  let most = 0;
  for (let i = 0; i < examples.labels.length; i++) most = Math.max(most, Math.abs(scoreOf(parameters, examples, i)));
  return most;
}

function lossAt(parameters: Float64Array, examples: Standardised, l2: number): number {
  const { labels, weights, width } = examples;
  let loss = 0;
  for (let i = 0; i < labels.length; i++) {
    const score = scoreOf(parameters, examples, i);
    // −label·log p − (1−label)·log(1−p) without an overflow.
    const one = Math.max(score, 0) + Math.log1p(Math.exp(-Math.abs(score))) - (labels[i] ?? NaN) * score;
    loss += (weights[i] ?? NaN) * one;
  }
  for (let f = 0; f < width; f++) loss += (l2 / 2) * (parameters[f] ?? NaN) ** 2;
  return loss;
}

/** First derivatives [F+1], and second [F+1, F+1]. */
function derivatives(parameters: Float64Array, examples: Standardised, l2: number) {
  const { rows, labels, weights, width } = examples;
  const size = width + 1;
  const [gradient, curvature] = [new Float64Array(size), new Float64Array(size * size)];
  const row = new Float64Array(size).fill(1);
  for (let i = 0; i < labels.length; i++) {
    for (let f = 0; f < width; f++) row[f] = rows[i * width + f] ?? NaN;
    const [p, weight] = [sigmoid(scoreOf(parameters, examples, i)), weights[i] ?? NaN];
    const [slope, bend] = [weight * (p - (labels[i] ?? NaN)), weight * p * (1 - p)];
    for (let a = 0; a < size; a++) {
      const xa = row[a] ?? NaN;
      gradient[a] = (gradient[a] ?? NaN) + slope * xa;
      for (let b = 0; b <= a; b++)
        curvature[a * size + b] = (curvature[a * size + b] ?? NaN) + bend * xa * (row[b] ?? NaN);
    }
  }
  for (let f = 0; f < width; f++) {
    gradient[f] = (gradient[f] ?? NaN) + l2 * (parameters[f] ?? NaN);
    curvature[f * size + f] = (curvature[f * size + f] ?? NaN) + l2;
  }
  return { gradient, curvature };
}
