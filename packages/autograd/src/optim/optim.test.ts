import { Random } from '@neurodex/core/random';
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../core/tensor.ts';
import { trace } from '../graph/trace.ts';
import { type ParameterSpecs, zeros } from '../nn/parameters.ts';
import { add, mul } from '../ops/elementwise.ts';
import { pack } from '../ops/pack.ts';
import { sum } from '../ops/reduce.ts';
import { trainingGraph } from '../runtime/trainer.ts';
import { evaluate } from '../testing/reference.ts';
import { type AdamWSettings, adamW } from './adamw.ts';
import { chain, type Optimizer } from './optimizer.ts';
import { learningRateAt } from './schedule.ts';

describe('learningRateAt', () => {
  const base = { learningRate: 2, warmupSteps: 4, steps: 12 };
  it('rises in a line, then stays', () => {
    const rates = [1, 2, 3, 4, 5, 12, 99].map((step) => learningRateAt({ ...base, kind: 'constant' }, step));
    expect(rates).toEqual([0.5, 1, 1.5, 2, 2, 2, 2]);
  });

  it('rises in a line, then falls as half a cosine to zero', () => {
    const rate = (step: number) => learningRateAt({ ...base, kind: 'cosine' }, step);
    expect([2, 4].map(rate)).toEqual([1, 2]);
    expect(rate(6)).toBeCloseTo(1 + Math.SQRT1_2, 12);
    expect(rate(8)).toBeCloseTo(1, 12);
    expect(rate(12)).toBe(0);
    expect(rate(13)).toBe(0);
  });

  it('needs no warm-up, and survives a run that is all warm-up', () => {
    expect(learningRateAt({ learningRate: 2, kind: 'cosine', warmupSteps: 0, steps: 2 }, 1)).toBeCloseTo(1, 12);
    expect(learningRateAt({ learningRate: 2, kind: 'constant', warmupSteps: 0, steps: 2 }, 1)).toBe(2);
    const warm = { learningRate: 2, kind: 'cosine', warmupSteps: 3, steps: 3 } as const;
    expect([1, 3].map((step) => learningRateAt(warm, step))).toEqual([2 / 3, 2]);
  });
});

/** AdamW as in Loshchilov & Hutter 2019, algorithm 2, in plain numbers, one parameter at a time. */
function* plainAdamW(
  start: readonly number[],
  decayed: readonly boolean[],
  gradientAt: (parameters: readonly number[], step: number) => readonly number[],
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0.01, clip = Infinity }: AdamWSettings,
  rates: readonly number[],
) {
  let parameters = [...start];
  const moments = start.map(() => ({ first: 0, second: 0 }));
  for (const [index, rate] of rates.entries()) {
    const step = index + 1;
    const raw = gradientAt(parameters, step);
    const norm = Math.hypot(...raw);
    const gradient = norm > clip ? raw.map((g) => (g * clip) / norm) : raw;
    parameters = parameters.map((w, i) => {
      const [m, g] = [moments[i] ?? { first: NaN, second: NaN }, gradient[i] ?? NaN];
      m.first = beta1 * m.first + (1 - beta1) * g;
      m.second = beta2 * m.second + (1 - beta2) * g * g;
      const unbiased = { first: m.first / (1 - beta1 ** step), second: m.second / (1 - beta2 ** step) };
      const pull = decayed[i] ? weightDecay * w : 0;
      return w - rate * (unbiased.first / (Math.sqrt(unbiased.second) + epsilon) + pull);
    });
    yield { parameters, norm };
  }
}

