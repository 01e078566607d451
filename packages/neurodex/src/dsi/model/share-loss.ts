import {
  argMax,
  cast,
  div,
  greaterMask,
  logSoftmax,
  maximum,
  mul,
  neg,
  oneHot,
  sum,
  type Tensor,
} from '@neurodex/autograd';
import type { DsiLoss } from './loss.ts';

/**
 * Cross-entropy of logits with the weights of targets, the mean over rows that have any.
 * @param logits float32 [B,K] @param shares float32 [B,K]: a row adds up to 1, or to 0 where it has no target
 */
export function shareLoss(logits: Tensor, shares: Tensor): DsiLoss {
  const count = maximum(sum(shares), 1e-9);
  const chosen = mul(oneHot(cast(argMax(logits), 'int32'), shares.size(1)), greaterMask(shares, 0));
  return {
    loss: div(neg(sum(mul(logSoftmax(logits), shares))), count),
    // The largest logit is of a target.
    tokenAccuracy: div(sum(chosen), count),
  };
}
