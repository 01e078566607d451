import { matmul, mul, type NamedTensors, type Tensor, transpose } from '@neurodex/autograd';
import type { ForwardOptions } from './blocks.ts';
import type { Geometry } from './geometry.ts';
import type { DsiLoss } from './loss.ts';
import { shareLoss } from './share-loss.ts';
import { queryStates } from './state.ts';

export interface TextBatch {
  /** As `ModelInput.type`. */
  readonly input: Tensor;
  /** States of K pictures, unit vectors, float32 [K,D]; they are not trained. */
  readonly pictures: Tensor;
  /** float32 [B,K]: the weight of each picture as a target of each text. A row adds up to 1. */
  readonly shares: Tensor;
}

/**
 * Contrastive loss of texts against pictures whose states stay as they are (Zhai et al. 2022, LiT: the image tower is locked,
 * §3.1): the cross-entropy of the cosines of a text with K pictures, divided by a temperature.
 */
export function textLoss(
  parameters: NamedTensors,
  { input, pictures, shares }: TextBatch,
  temperature: number,
  geometry: Geometry,
  options: ForwardOptions,
): DsiLoss {
  const states = queryStates(parameters, input, geometry, options);
  const logits = mul(matmul(states, transpose(pictures, [1, 0])), 1 / temperature);
  return shareLoss(logits, shares);
}
