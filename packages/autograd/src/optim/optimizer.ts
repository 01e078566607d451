import type { Tensor } from '../core/tensor.ts';
import type { ParameterRange } from '../nn/parameters.ts';

/** What an update sees; all vectors are flat, [n]. */
export interface UpdateContext {
  /** Before the step. */
  readonly parameters: Tensor;
  /** The gradient, or what the transformation before made of it. */
  readonly gradient: Tensor;
  /** This transformation's own vectors, by name. */
  readonly moments: Readonly<Record<string, Tensor>>;
  /** Fed at every step: a scalar. */
  readonly learningRate: Tensor;
  /** Number of this step, from 1: a scalar. */
  readonly step: Tensor;
  /** Where weight decay pulls: 0 or 1 for each parameter, [n]. */
  readonly decayed: Tensor;
  /** Which parameters the vectors hold, in their order. */
  readonly layout: readonly ParameterRange[];
}

/** What an update gives. */
export interface UpdateResult {
  /** What becomes of the gradient; the last one is added to the parameters. */
  readonly gradient: Tensor;
  /** Of the next step, by name. */
  readonly moments: Readonly<Record<string, Tensor>>;
  /** Scalars worth reporting. */
  readonly metrics?: Readonly<Record<string, Tensor>>;
}

/**
 * A gradient transformation as an init/update pair (after Optax): moments start at zero, `update` is traced into the
 * training graph. The last one's result is added to the parameters.
 */
export interface Optimizer {
  /** Names of the flat vectors it keeps between steps. */
  readonly moments: readonly string[];
  /** One step: what becomes of the gradient, and the moments of the next step. */
  update(context: UpdateContext): UpdateResult;
}

/**
 * One transformation after the other; each takes the gradient that the one before gives.
 * @throws RangeError where two keep a moment of the same name
 * @example
 * ```ts
 * import { adamW, chain, float32, mul, type Optimizer, sum, Trainer, TrainingState, zeros } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const twice: Optimizer = { moments: [], update: ({ gradient }) => ({ gradient: mul(gradient, 2), moments: {} }) };
 * const [parameters, optimizer] = [{ weight: zeros(2) }, chain(adamW(), twice)];
 * const trainer = await Trainer.create(nodeRuntime(), {
 *   parameters,
 *   optimizer,
 *   inputs: { x: float32(2) },
 *   loss: ({ weight }, { x }) => ({ loss: sum(mul(weight, x)) }),
 * });
 * const state = TrainingState.initial(parameters, optimizer, 1);
 * await trainer.step(state, { x: Float32Array.of(3, -4) }, { learningRate: 5 });
 * // The first step of AdamW has the length of the learning rate.
 * console.log(state.parameters.map(Math.round)); // → Float32Array(2) [ -10, 10 ]
 * ```
 */
export function chain(...parts: readonly Optimizer[]): Optimizer {
  const moments = parts.flatMap((part) => part.moments);
  if (new Set(moments).size !== moments.length)
    throw new RangeError(`two transformations share a moment: ${moments.join(', ')}`);
  return {
    moments: moments,
    update(context) {
      let gradient = context.gradient;
      const kept: Record<string, Tensor> = {};
      const metrics: Record<string, Tensor> = {};
      for (const part of parts) {
        const result = part.update({ ...context, gradient });
        gradient = result.gradient;
        Object.assign(kept, result.moments);
        Object.assign(metrics, result.metrics);
      }
      return { gradient, moments: kept, metrics };
    },
  };
}
