import { accuracy, cast, crossEntropy, select, type Tensor } from '@neurodex/autograd';
import type { Geometry } from './geometry.ts';
import { decode, encode, type ForwardOptions, fixedPlan, packedLayout } from './network.ts';
import type { NamedTensors } from './patches.ts';

export interface Batch {
  /** As `shownType` has them (geometry.ts). */
  readonly pictures: Tensor;
  /** int32 [R·M, B]: BOS and digits of R identifiers, one identifier after another. */
  readonly tokens: Tensor;
  /** int32 [R·M, B]: the token after each; PAD does not count. */
  readonly targets: Tensor;
  /** uint8 [R·M, B, V], 0 or 1: which tokens the trie allows there. Left out: all of them. */
  readonly allowed?: Tensor;
}

/** Teacher forcing in one pass (design: "one pass per step"): mean cross-entropy over all identifiers' tokens. */
export function dsiLoss(
  parameters: NamedTensors,
  batch: Batch,
  geometry: Geometry,
  options: ForwardOptions,
): { loss: Tensor; tokenAccuracy: Tensor; logits: Tensor } {
  const identifiers = batch.tokens.size(0) / geometry.tokens;
  const memory = encode(parameters, batch.pictures, geometry, options);
  const plan = fixedPlan(batch.tokens, packedLayout(identifiers, geometry.tokens), geometry.patches);
  const all = decode(parameters, memory, batch.tokens, plan, geometry, options);
  const logits = batch.allowed === undefined ? all : select(cast(batch.allowed, 'float32'), all, -1e9);
  return {
    loss: crossEntropy(logits, batch.targets, geometry.pad),
    tokenAccuracy: accuracy(logits, batch.targets, geometry.pad),
    logits,
  };
}
