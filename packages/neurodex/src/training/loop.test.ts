import { createHash } from 'node:crypto';
import { type Runtime, readSafetensors, type Session } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { NeurodexError, type ProgressEvent, silentReporter } from '@neurodex/core';
import { MemoryTracker } from '@neurodex/tracking';
import { describe, expect, it } from 'vitest';
import type { Config } from '../config.ts';
import { geometryOf } from '../dsi/model/geometry.ts';
import { dsiParameters } from '../dsi/model/parameters.ts';
import { identifierLength } from '../identifiers/encode.ts';
import { numeric } from '../identifiers/numeric.ts';
import { PRESETS } from '../presets/presets.ts';
import { BatchMaker } from './batch-maker.ts';
import { type Checkpoint, deserialiseCheckpoint, serialiseCheckpoint } from './checkpoint.ts';
import type { Metrics } from './early-stopping.ts';
import { retrievalQueries, selfQueries } from './examples.ts';
import { runPhases } from './loop.ts';
import { nodeMachine } from './node-machine.ts';
import { planTraining } from './plan.ts';
import type { TrainingRun } from './run.ts';
import { tinyCatalogue } from './tiny-catalogue.fixture.ts';

/** Loads a model once: for ONNX Runtime that takes longer than these few steps. A session keeps nothing between its runs. */
function loadingOnce(runtime: Runtime): Runtime {
  const sessions = new Map<string, Promise<Session>>();
  return {
    ...runtime,
    async load(model, options) {
      const key = `${createHash('sha256').update(model.bytes).digest('hex')} ${options?.small}`;
      const loading = sessions.get(key) ?? runtime.load(model, options);
      sessions.set(key, loading);
      const session = await loading;
      return { run: (feeds, into) => session.run(feeds, into), release: async () => {} };
    },
  };
}

const runtime = loadingOnce(nodeRuntime());
const { store, table } = tinyCatalogue(4);
const sameClass = (picture: { labels: readonly string[] }) =>
  new Set(store.rows.filter((p) => p.role === 'catalogue' && p.labels[0] === picture.labels[0]).map(({ row }) => row));

type Changes = { readonly training?: Partial<Config['training']>; readonly model?: Partial<Config['model']> };

function runOf(
  changes: Changes,
  validate: (call: number) => Metrics = (call) => ({ 'IA@1': call / 100 }),
  signal?: AbortSignal,
  more: Partial<TrainingRun> = {},
) {
  const config: Config = {
    ...PRESETS.quick,
    pictures: { ...PRESETS.quick.pictures, size: 16 },
    model: { ...PRESETS.quick.model, patchSize: 8, width: 32, feedForwardWidth: 48, ...changes.model },
    training: {
      ...PRESETS.quick.training,
      batchSize: 8,
      indexingEpochs: 40,
      validateEvery: 20,
      warmupFraction: 0.1,
      ...changes.training,
    },
  };
  const length = identifierLength(
    numeric,
    store.rows.flatMap(({ identifier }) => identifier ?? []),
  );
  const tracker = new MemoryTracker();
  const queries = retrievalQueries(store, sameClass);
  let calls = 0;
  const geometry = geometryOf(config, numeric.vocabulary, length, { embeddingRows: table.size });
  const examples = { queries, selfQueries: selfQueries(store, sameClass) };
  const result = runPhases({
    runtime,
    geometry,
    parameters: dsiParameters(geometry),
    batches: (phase, random) => new BatchMaker({ store, table, geometry, config, examples }, phase, random),
    phases: planTraining(config, { catalogue: 8, pairs: 16 }),
    config,
    seed: 3,
    tracker,
    machine: nodeMachine,
    reporter: silentReporter,
    signal,
    validate: async () => validate(++calls),
    ...more,
  });
  const steps = () => tracker.events.flatMap((event) => (event.kind === 'step' ? [event] : []));
  return { result, tracker, steps };
}

