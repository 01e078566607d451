import { nodeRuntime } from '@neurodex/autograd/node';
import { NeurodexError, silentReporter } from '@neurodex/core';
import { MemoryTracker } from '@neurodex/tracking';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Config } from '../config.ts';
import { dsiParameters } from '../dsi/model/parameters.ts';
import { PRESETS } from '../presets/presets.ts';
import { BatchMaker } from './batch-maker.ts';
import type { Checkpoint } from './checkpoint.ts';
import { runPhases } from './loop.ts';
import { bytesInWords, stepBytes } from './memory.ts';
import { nodeMachine } from './node-machine.ts';
import { divergenceAdvice } from './phase-training.ts';
import type { TrainingRun } from './run.ts';
import { tinyCatalogue } from './tiny-catalogue.fixture.ts';
import { planNetwork } from './train.ts';

const runtime = nodeRuntime({ threads: 1 });
const { store } = tinyCatalogue(4);

/** One phase over eight pictures, of as many steps as epochs. */
function runOf(training: Partial<Config['training']>, more: Partial<TrainingRun> = {}) {
  const config: Config = {
    ...PRESETS.quick,
    pictures: { ...PRESETS.quick.pictures, size: 16 },
    model: { ...PRESETS.quick.model, patchSize: 8, width: 8, feedForwardWidth: 8, heads: 2, layers: 2 },
    augmentation: { ...PRESETS.quick.augmentation, indexing: 0, retrieval: 0 },
    training: {
      ...PRESETS.quick.training,
      plan: 'sequential',
      batchSize: 8,
      retrievalEpochs: 0,
      validateEvery: 1000,
      checkpointEvery: 1000,
      ...training,
    },
  };
  const { phases, ...network } = planNetwork(store, config);
  const saved: Checkpoint[] = [];
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
    reporter: silentReporter,
    validate: async () => ({ 'IA@1': 0.5 }),
    checkpoints: { save: async (checkpoint) => void saved.push(checkpoint), settled: async () => {} },
    ...more,
  });
  const steps = () => tracker.events.flatMap((event) => (event.kind === 'step' ? [event] : []));
  return { result, saved, steps, config, geometry: network.geometry };
}

afterEach(() => void vi.restoreAllMocks());

describe('checkpoints', () => {
  it('are made every so many steps, and at the end', async () => {
    const { result, saved } = runOf({ indexingEpochs: 7, checkpointEvery: 3 });
    await result;
    expect(saved.map(({ phaseStep }) => phaseStep)).toEqual([3, 6, 7]);
  });

  /** The steps after which a checkpoint was made where each takes so many milliseconds. */
  const savedAt = async (milliseconds: number, indexingEpochs: number): Promise<number[]> => {
    let clock = 1000;
    vi.spyOn(performance, 'now').mockImplementation(() => clock);
    const slow: TrainingRun['runtime'] = {
      ...runtime,
      async load(model, options) {
        const session = await runtime.load(model, options);
        return {
          release: () => session.release(),
          run: async (feeds, into) => {
            clock += milliseconds;
            return await session.run(feeds, into);
          },
        };
      },
    };
    const { result, saved, steps } = runOf({ indexingEpochs }, { runtime: slow });
    await result;
    expect(steps().map(({ seconds }) => seconds)).toEqual(Array(indexingEpochs).fill(milliseconds / 1000));
    expect(steps()[0]?.picturesPerSecond).toBeCloseTo(8000 / milliseconds, 9);
    return saved.map(({ phaseStep }) => phaseStep);
  };

  it('are made after a minute of slow steps as well', async () => {
    // Ten steps of six seconds are a minute, and no more.
    expect(await savedAt(6000, 24)).toEqual([11, 22, 24]);
    expect(await savedAt(20_000, 8)).toEqual([4, 8]);
  });

  it('wait for their turn where a step takes a second', async () => {
    expect(await savedAt(1000, 70)).toEqual([70]);
  });
});

describe('validation', () => {
  it('is made every so many steps and at the end, of the phase', async () => {
    const seen: [string, number][] = [];
    let made: ReturnType<typeof runOf> | undefined;
    made = runOf(
      { indexingEpochs: 5, validateEvery: 2 },
      {
        validate: async (parameters, phase) => {
          expect(parameters.every(Number.isFinite)).toBe(true);
          seen.push([phase.name, made?.steps().length ?? 0]);
          return {};
        },
      },
    );
    const { metrics } = await made.result;
    expect(seen).toEqual([
      ['indexing', 2],
      ['indexing', 4],
      ['indexing', 5],
    ]);
    expect(metrics).toEqual({});
  });

  it('lets errors through, but for those of scores that are no numbers', async () => {
    const failing = (error: Error) =>
      runOf(
        { indexingEpochs: 2 },
        {
          validate: async () => {
            throw error;
          },
        },
      );
    await expect(failing(new Error('no disk')).result).rejects.toThrow('no disk');
    await expect(failing(new NeurodexError('usage', 'no query')).result).rejects.toThrow('no query');
    const { result, config } = failing(new NeurodexError('index-damaged', 'NaN'));
    await expect(result).rejects.toMatchObject({
      code: 'training-diverged',
      hint: divergenceAdvice(config),
      details: { phase: 'indexing', step: 2, learningRate: config.training.learningRate },
    });
  });
});

it('what to change where training diverges has the values that are set', () => {
  const training = { ...PRESETS.quick.training, learningRate: 0.25, gradientClip: 3, warmupFraction: 0.125 };
  const advice = divergenceAdvice({ ...PRESETS.quick, training });
  for (const [key, value] of [
    ['learningRate', '0.25'],
    ['gradientClip', '3'],
    ['warmupFraction', '0.125'],
  ])
    expect(advice).toMatch(new RegExp(`${key}\\D* \\(.*${value}\\)`));
});

describe('a step', () => {
  /** Bytes of a step of the run over so many pictures: two tokens behind each. */
  const bytesOf = ({ geometry }: ReturnType<typeof runOf>, batch: number) =>
    stepBytes({ ...geometry, stem: 8 * 8 * 3, positions: 2, batch });
  const attempt = async (available: number) => {
    vi.spyOn(process, 'constrainedMemory').mockReturnValue(available);
    const { result } = runOf({ indexingEpochs: 1, multiTargetMaxSize: 0 });
    return await result.then(
      () => undefined,
      (error: NeurodexError) => error,
    );
  };

  it('is taken where it fits exactly, and else refused with the largest batch that fits', async () => {
    const made = runOf({ indexingEpochs: 1, multiTargetMaxSize: 0 });
    await made.result;
    expect(await attempt(bytesOf(made, 8))).toBeUndefined();
    for (const [available, hint] of [
      [bytesOf(made, 8) - 1, 'set training.batchSize to 7 or less'],
      [bytesOf(made, 5), 'set training.batchSize to 5 or less'],
      [bytesOf(made, 5) - 1, 'set training.batchSize to 4 or less'],
      [bytesOf(made, 1), 'set training.batchSize to 1 or less'],
      [bytesOf(made, 1) - 1, 'lower model.width, model.layers or training.multiTargetMaxSize'],
    ] as const) {
      const error = await attempt(available);
      expect(error).toMatchObject({ code: 'config-invalid', hint, details: { keys: ['training.batchSize'] } });
      const [needed, there] = [bytesOf(made, 8), available].map(bytesInWords);
      expect(error?.message).toBe(
        `training.batchSize 8 with 2 tokens behind each picture would take ${needed} of memory at the least, and there are ${there}`,
      );
    }
  });
});
