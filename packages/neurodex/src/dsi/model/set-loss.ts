import {
  argMax,
  cast,
  constant,
  div,
  logSoftmax,
  maximum,
  mul,
  type NamedTensors,
  neg,
  oneHot,
  reshape,
  select,
  sum,
  type Tensor,
} from '@neurodex/autograd';
import { MASKED } from './attention-mask.ts';
import type { ForwardOptions } from './blocks.ts';
import type { Geometry } from './geometry.ts';
import { type DsiLoss, logitsOf } from './loss.ts';
import type { NodePlan } from './node-plan.ts';

export interface SetBatch {
  /** As `ModelInput.type`. */
  readonly input: Tensor;
  /**
   * float32 [T,B,V]: at each trie node, the weight of the target identifiers that continue with each token. A row adds up to
   * the weight of those that pass the node.
   */
  readonly shares: Tensor;
}

/**
 * The cross-entropy of a whole set of target identifiers, not of a sample of them: −Σᵣ w(r)·log p(r), with p(r) the
 * product of its tokens' probabilities among those that the trie allows. Shared prefixes are computed once, at the nodes
 * of the trie; the result is divided by the decisions on the way, so that it is a mean per token, as `dsiLoss` is.
 * @param plan all branching nodes of the trie, T positions
 * @param allowed uint8 [T,V], 0 or 1: the children of each node
 */
export function setLoss(
  parameters: NamedTensors,
  { input, shares }: SetBatch,
  plan: NodePlan,
  allowed: Uint8Array,
  geometry: Geometry,
  options: ForwardOptions,
): DsiLoss {
  const [T, V] = [plan.tokens.length, geometry.vocabulary];
  const tokens = constant(input.scope, 'int32', [T, 1], plan.tokens);
  const decoded = logitsOf(parameters, input, tokens, plan.layout, geometry, options);
  const mask = reshape(constant(input.scope, 'float32', [T, V], Float32Array.from(allowed)), [T, 1, V]);
  const logits = select(mask, decoded, MASKED);
  const decisions = maximum(sum(shares), 1e-9);
  const chosen = mul(oneHot(cast(argMax(logits), 'int32'), V), shares);
  return {
    loss: div(neg(sum(mul(logSoftmax(logits), shares))), decisions),
    // A right choice is one of the target tokens, and counts with the weight that passes the node.
    tokenAccuracy: div(sum(mul(div(chosen, maximum(chosen, 1e-9)), sum(shares, -1, true))), decisions),
  };
}