describe('the training loop', () => {
  it('learns both tasks of a joint plan, and gives the same numbers for the same seed', async () => {
    const changes = { model: { dropout: 0.1 } };
    const [one, two] = [runOf(changes), runOf(changes)];
    const [first, second] = [await one.result, await two.result];
    expect(one.steps()[0]?.loss).toBeGreaterThan(0.5);
    const last = one.steps().slice(-10);
    expect(last.reduce((sum, { loss }) => sum + loss, 0) / 10).toBeLessThan(0.5 * (one.steps()[0]?.loss as number));
    expect(first.parameters).toEqual(second.parameters);
    expect(one.steps().map(({ loss }) => loss)).toEqual(two.steps().map(({ loss }) => loss));
    expect(first.steps).toBe(one.steps().length);
  });

  it('begins with the parameters that it is given', async () => {
    const before = runOf({});
    const { parameters: initial } = await before.result;
    const again = runOf({ training: { indexingEpochs: 1 } }, undefined, undefined, { initial });
    await again.result;
    expect(again.steps()[0]?.loss).toBeLessThan(0.5 * (before.steps()[0]?.loss as number));
  });

  it('goes through the phases of a sequential plan, each with its own schedule', async () => {
    const { result, steps, tracker } = runOf({
      training: { plan: 'sequential', indexingEpochs: 10, retrievalEpochs: 5, schedule: 'cosine' },
    });
    await result;
    expect(steps().map(({ phase }) => phase)).toEqual([...Array(10).fill('indexing'), ...Array(5).fill('retrieval')]);
    expect(steps().map(({ step }) => step)).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
    expect(steps()[9]?.learningRate).toBeLessThan(1e-4);
    expect(tracker.events.filter(({ kind }) => kind === 'validation')).toHaveLength(2);
  });

  it('keeps the best state, and stops when validation is no better for long enough', async () => {
    const scores = [0.1, 0.6, 0.5, 0.4, 0.3, 0.2];
    const { result, steps } = runOf({ training: { patience: 3, validateEvery: 5 } }, (call) => ({
      'AP@10': scores[call - 1] ?? 1,
    }));
    const { metrics } = await result;
    expect(metrics).toEqual({ 'AP@10': 0.6 });
    expect(steps()).toHaveLength(25);
  });

  it('stops when the loss is no number, says what to change and keeps the last good state', async () => {
    // Large enough to overflow float32 within a few steps, after the first validation.
    const wild = { learningRate: 1e30, warmupFraction: 0, validateEvery: 1, schedule: 'constant' as const };
    const { result } = runOf({ training: wild });
    const { diverged, parameters, steps } = await result;
    expect(diverged).toMatchObject({ code: 'training-diverged' });
    expect(diverged?.hint).toContain('training.learningRate');
    expect(parameters.every(Number.isFinite)).toBe(true);
    expect(steps).toBeGreaterThan(0);
    await expect(runOf({ training: { ...wild, validateEvery: 1000 } }).result).rejects.toMatchObject({
      code: 'training-diverged',
    });
  });

  it('keeps what an earlier phase has learned when a later one diverges before it is validated', async () => {
    const { result } = runOf({ training: { plan: 'sequential', indexingEpochs: 10, retrievalEpochs: 5 } }, (call) => {
      if (call > 1) throw new NeurodexError('index-damaged', 'a score is not a number');
      return { 'IA@1': 0.7 };
    });
    const { diverged, metrics, parameters } = await result;
    expect(diverged).toMatchObject({ code: 'training-diverged', details: { phase: 'retrieval' } });
    expect(metrics).toEqual({ 'IA@1': 0.7 });
    expect(parameters.every(Number.isFinite)).toBe(true);
  });

  it('stops between two steps when it is interrupted', async () => {
    const controller = new AbortController();
    const { result, steps } = runOf(
      {},
      (call) => {
        if (call === 2) controller.abort();
        return {};
      },
      controller.signal,
    );
    await expect(result).rejects.toMatchObject({ code: 'interrupted' });
    expect(steps()).toHaveLength(40);
  });
});

/** Keeps every checkpoint as its file would hold it. */
function keeping() {
  const files: Uint8Array[] = [];
  const checkpoints = {
    save: async (checkpoint: Checkpoint) =>
      void files.push(serialiseCheckpoint(checkpoint, { seconds: 0, logBytes: 0 })),
    settled: async () => {},
  };
  return {
    checkpoints,
    all: () => files.map((bytes) => deserialiseCheckpoint(bytes, readParameters(bytes))),
  };
}
const readParameters = (bytes: Uint8Array) => readSafetensors(bytes).tensors.parameters?.data.length ?? 0;

