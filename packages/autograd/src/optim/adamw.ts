import { add, div, exp, maximum, mul, neg, sqrt, sub } from '../ops/elementwise.ts';
import { sum } from '../ops/reduce.ts';
import { chain, type Optimizer } from './optimizer.ts';

/**
 * Scales the gradient [n] down to a global norm of at most `limit` (Pascanu, Mikolov & Bengio 2013), and reports the norm
 * before as `gradientNorm`. A part of a chain: by itself it steps up the slope.
 * @example
 * ```ts
 * import { chain, clipByGlobalNorm, float32, mul, neg, sum, Trainer, TrainingState, zeros } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const parameters = { weight: zeros(2) };
 * const optimizer = chain(clipByGlobalNorm(1), {
 *   moments: [],
 *   update: ({ gradient, learningRate }) => ({ gradient: mul(gradient, neg(learningRate)), moments: {} }),
 * });
 * const trainer = await Trainer.create(nodeRuntime(), {
 *   parameters,
 *   optimizer,
 *   inputs: { x: float32(2) },
 *   loss: ({ weight }, { x }) => ({ loss: sum(mul(weight, x)) }),
 * });
 * const state = TrainingState.initial(parameters, optimizer, 1);
 * const { gradientNorm } = await trainer.step(state, { x: Float32Array.of(3, 4) }, { learningRate: 10 });
 * console.log(gradientNorm, state.parameters.map(Math.round)); // → 5 Float32Array(2) [ -6, -8 ]
 * ```
 */
export const clipByGlobalNorm = (limit: number): Optimizer => ({
  moments: [],
  update({ gradient }) {
    const norm = sqrt(sum(mul(gradient, gradient)));
    return { gradient: mul(gradient, div(limit, maximum(norm, limit))), moments: {}, metrics: { gradientNorm: norm } };
  },
});

/** How Adam averages (Kingma & Ba 2015). */
export interface AdamSettings {
  /** Decay of the first moment; 0.9 by default. */
  readonly beta1?: number;
  /** Decay of the second moment; 0.999 by default. */
  readonly beta2?: number;
  /** Added to the divisor; 1e-8 by default. */
  readonly epsilon?: number;
}

/** Adam's direction with bias correction (Kingma & Ba 2015, algorithm 1). */
export const scaleByAdam = ({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: AdamSettings = {}): Optimizer => ({
  moments: ['moment1', 'moment2'],
  update({ gradient, moments: { moment1, moment2 }, step }) {
    if (moment1 === undefined || moment2 === undefined) throw new RangeError('Adam keeps two moments');
    const first = add(mul(moment1, beta1), mul(gradient, 1 - beta1));
    const second = add(mul(moment2, beta2), mul(mul(gradient, gradient), 1 - beta2));
    const correction = (beta: number) => sub(1, exp(mul(step, Math.log(beta))));
    // m̂/(√v̂ + ε) with the corrections moved to scalars: m·(√c₂/c₁) / (√v + ε·√c₂).
    const root = sqrt(correction(beta2));
    const direction = div(mul(first, div(root, correction(beta1))), add(sqrt(second), mul(root, epsilon)));
    return { gradient: direction, moments: { moment1: first, moment2: second } };
  },
});

/** Decoupled weight decay (Loshchilov & Hutter 2019): pulls matrices to zero, not gains and biases. */
export const addDecay = (weightDecay: number): Optimizer => ({
  moments: [],
  update: ({ gradient, parameters, decayed }) => ({
    gradient: weightDecay === 0 ? gradient : add(gradient, mul(parameters, mul(decayed, weightDecay))),
    moments: {},
  }),
});

/** A step down the slope by the learning rate that is fed. */
export const descend: Optimizer = {
  moments: [],
  update: ({ gradient, learningRate }) => ({ gradient: mul(gradient, neg(learningRate)), moments: {} }),
};

/** How AdamW steps (Loshchilov & Hutter 2019). */
export interface AdamWSettings extends AdamSettings {
  /** How strongly matrices are pulled to zero. */
  readonly weightDecay?: number;
  /** Largest global norm of the gradient; Infinity never clips. */
  readonly clip?: number;
}

/**
 * AdamW (Loshchilov & Hutter 2019, algorithm 2) behind a clip by global norm. It keeps two moments and reports
 * `gradientNorm`, the norm before clipping.
 * @example
 * ```ts
 * import { adamW, float32, mul, sum, Trainer, TrainingState, zeros } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const [parameters, optimizer] = [{ weight: zeros(2) }, adamW({ weightDecay: 0.01, clip: 1 })];
 * const trainer = await Trainer.create(nodeRuntime(), {
 *   parameters,
 *   optimizer,
 *   inputs: { x: float32(2) },
 *   loss: ({ weight }, { x }) => ({ loss: sum(mul(weight, x)) }),
 * });
 * const state = TrainingState.initial(parameters, optimizer, 1);
 * const { gradientNorm } = await trainer.step(state, { x: Float32Array.of(3, -4) }, { learningRate: 0.5 });
 * // Adam's first step has the length of the learning rate, against the gradient.
 * console.log(gradientNorm, state.parameters.map((x) => Number(x.toFixed(3)))); // → 5 Float32Array(2) [ -0.5, 0.5 ]
 * ```
 */
export const adamW = ({
  weightDecay = 0.01,
  clip = Number.POSITIVE_INFINITY,
  ...adam
}: AdamWSettings = {}): Optimizer =>
  chain(
    clipByGlobalNorm(clip === Number.POSITIVE_INFINITY ? 3.4e38 : clip),
    scaleByAdam(adam),
    addDecay(weightDecay),
    descend,
  );
