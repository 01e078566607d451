import { constant, matmul, mul, type NamedTensors, sub, type Tensor, transpose } from '@neurodex/autograd';
import { MASKED } from './attention-mask.ts';
import type { ForwardOptions } from './blocks.ts';
import type { Geometry } from './geometry.ts';
import type { DsiLoss } from './loss.ts';
import { shareLoss } from './share-loss.ts';
import { queryStates } from './state.ts';

export interface PairBatch {
  /** As `ModelInput.type`. */
  readonly input: Tensor;
  /**
   * float32 [B,B]: the weight of each picture of the batch as a target of each other. A row adds up to 1, or to 0 where nothing in
   * the batch is relevant to its picture; the diagonal is 0.
   */
  readonly shares: Tensor;
}

/**
 * Supervised contrastive loss (Khosla et al. 2020, eq. 2): each picture of a batch is a query for those that are relevant to
 * it, among all others of the batch, by the cosine of their states divided by a temperature. States that it trains lie near
 * each other where pictures are relevant to each other, whatever the catalogue will be.
 */
export function contrastiveLoss(
  parameters: NamedTensors,
  { input, shares }: PairBatch,
  temperature: number,
  geometry: Geometry,
  options: ForwardOptions,
): DsiLoss {
  const B = shares.size(0);
  const states = queryStates(parameters, input, geometry, options);
  const own = Float32Array.from({ length: B * B }, (_, i) => (i % (B + 1) === 0 ? -MASKED : 0));
  const cosines = matmul(states, transpose(states, [1, 0]));
  const logits = sub(mul(cosines, 1 / temperature), constant(input.scope, 'float32', [B, B], own));
  return shareLoss(logits, shares);
}