describe('checkpoints', () => {
  /** Figures of the parameters alone, so that they are the same whenever they are measured. */
  const measured = async (parameters: Float32Array): Promise<Metrics> => ({
    'IA@1': Math.abs(Math.sin(1000 * parameters.reduce((sum, value) => sum + value, 0))),
  });

  it.each([
    ['a joint plan', { plan: 'joint', indexingEpochs: 6 }],
    ['a sequential plan', { plan: 'sequential', indexingEpochs: 8, retrievalEpochs: 4 }],
    ['one that stops early', { plan: 'sequential', indexingEpochs: 40, retrievalEpochs: 4, patience: 2 }],
  ] as const)('go on bit for bit from wherever they were made: %s', async (_name, plan) => {
    const changes = {
      training: { ...plan, validateEvery: 3, checkpointEvery: 2 },
      model: { dropout: 0.2 },
    };
    const kept = keeping();
    const whole = runOf(changes, undefined, undefined, { validate: measured, checkpoints: kept.checkpoints });
    const expected = await whole.result;
    const all = kept.all();
    expect(all.length).toBeGreaterThan(5);
    for (const from of all) {
      const resumed = runOf(changes, undefined, undefined, { validate: measured, resumeFrom: from });
      const result = await resumed.result;
      expect(result).toEqual(expected);
      const after = (events: typeof whole.tracker.events) =>
        events.flatMap((event): object[] => {
          if (event.kind === 'validation') return event.step > from.state.step ? [event] : [];
          if (event.kind !== 'step' || event.step <= from.state.step) return [];
          const { seconds: _, picturesPerSecond: __, ...same } = event;
          return [same];
        });
      expect(after(resumed.tracker.events)).toEqual(after(whole.tracker.events));
      // What was measured before is not measured again.
      const again = resumed.tracker.events.filter(({ kind }) => kind === 'validation') as { step: number }[];
      expect(again.filter(({ step }) => step <= from.state.step)).toEqual([]);
    }
  });

  it('are made at an interruption, and from there training can be longer than it was to be', async () => {
    const controller = new AbortController();
    const training = { validateEvery: 7, checkpointEvery: 1000, schedule: 'constant' as const, warmupFraction: 0 };
    const kept = keeping();
    const cut = runOf({ training }, undefined, controller.signal, {
      checkpoints: kept.checkpoints,
      validate: async (parameters) => {
        controller.abort();
        return await measured(parameters);
      },
    });
    await expect(cut.result).rejects.toMatchObject({ code: 'interrupted' });
    const [from, ...more] = kept.all();
    expect(more).toEqual([]);
    expect(from?.phaseStep).toBe(7);
    const longer = { training: { ...training, indexingEpochs: 50 } };
    const whole = await runOf(longer, undefined, undefined, { validate: measured }).result;
    expect(await runOf(longer, undefined, undefined, { validate: measured, resumeFrom: from }).result).toEqual(whole);
    // A phase that is to be shorter than it is already is measured once more, and is over.
    const shorter = runOf({ training: { ...training, indexingEpochs: 1 } }, undefined, undefined, {
      validate: measured,
      resumeFrom: from,
    });
    expect(await shorter.result).toMatchObject({ steps: 7 });
    expect(shorter.steps()).toEqual([]);
  });
});

describe('what is told of a phase', () => {
  const told = () => {
    const events: ProgressEvent[] = [];
    const said: string[] = [];
    const reporter = {
      ...silentReporter,
      progress: (event: ProgressEvent) => void events.push(event),
      info: (message: string) => void said.push(message),
    };
    return { events, said, reporter };
  };

  it('is each step with the newest figures, and why it ends before its time', async () => {
    const { events, said, reporter } = told();
    const kept = keeping();
    const training = { patience: 2, validateEvery: 5, checkpointEvery: 1000 };
    const validate = async () => ({ 'IA@1': 0.5 });
    const { result } = runOf({ training }, undefined, undefined, {
      reporter,
      validate,
      checkpoints: kept.checkpoints,
    });
    await result;
    expect(said).toEqual(['joint: stopped at step 15, no better for 2 validations']);
    expect(events.map(({ done }) => done)).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
    expect(events[3]).toMatchObject({ phase: 'joint', unit: 'steps', metrics: { loss: expect.any(Number) } });
    expect(events[3]?.metrics).not.toHaveProperty('IA@1');
    expect(events[3]?.metrics).not.toHaveProperty('skipped');
    expect(events[4]?.metrics).toMatchObject({ 'IA@1': 0.5, tokenAccuracy: expect.any(Number) });
    // Where it stopped is kept, though no checkpoint was due.
    expect(kept.all().map(({ phaseStep }) => phaseStep)).toEqual([15]);
  });

  it('is nothing more where it ends in its time; its last step is kept', async () => {
    const { events, said, reporter } = told();
    const kept = keeping();
    const training = { indexingEpochs: 2, validateEvery: 1000, checkpointEvery: 1000 };
    const { result } = runOf({ training }, undefined, undefined, { reporter, checkpoints: kept.checkpoints });
    const { steps } = await result;
    expect(said).toEqual([]);
    expect(events.at(-1)).toMatchObject({ done: steps, total: steps });
    expect(kept.all().map(({ phaseStep }) => phaseStep)).toEqual([steps]);
  });
});

