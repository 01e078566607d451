import { describe, expect, it } from 'vitest';
import type { Tensor } from '../core/tensor.ts';
import { trace } from '../graph/trace.ts';
import { linear } from '../nn/layers.ts';
import { glorot, zeros } from '../nn/parameters.ts';
import { dropout, effectiveRate } from '../ops/dropout.ts';
import { add, mul, sub, tanh } from '../ops/elementwise.ts';
import { mean, sum } from '../ops/reduce.ts';
import { adamW } from '../optim/adamw.ts';
import { loadable } from './model.ts';
import { nodeRuntime } from './node.ts';
import { Trainer, TrainingState, trainingGraph } from './trainer.ts';

const runtime = nodeRuntime({ threads: 1 });
const RATE = { learningRate: 0.05 };

/** A small regression; `rate` drops hidden units. */
const regression = (rate: number) => ({
  parameters: { w1: glorot(2, 8), b1: zeros(8), w2: glorot(8, 1), b2: zeros(1) },
  inputs: { x: { dtype: 'float32', shape: [4, 2] }, y: { dtype: 'float32', shape: [4, 1] } } as const,
  loss: (p: Record<'w1' | 'b1' | 'w2' | 'b2', Tensor>, { x, y }: Record<'x' | 'y', Tensor>) => {
    const hidden = dropout(tanh(linear(x, { weight: p.w1, bias: p.b1 })), rate);
    const error = sub(linear(hidden, { weight: p.w2, bias: p.b2 }), y);
    return { loss: mean(mul(error, error)), meanError: mean(error) };
  },
  optimizer: adamW({ weightDecay: 0, clip: 1 }),
});
const feeds = { x: Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1), y: Float32Array.of(0, 1, 1, 0) };
const memoryOf = (seed: number, rate = 0) => {
  const { parameters, optimizer } = regression(rate);
  return TrainingState.initial(parameters, optimizer, seed);
};

async function losses(trainer: Trainer, memory: TrainingState, steps: number): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < steps; i++) found.push((await trainer.step(memory, feeds, RATE)).loss ?? NaN);
  return found;
}

describe('Trainer', () => {
  it('learns, and reports the loss, the figures and the norm of the gradient', async () => {
    const trainer = await Trainer.create(runtime, regression(0));
    const memory = memoryOf(1);
    const first = await trainer.step(memory, feeds, RATE);
    expect(Object.keys(first).sort()).toEqual(['gradientNorm', 'loss', 'meanError']);
    const course = await losses(trainer, memory, 150);
    expect(course.at(-1)).toBeLessThan(0.01 * (first.loss ?? NaN));
    expect(memory.step).toBe(151);
    await trainer.release();
  });

  it('gives the same numbers for the same seed and others for another', async () => {
    const trainer = await Trainer.create(runtime, regression(0.25));
    const course = (seed: number) => losses(trainer, memoryOf(seed, 0.25), 5);
    const first = await course(1);
    expect(await course(1)).toEqual(first);
    expect(await course(2)).not.toEqual(first);
    await trainer.release();
  });

  it('goes on from a saved state bit for bit', async () => {
    const trainer = await Trainer.create(runtime, regression(0.25));
    const memory = memoryOf(1, 0.25);
    await losses(trainer, memory, 3);
    const saved = memory.save();
    const onward = await losses(trainer, memory, 4);
    // Through JSON and back, as a checkpoint's numbers go, and while the first run has moved on.
    const noise = JSON.parse(JSON.stringify(saved.noise)) as number[];
    const restored = TrainingState.restore({ ...saved, noise });
    expect(restored.step).toBe(3);
    expect(await losses(trainer, restored, 4)).toEqual(onward);
    expect(restored.save()).toEqual(memory.save());
    expect(saved.step).toBe(3);
    await trainer.release();
  });

  it('takes a step back: parameters and moments as before it, the step counted all the same', async () => {
    const trainer = await Trainer.create(runtime, regression(0));
    const memory = memoryOf(1);
    await losses(trainer, memory, 3);
    const before = memory.save();
    await losses(trainer, memory, 1);
    expect(memory.save().vectors).not.toEqual(before.vectors);
    memory.undo();
    expect(memory.save()).toEqual({ ...before, step: 4 });
    await trainer.release();
  });

  it('forgets the moments but not the parameters where a phase begins', async () => {
    const trainer = await Trainer.create(runtime, regression(0));
    const memory = memoryOf(1);
    await losses(trainer, memory, 3);
    const parameters = memory.parameters.slice();
    memory.clearMoments();
    expect(memory.parameters).toEqual(parameters);
    expect([...(memory.current.moment1 ?? []), ...(memory.current.moment2 ?? [])].every((m) => m === 0)).toBe(true);
    expect([memory.step, memory.optimizerStep]).toEqual([3, 0]);
    // Adam's first step is the learning rate in size for every parameter whose gradient is not tiny.
    await losses(trainer, memory, 1);
    const moved = memory.parameters.map((w, i) => Math.abs(w - (parameters[i] ?? NaN)));
    expect(Math.max(...moved)).toBeCloseTo(RATE.learningRate, 4);
    await trainer.release();
  });

  it('refuses an input with a name of its own', () => {
    const definition = { ...regression(0), inputs: { ...regression(0).inputs, step: { dtype: 'float32', shape: [] } } };
    expect(() => trainingGraph(definition as ReturnType<typeof regression>)).toThrow(
      'the training graph has an input called step already',
    );
  });
});