describe('adamW', () => {
  const specs = {
    matrix: { ...zeros(2, 2), decay: true },
    bias: zeros(3),
  } satisfies ParameterSpecs;
  const decayed = [true, true, true, true, false, false, false];
  const vector = { dtype: 'float32', shape: [7] } as const;
  /** Σ aᵢ·wᵢ³/3 + bᵢ·wᵢ: the gradient a·w² + b depends on where it stands. */
  const definition = (optimizer: Optimizer) => ({
    parameters: specs,
    inputs: { a: vector, b: vector },
    loss: ({ matrix, bias }: Record<'matrix' | 'bias', Tensor>, { a, b }: Record<'a' | 'b', Tensor>) => {
      const w = pack([matrix, bias]);
      return { loss: sum(add(mul(mul(a, mul(w, mul(w, w))), 1 / 3), mul(b, w))) };
    },
    optimizer,
  });

  const random = Random.seeded(3);
  const draw = () => Array.from({ length: 7 }, () => random.uniform(-1, 1));
  const [start, a, b] = [draw(), draw(), draw()];
  const rates = [0.1, 0.05, 0.2, 0.2, 0.01, 0.1];
  const gradientAt = (w: readonly number[]) => w.map((x, i) => (a[i] ?? NaN) * x * x + (b[i] ?? NaN));

  const cases: Record<string, AdamWSettings> = {
    'by default': {},
    'with a strong decay': { weightDecay: 0.5 },
    'without decay': { weightDecay: 0 },
    'with a clip that bites at every step': { clip: 0.1 },
    'with a clip that never bites': { clip: 100 },
    'with other betas and epsilon': { beta1: 0.8, beta2: 0.9, epsilon: 0.01, clip: 1 },
  };
  for (const [name, settings] of Object.entries(cases)) {
    it(`is AdamW step by step ${name}`, () => {
      const graph = trainingGraph(definition(adamW(settings)));
      let state: Record<string, readonly number[]> = {
        parameters: start,
        moment1: start.map(() => 0),
        moment2: start.map(() => 0),
      };
      let step = 0;
      for (const want of plainAdamW(start, decayed, gradientAt, settings, rates)) {
        const learningRate = [rates[step++] ?? NaN];
        const outputs = evaluate(graph, { ...state, a, b, learningRate, step: [step] });
        state = Object.fromEntries(Object.keys(state).map((key) => [key, outputs[`next.${key}`]?.data ?? []]));
        want.parameters.forEach((w, i) => {
          // Betas and rates are float32 constants in the graph.
          expect(Math.abs((state.parameters?.[i] ?? NaN) - w), `step ${step}, parameter ${i}`).toBeLessThan(2e-6);
        });
        expect(outputs.gradientNorm?.data[0]).toBeCloseTo(want.norm, 5);
      }
      expect(step).toBe(rates.length);
    });
  }

  it('keeps the step of a first gradient at the learning rate, however small', () => {
    const graph = trainingGraph(definition(adamW({ weightDecay: 0 })));
    const still = start.map(() => 0);
    const feeds = { parameters: still, moment1: still, moment2: still, a: still, learningRate: [0.1], step: [1] };
    const moved = evaluate(graph, { ...feeds, b: start.map((_, i) => (i % 2 === 0 ? 1e-3 : -50)) });
    moved['next.parameters']?.data.forEach((w, i) => {
      expect(w).toBeCloseTo(i % 2 === 0 ? -0.1 : 0.1, 5);
    });
  });
});

describe('chain', () => {
  it('refuses two transformations that share a moment', () => {
    const keeper: Optimizer = { moments: ['m'], update: ({ gradient }) => ({ gradient, moments: {} }) };
    expect(() => chain(keeper, keeper)).toThrow('two transformations share a moment: m, m');
  });

  it('hands the gradient from one to the next and gathers the figures', () => {
    const times = (factor: number, name: string): Optimizer => ({
      moments: [],
      update: ({ gradient }) => ({
        gradient: mul(gradient, factor),
        moments: {},
        metrics: { [name]: sum(gradient) },
      }),
    });
    const vector = { dtype: 'float32', shape: [2] } as const;
    const scalar = { dtype: 'float32', shape: [] } as const;
    const graph = trace({ g: vector, s: scalar }, ({ g, s }) => {
      const context = { parameters: g, gradient: g, moments: {}, learningRate: s, step: s, decayed: g, layout: [] };
      const result = chain(times(2, 'first'), times(3, 'second')).update(context);
      return { gradient: result.gradient, ...result.metrics };
    });
    const { gradient, first, second } = evaluate(graph, { g: [1, 2], s: [0] });
    expect([gradient?.data, first?.data, second?.data]).toEqual([[6, 12], [3], [6]]);
  });
});