describe('an interruption before the first step', () => {
  it('leaves no checkpoint', async () => {
    const controller = new AbortController();
    controller.abort();
    const kept = keeping();
    const { result } = runOf({}, undefined, controller.signal, { checkpoints: kept.checkpoints });
    await expect(result).rejects.toMatchObject({ code: 'interrupted' });
    expect(kept.all()).toEqual([]);
  });
});

describe('a batch whose loss is no number', () => {
  /** A runtime whose training step gives a loss that is no number, and parameters that are none, at some of its runs. */
  const failing = (at: (run: number) => boolean): TrainingRun['runtime'] => ({
    ...runtime,
    async load(model) {
      const session = await runtime.load(model);
      let runs = 0;
      return {
        release: () => session.release(),
        async run(feeds, into) {
          const fetched = await session.run(feeds, into);
          if (at(++runs)) {
            (fetched.loss as Float32Array)[0] = Number.NaN;
            (fetched['next.parameters'] as Float32Array).fill(Number.NaN);
          }
          return fetched;
        },
      };
    },
  });
  const run = (at: (run: number) => boolean, onNan: 'stop' | 'skip') => {
    const said: string[] = [];
    const reporter = { ...silentReporter, warn: (message: string) => said.push(message) };
    const made = runOf({}, undefined, undefined, { runtime: failing(at), onNan, reporter });
    return { ...made, said };
  };

  it('is skipped and counted where that is asked for', async () => {
    const { result, steps, said } = run((n) => n === 5 || n === 25, 'skip');
    const { parameters, diverged } = await result;
    expect(diverged).toBeUndefined();
    expect(parameters.every(Number.isFinite)).toBe(true);
    const whole = runOf({});
    await whole.result;
    const all = whole.steps();
    expect(steps().map(({ step }) => step)).toEqual(all.map(({ step }) => step).filter((n) => n !== 5 && n !== 25));
    expect(
      steps()
        .slice(0, 4)
        .map(({ loss }) => loss),
    ).toEqual(all.slice(0, 4).map(({ loss }) => loss));
    expect(steps().every(({ loss }) => Number.isFinite(loss))).toBe(true);
    expect(said).toEqual([
      expect.stringContaining('step 5: the batch is skipped, its loss is NaN'),
      expect.stringContaining('(2 so far)'),
      '2 batches were skipped because the loss or the gradient was not finite',
    ]);
  });

  it('stops training all the same when no batch has one any more', async () => {
    const { result, said } = run((n) => n > 30, 'skip');
    const { diverged, parameters, steps } = await result;
    expect(diverged).toMatchObject({ code: 'training-diverged' });
    expect(parameters.every(Number.isFinite)).toBe(true);
    expect([steps, said.length]).toEqual([41, 10]);
  });

  it('stops training where none has one from the beginning', async () => {
    const { result, said } = run(() => true, 'skip');
    await expect(result).rejects.toMatchObject({ code: 'training-diverged' });
    expect(said).toHaveLength(10);
  });

  it('is not spoken of where there is none', async () => {
    const { result, said } = run(() => false, 'skip');
    await result;
    expect(said).toEqual([]);
  });

  it('stops training where nothing else is asked for', async () => {
    const { diverged, steps } = await run((n) => n === 25, 'stop').result;
    expect(diverged).toMatchObject({ code: 'training-diverged' });
    expect(steps).toBe(25);
  });
});
