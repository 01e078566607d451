import { parameterCount, Random } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { silentReporter } from '@neurodex/core';
import { MemoryTracker } from '@neurodex/tracking';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Config } from '../config.ts';
import { PROXIES } from '../dsi/model/class-loss.ts';
import { dsiParameters } from '../dsi/model/parameters.ts';
import { PRESETS } from '../presets/presets.ts';
import type { Checkpoint } from './checkpoint.ts';
import { stepBytes } from './memory.ts';
import { nodeMachine } from './node-machine.ts';
import { plannedSteps, type SeeSource, secondsPerStep, see, seeGeometry, seeParameters, seePhase } from './see.ts';
import { encodeStates } from './states.ts';
import { tinyCatalogue } from './tiny-catalogue.fixture.ts';

const runtime = nodeRuntime({ threads: 1 });
const config: Config = {
  ...PRESETS.default,
  pictures: { ...PRESETS.default.pictures, size: 16 },
  model: { ...PRESETS.default.model, patchSize: 8, width: 16, feedForwardWidth: 16, heads: 2, layers: 2, dropout: 0 },
  augmentation: { ...PRESETS.default.augmentation, retrieval: 0 },
  training: { ...PRESETS.default.training, batchSize: 8, learningRate: 3e-3, checkpointEvery: 1000 },
};
/** Squares of one colour for each of two classes. */
const { store } = tinyCatalogue(2);
const source: SeeSource = {
  geometry: seeGeometry(config, undefined),
  config,
  store,
  pictures: [...store.catalogue, ...store.queries('train')],
};
const own = parameterCount(dsiParameters(source.geometry));

/** What seeing for so many steps leaves, the loss of each step, and the checkpoints. */
async function seen(from: SeeSource, steps: number, seed = 1) {
  const tracker = new MemoryTracker();
  const saved: Checkpoint[] = [];
  const checkpoints = { save: async (each: Checkpoint) => void saved.push(each), settled: async () => {} };
  const result = await see(from, steps, {
    runtime,
    machine: nodeMachine,
    seed,
    tracker,
    reporter: silentReporter,
    checkpoints,
  });
  const losses = tracker.events.flatMap((event) => (event.kind === 'step' ? [event.loss] : []));
  return { ...result, losses, saved };
}

afterEach(() => void vi.restoreAllMocks());

describe('the steps of seeing', () => {
  it.each([
    // ⌈150 epochs · 24 pictures / 8 in a batch⌉
    [{ seeSteps: 6000, seeEpochs: 150, batchSize: 8 }, 24, 450],
    [{ seeSteps: 6000, seeEpochs: 150, batchSize: 64 }, 1, 3],
    [{ seeSteps: 6000, seeEpochs: 150, batchSize: 64 }, 60_000, 6000],
    [{ seeSteps: 5, seeEpochs: 1, batchSize: 2 }, 9, 5],
    [{ seeSteps: 5, seeEpochs: 1, batchSize: 2 }, 7, 4],
    [{ seeSteps: 6000, seeEpochs: 150, batchSize: 64, effort: 'low' as const }, 60_000, 1500],
    [{ seeSteps: 6000, seeEpochs: 150, batchSize: 64, effort: 'high' as const }, 60_000, 18_000],
    [{ seeSteps: 6000, seeEpochs: 1, batchSize: 4, effort: 'low' as const }, 9, 1],
    [{ seeSteps: 6000, seeEpochs: 1, batchSize: 4, effort: 'high' as const }, 9, 7],
  ])('with %j and %i pictures are %i', (training, pictures, steps) => {
    expect(plannedSteps({ training: { ...config.training, ...training } }, pictures)).toBe(steps);
  });

  it('warm up for a share of them, and show queries alone', () => {
    const training = { ...config.training, warmupFraction: 0.25 };
    const { mix, steps, schedule } = seePhase({ training }, 80);
    expect([mix, steps]).toEqual([{ indexing: 0, retrieval: 8 }, 80]);
    expect(schedule).toEqual({ learningRate: 3e-3, kind: 'cosine', warmupSteps: 20, steps: 80 });
  });
});

