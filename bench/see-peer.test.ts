import { learningRateAt } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { silentReporter } from '@neurodex/core';
import { MemoryTracker } from '@neurodex/tracking';
import { afterEach, describe, expect, it, type TestContext } from 'vitest';
import type { Config } from '../packages/neurodex/src/config.ts';
import { PRESETS } from '../packages/neurodex/src/presets/presets.ts';
import type { PictureQuery } from '../packages/neurodex/src/query/query.ts';
import { nodeMachine } from '../packages/neurodex/src/training/node-machine.ts';
import { see, seePhase } from '../packages/neurodex/src/training/see.ts';
import { encodeQueries } from '../packages/neurodex/src/training/states.ts';
import { initialOf, SeedBatches, together } from './leaderboard-pytorch.ts';
import { seenSource } from './leaderboard-training.ts';
import { noiseCatalogue } from './pictures.ts';
import { findPython, PYTORCH } from './python.ts';
import { SeePeer } from './see-peer.ts';

const STEPS = 20;
const SEED = 3;
const runtime = nodeRuntime({ threads: 1 });
const store = noiseCatalogue(24, 48);

/** The default network, smaller, and without dropout: its random numbers are the only thing that differs between the sides. */
const configOf = (optimizer: Config['training']['optimizer'], dropout = 0): Config => ({
  ...PRESETS.default,
  pictures: { ...PRESETS.default.pictures, size: 48 },
  model: { ...PRESETS.default.model, width: 32, feedForwardWidth: 48, layers: 2, dropout },
  training: { ...PRESETS.default.training, optimizer, batchSize: 16, learningRate: 3e-3 },
});

/** Losses and states of our side. */
async function ours(config: Config) {
  const tracker = new MemoryTracker();
  const source = seenSource(store, config);
  const { parameters } = await see(source, STEPS, {
    runtime,
    machine: nodeMachine,
    seed: SEED,
    tracker,
    reporter: silentReporter,
  });
  const losses = tracker.events.flatMap((event) => (event.kind === 'step' ? [event.loss] : []));
  const network = { runtime, geometry: source.geometry, parameters, backbone: undefined };
  return { losses, states: await encodeQueries(network, queries) };
}

const queries = store.catalogue.map(({ row }): PictureQuery => {
  const bytes = store.size ** 2 * 3;
  if (!(store.pixels instanceof Uint8Array)) throw new RangeError('the pixels are in a file');
  return {
    kind: 'picture',
    pixels: store.pixels.subarray(row * bytes, (row + 1) * bytes),
    thumbnail: () => store.thumbnail(row),
  };
});

const python = await findPython(PYTORCH);
let peer: SeePeer | undefined;
afterEach(async () => {
  await peer?.close();
  peer = undefined;
});

/** Without a C++ compiler, PyTorch compiles nothing. */
async function opened(config: Config, variant: string, { skip }: Pick<TestContext, 'skip'>): Promise<SeePeer> {
  if ('missing' in python) return skip(python.missing);
  const found = await SeePeer.open(seenSource(store, config), { python, threads: 1, variant, log: () => {} });
  if ('missing' in found) {
    if (variant.startsWith('compiled')) return skip(found.missing);
    throw new Error(found.missing);
  }
  peer = found;
  return found;
}

/** The first steps in PyTorch, from the same parameters with the same batches. */
async function theirs(found: SeePeer, config: Config) {
  const source = seenSource(store, config);
  const { schedule } = seePhase(config, STEPS);
  await found.begin(initialOf(source, SEED));
  const rates = Array.from({ length: STEPS }, (_, i) => learningRateAt(schedule, i + 1));
  const { losses } = await found.train(new SeedBatches(source, SEED).next(STEPS), rates);
  return { losses, states: await found.encode(queries) };
}

const furthest = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((x, i) => Math.abs(x - (b[i] ?? NaN)) / Math.abs(x)));

describe('training in PyTorch', { timeout: 600_000 }, () => {
  it.for([
    ['muon', 'eager-sdpa-convolutions-torch'],
    ['muon', 'compiled-sdpa-convolutions-torch'],
    ['adamw', 'eager-products-windows-bytes'],
  ] as const)(
    'with %s, %s, has our losses for 20 steps and then our states, and begins anew',
    async (form, context) => {
      const [optimizer, variant] = form;
      const config = configOf(optimizer);
      const found = await opened(config, variant, context);
      const own = await ours(config);
      expect(own.losses).toHaveLength(STEPS);
      for (let run = 0; run < 2; run++) {
        const other = await theirs(found, config);
        expect(furthest(own.losses, other.losses)).toBeLessThan(1e-4);
        for (const [i, state] of own.states.entries())
          for (const [d, x] of state.entries()) expect(other.states[i]?.[d]).toBeCloseTo(x, 2);
      }
    },
  );

  it('drops at random where the configuration asks for it', async (context) => {
    const config = configOf('muon', 0.1);
    const found = await opened(config, 'eager-sdpa-convolutions-torch', context);
    const [one, two] = [await theirs(found, config), await theirs(found, config)];
    expect(one.losses[0]).not.toBe(two.losses[0]);
    expect(one.losses.every(Number.isFinite)).toBe(true);
  });

  it('says which form it does not know', async (context) => {
    if ('missing' in python) context.skip(python.missing);
    await expect(opened(configOf('muon'), 'eager-sdpa', context)).rejects.toThrow('eager-sdpa does not run');
  });
});

describe('steps and loading together', () => {
  const times = (steps: number, loading: number) => ({
    steps: { seconds: steps, cpuSeconds: steps },
    loading: { seconds: loading, cpuSeconds: loading },
  });

  it.each([
    // steps, loading, threads, cores → seconds
    [10, 2, 1, 2, 10], // on the other core
    [10, 15, 1, 2, 15],
    [10, 2, 2, 2, 11], // no core is free
    [10, 2, 1, 1, 12],
  ])('of %i s and %i s with %i threads on %i cores are %i s', (steps, loading, threads, cores, seconds) => {
    expect(together(times(steps, loading), threads, cores)).toEqual({ seconds, cpuSeconds: steps + loading });
  });
});
