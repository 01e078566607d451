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

/**
 * x·weight + bias over the last axis: [..., in] → [..., out].
 * @example
 * ```ts
 * import { float32, linear, loadable, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const types = { x: float32(1, 2), weight: float32(2, 2), bias: float32(2) };
 * const graph = trace(types, ({ x, weight, bias }) => ({ y: linear(x, { weight, bias }) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * const feeds = { x: Float32Array.of(1, 10), weight: Float32Array.of(1, 2, 3, 4), bias: Float32Array.of(100, 200) };
 * console.log((await session.run(feeds)).y); // → Float32Array(2) [ 131, 242 ]
 * ```
 */
export function linear(x: Tensor, { weight, bias }: LinearWeights): Tensor {
  const rows = reshape(x, [-1, x.size(-1)]);
  return reshape(gemm(rows, weight, bias), [...x.shape.slice(0, -1), weight.size(1)]);
}

/**
 * Layer normalisation over the last axis (Ba, Kiros & Hinton 2016): [..., D] → [..., D].
 * @param epsilon added to the variance
 * @example
 * ```ts
 * import { float32, layerNorm, loadable, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const types = { x: float32(2), weight: float32(2), bias: float32(2) };
 * const graph = trace(types, ({ x, weight, bias }) => ({ y: layerNorm(x, { weight, bias }, 0) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * // The mean of 4 and 6 is 5 and their deviation 1: -1 and 1, times 3 plus 0.5.
 * const feeds = { x: Float32Array.of(4, 6), weight: Float32Array.of(3, 3), bias: Float32Array.of(0.5, 0.5) };
 * console.log((await session.run(feeds)).y); // → Float32Array(2) [ -2.5, 3.5 ]
 * ```
 */
export const layerNorm = (x: Tensor, { weight, bias }: NormWeights, epsilon = 1e-5): Tensor =>
  add(mul(standardize(x, epsilon), weight), bias);

/**
 * layerNorm followed by linear, with gain and bias [in] folded into the matrix [in, out]: x̂·(gain∘W) + (bias·W + b). The
 * same function and the same gradients; what touches every row of x becomes work on the small matrix.
 * @returns the linear layer that follows `standardize`
 * @example
 * ```ts
 * import { float32, foldNorm, layerNorm, linear, loadable, standardize, sub, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const types = { x: float32(3, 2), gain: float32(2), offset: float32(2), weight: float32(2, 1), bias: float32(1) };
 * const graph = trace(types, ({ x, gain, offset, weight, bias }) => {
 *   const [norm, layer] = [{ weight: gain, bias: offset }, { weight, bias }];
 *   const folded = linear(standardize(x), foldNorm(norm, layer));
 *   return { folded, difference: sub(folded, linear(layerNorm(x, norm), layer)) };
 * });
 * const session = await nodeRuntime().load(loadable(graph));
 * const [x, gain, offset] = [Float32Array.of(1, 3, 2, 0, 5, 5), Float32Array.of(2, 4), Float32Array.of(1, 1)];
 * const { folded, difference } = await session.run({ x, gain, offset, weight: Float32Array.of(1, 1), bias: Float32Array.of(8) });
 * console.log(folded?.length, difference?.every((d) => Math.abs(Number(d)) < 1e-4)); // → 3 true
 * ```
 */
export const foldNorm = (norm: NormWeights, linear: LinearWeights): LinearWeights => ({
  weight: mul(reshape(norm.weight, [-1, 1]), linear.weight),
  bias: foldBias(norm.bias, linear).bias,
});

/**
 * A bias [in] of every row, taken into the linear layer [in, out] behind it: (x + c)·W + b = x·W + (c·W + b).
 * @example
 * ```ts
 * import { float32, foldBias, loadable, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const types = { before: float32(2), weight: float32(2, 1), bias: float32(1) };
 * const graph = trace(types, ({ before, weight, bias }) => ({ y: foldBias(before, { weight, bias }).bias }));
 * const session = await nodeRuntime().load(loadable(graph));
 * const feeds = { before: Float32Array.of(1, 2), weight: Float32Array.of(10, 100), bias: Float32Array.of(5) };
 * console.log((await session.run(feeds)).y); // → Float32Array(1) [ 215 ]
 * ```
 */
export const foldBias = (before: Tensor, { weight, bias }: LinearWeights): LinearWeights => ({
  weight,
  bias: add(reshape(gemm(reshape(before, [1, -1]), weight), [-1]), bias),
});
