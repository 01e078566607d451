import { nodeRuntime } from '@neurodex/autograd/node';
import { describe, expect, it } from 'vitest';
import type { Config } from '../config.ts';
import { NeurodexError } from '../errors.ts';
import { identifierLength } from '../identifiers/encode.ts';
import { numeric } from '../identifiers/numeric.ts';
import { geometryOf } from '../models/dsi/geometry.ts';
import { PRESETS } from '../presets/presets.ts';
import { silentReporter } from '../progress.ts';
import { MemoryTracker } from '../tracking/memory.ts';
import type { Figures } from './best.ts';
import { catalogueQueries, retrievalQueries } from './examples.ts';
import { train } from './loop.ts';
import { planTraining } from './plan.ts';
import { tinyCatalogue } from './tiny-catalogue.fixture.ts';

const runtime = nodeRuntime();
const { catalogue, trie } = tinyCatalogue(4);
const sameClass = (picture: { labels: readonly string[] }) =>
  new Set(
    catalogue.pictures.filter((p) => p.role === 'catalogue' && p.labels[0] === picture.labels[0]).map(({ row }) => row),
  );

type Changes = { readonly training?: Partial<Config['training']>; readonly model?: Partial<Config['model']> };

function runOf(
  changes: Changes,
  validate: (call: number) => Figures = (call) => ({ 'IA@1': call / 100 }),
  signal?: AbortSignal,
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
    catalogue.pictures.flatMap(({ identifier }) => identifier ?? []),
  );
  const tracker = new MemoryTracker();
  const queries = retrievalQueries(catalogue, sameClass);
  let calls = 0;
  const result = train({
    runtime,
    geometry: geometryOf(config, numeric.vocabulary, length),
    source: { catalogue, scheme: numeric, trie, length, config },
    phases: planTraining(config, { catalogue: 8, pairs: 16 }),
    examples: { queries, ownQueries: catalogueQueries(catalogue, sameClass) },
    config,
    seed: 3,
    tracker,
    reporter: silentReporter,
    signal,
    validate: async () => validate(++calls),
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
    const { figures } = await result;
    expect(figures).toEqual({ 'AP@10': 0.6 });
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
    const { diverged, figures, parameters } = await result;
    expect(diverged).toMatchObject({ code: 'training-diverged', details: { phase: 'retrieval' } });
    expect(figures).toEqual({ 'IA@1': 0.7 });
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