describe('the parameters of seeing', () => {
  it('are those of the network, and behind them a proxy for each class', () => {
    const specs = seeParameters(source);
    expect(Object.keys(specs)).toEqual([...Object.keys(dsiParameters(source.geometry)), PROXIES]);
    expect(specs[PROXIES]?.shape).toEqual([2, 16]);
  });

  it('are those of the network alone where pictures are seen in pairs', () => {
    const pictures = source.pictures.map(({ row }) => ({ row, labels: [] }));
    const specs = seeParameters({ ...source, pictures });
    expect(Object.keys(specs)).toEqual(Object.keys(dsiParameters(source.geometry)));
    expect(parameterCount(specs)).toBe(own);
  });
});

describe('seeing two classes of colours', () => {
  let first: Awaited<ReturnType<typeof seen>>;
  beforeAll(async () => {
    first = await seen(source, 30);
  });

  it('lowers the loss', () => {
    const mean = (losses: readonly number[]) => losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    expect(first.steps).toBe(30);
    expect(first.losses).toHaveLength(30);
    expect(mean(first.losses.slice(-5))).toBeLessThan(0.7 * mean(first.losses.slice(0, 5)));
  });

  it('brings pictures of a class nearer to each other than to those of the other', async () => {
    const states: number[][] = [];
    await encodeStates({
      runtime,
      ...source,
      parameters: first.parameters,
      rows: store.rows.map(({ row }) => row),
      async take(values) {
        for (let at = 0; at < values.length; at += 16) states.push([...values.slice(at, at + 16)]);
      },
    });
    const cosine = (a: number, b: number) =>
      (states[a] ?? []).reduce((sum, x, d) => sum + x * (states[b]?.[d] ?? NaN), 0);
    const [alike, others]: [number[], number[]] = [[], []];
    for (const a of store.rows)
      for (const b of store.rows)
        if (a.row < b.row) (a.labels[0] === b.labels[0] ? alike : others).push(cosine(a.row, b.row));
    expect(Math.min(...alike)).toBeGreaterThan(Math.max(...others));
  });

  it('returns the last state of the network, without the proxies', () => {
    const last = first.saved.at(-1)?.state.vectors.parameters;
    expect(first.parameters).toHaveLength(own);
    expect(last).toHaveLength(own + 2 * 16);
    expect(first.parameters).toEqual(last?.slice(0, own));
  });

  it('gives the same parameters with the same seed, and others with another', async () => {
    const [again, other] = [await seen(source, 30), await seen(source, 30, 2)];
    expect(again.parameters).toEqual(first.parameters);
    expect(again.losses).toEqual(first.losses);
    expect(other.parameters).not.toEqual(first.parameters);
  });

  it('begins with the parameters that are given', async () => {
    const given = await see(
      { ...source, config: { ...config, training: { ...config.training, learningRate: 1e-12 } } },
      1,
      {
        runtime,
        seed: 5,
        machine: nodeMachine,
        tracker: new MemoryTracker(),
        reporter: silentReporter,
        initial: first.parameters,
      },
    );
    for (const [i, value] of given.parameters.entries()) expect(value).toBeCloseTo(first.parameters[i] ?? NaN, 6);
  });
});

it('needs no more memory for its step than the pictures and BOS do', async () => {
  const needed = stepBytes({ ...source.geometry, stem: 3 * 8 * 8, positions: 1, batch: 8 });
  const available = vi.spyOn(process, 'constrainedMemory').mockReturnValue(needed);
  expect((await seen(source, 1)).steps).toBe(1);
  available.mockReturnValue(needed - 1);
  await expect(seen(source, 1)).rejects.toMatchObject({
    code: 'config-invalid',
    message: expect.stringContaining('batchSize 8 with 1 token behind each picture'),
    hint: 'set training.batchSize to 7 or less',
  });
});

it('that diverges has no good state to go back to', async () => {
  // Weight decay multiplies the parameters by −500 at every step: finite at first, not for long.
  const training = { ...config.training, learningRate: 1e4, schedule: 'constant' as const, warmupFraction: 0 };
  const wild = { ...source, config: { ...config, training: { ...training, validateEvery: 1 } } };
  await expect(seen(wild, 100)).rejects.toMatchObject({ code: 'training-diverged', details: { phase: 'see' } });
});

it('lowers the loss of pairs where there are no classes', async () => {
  const pictures = source.pictures.map(({ row }) => ({ row, labels: [] }));
  const { losses, parameters } = await seen({ ...source, pictures }, 40);
  expect(parameters).toHaveLength(own);
  expect(losses.at(-1)).toBeLessThan(losses[0] ?? 0);
});

it('the time of a step is above 0', async () => {
  const seconds = await secondsPerStep(source, { runtime, machine: nodeMachine }, Random.seeded(1));
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThan(10);
});
