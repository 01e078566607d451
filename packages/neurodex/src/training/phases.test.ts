import { nodeRuntime } from '@neurodex/autograd/node';
import { silentReporter } from '@neurodex/core';
import { MemoryTracker } from '@neurodex/tracking';
import { describe, expect, it } from 'vitest';
import type { Config } from '../config.ts';
import { dsiParameters } from '../dsi/model/parameters.ts';
import { PRESETS } from '../presets/presets.ts';
import { BatchMaker } from './batch-maker.ts';
import type { Checkpoint } from './checkpoint.ts';
import { runPhases } from './loop.ts';
import { nodeMachine } from './node-machine.ts';
import type { TrainingRun } from './run.ts';
import { tinyCatalogue } from './tiny-catalogue.fixture.ts';
import { planNetwork } from './train.ts';

const runtime = nodeRuntime({ threads: 1 });
const { store } = tinyCatalogue(4);
const config: Config = {
  ...PRESETS.quick,
  pictures: { ...PRESETS.quick.pictures, size: 16 },
  model: { ...PRESETS.quick.model, patchSize: 8, width: 8, feedForwardWidth: 8, heads: 2, layers: 2 },
  augmentation: { ...PRESETS.quick.augmentation, indexing: 0, retrieval: 0 },
  training: {
    ...PRESETS.quick.training,
    plan: 'sequential',
    batchSize: 8,
    indexingEpochs: 4,
    retrievalEpochs: 2,
    identifiersPerQuery: 1,
    checkpointEvery: 1,
    validateEvery: 1000,
  },
};
const { phases, ...network } = planNetwork(store, config);

/** Four steps of indexing, and as many of retrieval. */
function run(more: Partial<TrainingRun> = {}) {
  const saved: Checkpoint[] = [];
  const said: string[] = [];
  const tracker = new MemoryTracker();
  const result = runPhases({
    runtime,
    geometry: network.geometry,
    parameters: dsiParameters(network.geometry),
    batches: (phase, random) => new BatchMaker({ store, config, ...network }, phase, random),
    phases,
    config,
    seed: 3,
    tracker,
    machine: nodeMachine,
    reporter: { ...silentReporter, warn: (message) => void said.push(message) },
    validate: async (_, { name }) => (name === 'indexing' ? { 'IA@1': 0.5 } : { 'AP@10': 0.25 }),
    checkpoints: { save: async (checkpoint) => void saved.push(checkpoint), settled: async () => {} },
    ...more,
  });
  const losses = () => tracker.events.flatMap((event) => (event.kind === 'step' ? [event.loss] : []));
  return { result, saved, said, losses };
}

/** A runtime whose training steps give no finite loss at some of its runs: counted for each phase from 1. */
const failing = (at: (phase: number, run: number) => boolean): TrainingRun['runtime'] => {
  let loaded = 0;
  return {
    ...runtime,
    async load(model, options) {
      const session = await runtime.load(model, options);
      const phase = ++loaded;
      let runs = 0;
      return {
        release: () => session.release(),
        async run(feeds, into) {
          const out = await session.run(feeds, into);
          if (at(phase, ++runs)) (out.loss as Float32Array)[0] = Number.NaN;
          return out;
        },
      };
    },
  };
};

describe('batches that are skipped', () => {
  it.each([
    [[[1, 2]], '1 batch was skipped because the loss or the gradient was not finite'],
    [
      [
        [1, 2],
        [2, 1],
      ],
      '2 batches were skipped because the loss or the gradient was not finite',
    ],
  ])('are counted over the phases: %j', async (where, words) => {
    const at = (phase: number, step: number) => where.some(([p, s]) => p === phase && s === step);
    const { result, said, saved } = run({ runtime: failing(at), onNan: 'skip' });
    const { diverged, metrics } = await result;
    expect([diverged, metrics]).toEqual([undefined, { 'AP@10': 0.25 }]);
    expect(said.at(-1)).toBe(words);
    expect(said).toHaveLength(where.length + 1);
    expect(saved.map(({ phase, phaseStep, skipped }) => [phase, phaseStep, skipped.all])).toEqual(
      ['indexing', 'retrieval'].flatMap((name, p) =>
        [1, 2, 3, 4].map((step) => [
          name,
          step,
          where.filter(([phase, at]) => (phase as number) <= p || (phase === p + 1 && (at as number) <= step)).length,
        ]),
      ),
    );
    // In a row they are counted until one is good again.
    expect(saved.map(({ skipped }) => skipped.stretch)).toEqual(
      [1, 2].flatMap((p) => [1, 2, 3, 4].map((step) => (at(p, step) ? 1 : 0))),
    );
  });

  it('are counted on where a run goes on', async () => {
    const first = run();
    await first.result;
    const from = first.saved[1] as Checkpoint;
    const skipped = { all: 3, stretch: 9 };
    const { result, said } = run({
      resumeFrom: { ...from, skipped },
      runtime: failing((phase, step) => phase === 1 && step === 1),
      onNan: 'skip',
    });
    expect((await result).diverged).toBeUndefined();
    expect(said).toEqual([
      expect.stringContaining('(4 so far)'),
      '4 batches were skipped because the loss or the gradient was not finite',
    ]);
    // The tenth in a row was the last that is skipped.
    const over = run({
      resumeFrom: { ...from, skipped: { all: 3, stretch: 10 } },
      runtime: failing((phase, step) => phase === 1 && step === 1),
      onNan: 'skip',
    });
    await expect(over.result).rejects.toMatchObject({
      code: 'training-diverged',
      details: { phase: 'indexing', step: 3 },
    });
  });
});

describe('a run that goes on', () => {
  it('has nothing of the parameters that it would begin with', async () => {
    const whole = run();
    const expected = await whole.result;
    const from = whole.saved[2] as Checkpoint;
    const initial = new Float32Array(expected.parameters.length).fill(1);
    const { result, losses } = run({ resumeFrom: from, initial });
    expect(await result).toEqual(expected);
    expect(losses()).toEqual(whole.losses().slice(3));
    // And without a checkpoint it begins with them.
    const other = run({ initial });
    await other.result;
    expect(other.losses()[0]).not.toBe(whole.losses()[0]);
  });

  it('goes on in a later phase with what the earlier one left', async () => {
    const whole = run();
    const expected = await whole.result;
    const from = whole.saved[5] as Checkpoint;
    expect([from.phase, from.phaseStep, from.good?.metrics]).toEqual(['retrieval', 2, { 'IA@1': 0.5 }]);
    const { result, losses } = run({ resumeFrom: from });
    expect(await result).toEqual(expected);
    expect(losses()).toEqual(whole.losses().slice(6));
    // Diverging before it is validated, it falls back on that.
    const diverging = run({ resumeFrom: from, runtime: failing(() => true) });
    const { diverged, metrics, parameters, steps } = await diverging.result;
    expect(diverged).toMatchObject({ details: { phase: 'retrieval', step: 3 } });
    expect([metrics, steps]).toEqual([{ 'IA@1': 0.5 }, 7]);
    expect(parameters).toEqual(from.good?.parameters);
  });

  it('goes on in a phase that there is', async () => {
    const first = run();
    await first.result;
    const resumeFrom = { ...(first.saved[0] as Checkpoint), phase: 'joint' };
    await expect(run({ resumeFrom }).result).rejects.toThrow(new RangeError('there is no phase joint to resume'));
  });
});