describe('dropout', () => {
  const SIZE = 40_000;
  const masks = (rate: number) => ({
    parameters: { w: { ...zeros(SIZE), initialize: (target: Float32Array) => void target.fill(1) } },
    inputs: {},
    loss: (p: Record<'w', Tensor>) => {
      const dropped = dropout(p.w, rate);
      return { loss: sum(dropped), squares: sum(mul(dropped, dropped)) };
    },
    optimizer: adamW({ weightDecay: 0 }),
  });
  const metrics = async (rate: number, seed: number, steps: number) => {
    const definition = masks(rate);
    const trainer = await Trainer.create(runtime, definition);
    const memory = TrainingState.initial(definition.parameters, definition.optimizer, seed);
    const found: Readonly<Record<string, number>>[] = [];
    for (let i = 0; i < steps; i++) found.push(await trainer.step(memory, {}, { learningRate: 0 }));
    await trainer.release();
    return found;
  };

  for (const rate of [0.1, 0.5, 0.9]) {
    it(`at rate ${rate} drops that share and keeps the mean`, async () => {
      const [{ loss = NaN, squares = NaN } = {}] = await metrics(rate, 1, 1);
      const r = effectiveRate(rate);
      expect(Math.abs(r - rate)).toBeLessThanOrEqual(1 / 512);
      // The sum's standard deviation is √(SIZE·r/(1−r)); the kept elements are 1/(1−r), so Σ mask² = Σ mask/(1−r).
      expect(Math.abs(loss - SIZE)).toBeLessThan(5 * Math.sqrt((SIZE * r) / (1 - r)));
      expect(squares * (1 - r)).toBeCloseTo(loss, -1);
    });
  }

  it('draws another mask at every step, and the same ones again from the same seed', async () => {
    const first = await metrics(0.5, 1, 6);
    expect(new Set(first.map(({ loss }) => loss)).size).toBe(6);
    expect(await metrics(0.5, 1, 6)).toEqual(first);
    expect(await metrics(0.5, 2, 6)).not.toEqual(first);
  });

  it('drops exactly the bytes below the rate, and scales the others', async () => {
    const graph = trace({ x: { dtype: 'float32', shape: [256] } }, ({ x }) => ({ y: dropout(x, 0.1) }));
    const session = await runtime.load(loadable(graph));
    const noise0 = Uint8Array.from({ length: 256 }, (_, i) => i);
    const { y } = await session.run({ x: new Float32Array(256).fill(1), noise0 });
    const want = Array.from({ length: 256 }, (_, i) => (i < 26 ? 0 : Math.fround(256 / 230)));
    expect(Array.from(y as Float32Array)).toEqual(want);
    await session.release();
  });

  it('at rate 0 is nothing at all', () => {
    const graph = trace({ x: { dtype: 'float32', shape: [2] } }, ({ x }) => ({ y: add(dropout(x, 0), 1) }));
    expect(graph.noise).toEqual([]);
    expect(graph.nodes.map((n) => n.op)).not.toContain('dropoutMask');
  });

  it('refuses rates of 1 and more, below 0, and no number', () => {
    for (const rate of [1, 2, -0.5, Number.NaN]) {
      expect(() => trace({ x: { dtype: 'float32', shape: [2] } }, ({ x }) => ({ y: dropout(x, rate) }))).toThrow(
        'dropoutMask(uint8[2]): takes uint8 noise and a rate',
      );
    }
  });
});
