import type { Tensor } from '../core/tensor.ts';
import { standardize } from '../ops/activation.ts';
import { add, mul } from '../ops/elementwise.ts';
import { gemm } from '../ops/matmul.ts';
import { reshape } from '../ops/shape.ts';

/** What a linear layer is made of. */
export interface LinearWeights {
  /** [in, out] */
  readonly weight: Tensor;
  /** [out] */
  readonly bias: Tensor;
}

/** What a layer norm is made of. */
export interface NormWeights {
  /** Gain [D] */
  readonly weight: Tensor;
  /** [D] */
  readonly bias: Tensor;
}

/** x·weight + bias over the last axis: [..., in] → [..., out]. */
export function linear(x: Tensor, { weight, bias }: LinearWeights): Tensor {
  const rows = reshape(x, [-1, x.size(-1)]);
  return reshape(gemm(rows, weight, bias), [...x.shape.slice(0, -1), weight.size(1)]);
}

/** Layer normalisation over the last axis (Ba, Kiros & Hinton 2016). */
export const layerNorm = (x: Tensor, { weight, bias }: NormWeights, epsilon = 1e-5): Tensor =>
  add(mul(standardize(x, epsilon), weight), bias);

/**
 * layerNorm followed by linear, with gain and bias folded into the matrix: x̂·(gain∘W) + (bias·W + b). The same
 * function and the same gradients; what touches every row of x becomes work on the small matrix.
 */
export const foldNorm = (norm: NormWeights, linear: LinearWeights): LinearWeights => ({
  weight: mul(reshape(norm.weight, [-1, 1]), linear.weight),
  bias: foldBias(norm.bias, linear).bias,
});

/** A bias [in] of every row, taken into the linear layer behind it: (x + c)·W + b = x·W + (c·W + b). */
export const foldBias = (before: Tensor, { weight, bias }: LinearWeights): LinearWeights => ({
  weight,
  bias: add(reshape(gemm(reshape(before, [1, -1]), weight), [-1]), bias),
});
