import type { Tensor } from '../core/tensor.ts';
import { logSoftmax } from '../ops/activation.ts';
import { div, maximum, mul, neg, sub } from '../ops/elementwise.ts';
import { argMax, sum } from '../ops/reduce.ts';
import { cast, equalMask } from '../ops/select.ts';
import { reshape } from '../ops/shape.ts';
import { constant } from '../ops/source.ts';

/** 0/1 rows: indices [i…] (int32) → float32 [i…, depth]. */
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
 * Mean cross-entropy in nats over the targets that are not `ignore`.
 * @param logits [..., V]
 * @param targets [...] int32
 */
export const crossEntropy = (logits: Tensor, targets: Tensor, ignore: number): Tensor =>
  neg(meanCounted(sum(mul(logSoftmax(logits), oneHot(targets, logits.size(-1))), -1), targets, ignore));

/** Share, among the targets that are not `ignore`, of those with the largest logit. */
export const accuracy = (logits: Tensor, targets: Tensor, ignore: number): Tensor =>
  meanCounted(equalMask(cast(argMax(logits), 'int32'), targets), targets, ignore);
