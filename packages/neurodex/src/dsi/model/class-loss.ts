import {
  add,
  argMax,
  cast,
  div,
  greaterMask,
  logSoftmax,
  matmul,
  maximum,
  mul,
  type NamedTensors,
  neg,
  oneHot,
  parameter,
  sum,
  type Tensor,
  transpose,
} from '@neurodex/autograd';
import type { ForwardOptions } from './blocks.ts';
import type { Geometry } from './geometry.ts';
import type { DsiLoss } from './loss.ts';
import { queryStates, unit } from './state.ts';

/** Share of a target that is spread over all classes (Szegedy et al. 2016, §7): states of a class keep some distance. */
export const SMOOTHING = 0.1;

/** The parameter that has a vector for each class: [C, D]. It is of use in training alone. */
export const PROXIES = 'class.proxies';

export interface ClassBatch {
  /** As `ModelInput.type`. */
  readonly input: Tensor;
  /** float32 [B,C]: the weight of each class as a target. A row adds up to 1, or to 0 for a picture without labels. */
  readonly classes: Tensor;
}

/**
 * Normalised softmax over proxies (Zhai & Wu 2019, eq. 5): the cross-entropy of the cosines of a state with one vector for each
 * class, divided by a temperature. States of a class come to lie about its proxy; every batch says something about all classes.
 */
export function classLoss(
  parameters: NamedTensors,
  { input, classes }: ClassBatch,
  temperature: number,
  geometry: Geometry,
  options: ForwardOptions,
): DsiLoss {
  const states = queryStates(parameters, input, geometry, options);
  const proxies = unit(parameter(parameters, PROXIES));
  const logits = mul(matmul(states, transpose(proxies, [1, 0])), 1 / temperature);
  const C = classes.size(1);
  const targets = add(mul(classes, 1 - SMOOTHING), mul(sum(classes, -1, true), SMOOTHING / C));
  const count = maximum(sum(classes), 1e-9);
  const chosen = mul(oneHot(cast(argMax(logits), 'int32'), C), greaterMask(classes, 0));
  return {
    loss: div(neg(sum(mul(logSoftmax(logits), targets))), count),
    // The nearest proxy is of a class of the picture.
    tokenAccuracy: div(sum(chosen), count),
  };
}
