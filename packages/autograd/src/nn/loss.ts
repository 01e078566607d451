import type { Tensor } from '../core/tensor.ts';
import { logSoftmax } from '../ops/activation.ts';
import { div, maximum, mul, neg, sub } from '../ops/elementwise.ts';
import { argMax, sum } from '../ops/reduce.ts';
import { cast, equalMask } from '../ops/select.ts';
import { reshape } from '../ops/shape.ts';
import { constant } from '../ops/source.ts';

/**
 * 0/1 rows: indices [i…] (int32) → float32 [i…, depth]. The row of an index outside of 0 … depth−1 is all 0.
 * @example
 * ```ts
 * import { int32, loadable, oneHot, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ label: int32(2) }, ({ label }) => ({ y: oneHot(label, 3) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ label: Int32Array.of(2, 0) })).y); // → Float32Array(6) [ 0, 0, 1, 1, 0, 0 ]
 * ```
 */
export function oneHot(indices: Tensor, depth: number): Tensor {
  const classes = constant(
    indices.scope,
    'int32',
    [depth],
    Int32Array.from({ length: depth }, (_, i) => i),
  );
  return equalMask(reshape(indices, [...indices.shape, 1]), classes);
}

/** 1 where a target counts, 0 where it is `ignore`. */
const counted = (targets: Tensor, ignore: number): Tensor =>
  sub(1, equalMask(targets, constant(targets.scope, 'int32', [], Int32Array.of(ignore))));

/** Mean of values [...] over the targets [...] that are not `ignore`. */
const meanCounted = (values: Tensor, targets: Tensor, ignore: number): Tensor => {
  const weights = counted(targets, ignore);
  return div(sum(mul(values, weights)), maximum(sum(weights), 1));
};

/**
 * Mean cross-entropy in nats, a scalar, over the targets that are not `ignore`; 0 where all are.
 * @param logits [..., V]
 * @param targets [...] int32, of 0 … V−1 or `ignore`
 * @example
 * ```ts
 * import { crossEntropy, float32, int32, loadable, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const types = { logits: float32(2, 4), targets: int32(2) };
 * const graph = trace(types, ({ logits, targets }) => ({ loss: crossEntropy(logits, targets, -1) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * // Four logits that are alike: ln 4. The second target does not count.
 * const { loss } = await session.run({ logits: Float32Array.of(0, 0, 0, 0, 9, 0, 0, 0), targets: Int32Array.of(3, -1) });
 * console.log(Number(loss?.[0]).toFixed(4), Math.log(4).toFixed(4)); // → 1.3863 1.3863
 * ```
 */
export const crossEntropy = (logits: Tensor, targets: Tensor, ignore: number): Tensor =>
  neg(meanCounted(sum(mul(logSoftmax(logits), oneHot(targets, logits.size(-1))), -1), targets, ignore));

/**
 * Share, among the targets that are not `ignore`, of those with the largest logit: a scalar of 0 … 1, without a gradient.
 * @param logits [..., V]
 * @param targets [...] int32, of 0 … V−1 or `ignore`
 * @example
 * ```ts
 * import { accuracy, float32, int32, loadable, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const types = { logits: float32(3, 2), targets: int32(3) };
 * const graph = trace(types, ({ logits, targets }) => ({ right: accuracy(logits, targets, -1) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * const feeds = { logits: Float32Array.of(0, 5, 3, 1, 2, 4), targets: Int32Array.of(1, 1, -1) };
 * console.log((await session.run(feeds)).right); // → Float32Array(1) [ 0.5 ]
 * ```
 */
export const accuracy = (logits: Tensor, targets: Tensor, ignore: number): Tensor =>
  meanCounted(equalMask(cast(argMax(logits), 'int32'), targets), targets, ignore);
