import { nodeRuntime } from '@neurodex/autograd/node';
import { silentReporter } from '@neurodex/core';
import { MemoryTracker } from '@neurodex/tracking';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Config } from '../config.ts';
import type { Embeddings } from '../pictures/embeddings.ts';
import { pixelsOf } from '../pictures/picture-store.ts';
import { PRESETS } from '../presets/presets.ts';
import { asQueries } from '../systems/queries.fixture.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Metrics } from './early-stopping.ts';
import { nodeMachine } from './node-machine.ts';
import { tinyCatalogue } from './tiny-catalogue.fixture.ts';
import { planNetwork, train } from './train.ts';

const runtime = nodeRuntime({ threads: 1 });
const { store } = tinyCatalogue(4);
const configOf = (training: Partial<Config['training']> = {}, model: Partial<Config['model']> = {}): Config => ({
  ...PRESETS.quick,
  pictures: { ...PRESETS.quick.pictures, size: 16 },
  model: { ...PRESETS.quick.model, patchSize: 8, width: 16, feedForwardWidth: 16, heads: 2, ...model },
  training: {
    ...PRESETS.quick.training,
    plan: 'sequential',
    batchSize: 8,
    indexingEpochs: 3,
    retrievalEpochs: 1,
    ...training,
  },
});

describe('the plan of a network', () => {
  it('has the sizes of the identifiers, and an example for each picture', () => {
    const { geometry, table, examples, phases } = planNetwork(store, configOf({ identifiersPerQuery: 1 }));
    // Eight pictures 0 … 7: BOS and one digit.
    expect([geometry.maxIdentifierLength, geometry.input, geometry.sequenceLength]).toEqual([2, 'pixels', 4]);
    expect(geometry.embeddingRows).toBe(table.size);
    expect(table.trie.leafCount).toBe(8);
    expect(examples.queries.map(({ picture }) => picture.role)).toEqual(Array(8).fill('train'));
    // The two catalogue pictures of the class.
    expect(examples.queries[0]?.relevant).toEqual([0, 1]);
    expect(examples.selfQueries.map(({ picture }) => picture.row)).toEqual(store.catalogue.map(({ row }) => row));
    expect(examples.selfQueries[0]?.relevant).toEqual([0, 1]);
    // 3 · 8 pictures in eights, then 8 queries · 2 relevant pictures.
    expect(phases.map(({ name, steps }) => [name, steps])).toEqual([
      ['indexing', 3],
      ['retrieval', 2],
    ]);
  });

  it('has a row for each prefix where prefixes have embeddings', () => {
    const { geometry, table } = planNetwork(store, configOf({}, { embedding: 'prefix' }));
    // Only the root decides; row 0 is padding's.
    expect([table.size, geometry.embeddingRows]).toEqual([2, 2]);
  });

  it('counts pairs of catalogue pictures where there are no queries', () => {
    const flat = { ...store, hasClasses: false, queries: () => [] };
    const { examples, phases } = planNetwork(flat, configOf({ identifiersPerQuery: 1 }));
    expect(examples.queries).toEqual([]);
    expect(examples.selfQueries.map(({ relevant }) => relevant)).toEqual(store.catalogue.map(({ row }) => [row]));
    expect(phases.at(-1)).toMatchObject({ name: 'retrieval', steps: 1 });
  });

  it('gives a picture as a query at least the weight that is asked for to itself', () => {
    const { examples } = planNetwork(store, configOf({ selfTargetWeight: 0.75 }));
    expect(examples.selfQueries[0]?.self).toEqual({ row: 0, weight: 0.75 });
  });

  it('reads embeddings where the backbone is frozen', () => {
    const config = configOf();
    const embedded = { ...store, embeddings: { tokens: 9, channels: 5 } as Embeddings };
    const frozen = { ...config, encoder: { ...config.encoder, frozenBackbone: true } };
    expect(planNetwork(embedded, frozen).geometry).toMatchObject({
      input: 'embeddings',
      sequenceLength: 9,
      channels: 5,
    });
    const free = { ...config, encoder: { ...config.encoder, frozenBackbone: false } };
    expect(planNetwork(embedded, free).geometry).toMatchObject({ input: 'pixels', sequenceLength: 4 });
  });
});

const options = () => ({
  runtime,
  machine: nodeMachine,
  seed: 1,
  tracker: new MemoryTracker(),
  reporter: silentReporter,
});

describe('training', () => {
  it('gives the network that its last validation measured, as a system before it is over', async () => {
    const measured: [Metrics, Float32Array][] = [];
    const pictures = asQueries(store.catalogue.flatMap(({ row }) => [pixelsOf(store, row)])[0] as Uint8Array, 768);
    let found: number[][] = [];
    let told = 0;
    const result = await train(store, configOf({ validateEvery: 2 }), {
      ...options(),
      onValidation: (metrics, parameters) => void measured.push([metrics, parameters.slice()]),
      onTrained: async (system, steps) => {
        told = steps;
        found = (await system.rank(pictures, 8)).map((answers) => answers.map(({ row }) => row));
      },
    });
    expect(told).toBe(result.steps);
    expect(found[0]?.sort((a, b) => a - b)).toEqual(store.catalogue.map(({ row }) => row));
    // Steps 2 and 3 of the first phase, 2 and the last of the second.
    const [indexing, , retrieval] = measured.map(([metrics]) => Object.keys(metrics));
    expect([indexing, retrieval]).toEqual([['IA@1'], ['AP@10']]);
    expect(result.model.parameters.every(Number.isFinite)).toBe(true);
    expect(measured.map(([metrics]) => metrics)).toContainEqual(result.metrics);
    expect(measured.map(([, parameters]) => parameters)).toContainEqual(result.model.parameters);
    expect(result.model.prefixes).toBe(result.table.stored);
    expect(result.model.geometry.embeddingRows).toBe(result.table.size);
  });

  it('goes on in no phase that the plan has no more', async () => {
    const resumeFrom = { phase: 'retrieval' } as Checkpoint;
    const running = train(store, configOf({ retrievalEpochs: 0 }), { ...options(), resumeFrom });
    await expect(running).rejects.toMatchObject({
      code: 'run-changed',
      message: 'the run is in its retrieval phase, which the plan has no more',
      hint: 'set training.retrievalEpochs above 0',
      details: { phase: 'retrieval' },
    });
  });
});

describe('a step that does not fit into memory', () => {
  afterEach(() => void vi.restoreAllMocks());
  const refused = async (available: number) => {
    vi.spyOn(process, 'constrainedMemory').mockReturnValue(available);
    return await train(store, configOf(), options()).then(
      () => undefined,
      (error: { code: string; message: string; hint: string; details: object }) => error,
    );
  };

  it('is refused, with what fits', async () => {
    // Two graphs of layers alone take 4 MB.
    const nothing = await refused(1000);
    expect(nothing).toMatchObject({
      code: 'config-invalid',
      hint: 'lower model.width, model.layers or training.multiTargetMaxSize',
      details: { keys: ['training.batchSize'] },
    });
    expect(nothing?.message).toMatch(/^training\.batchSize 8 with \d+ tokens? behind each picture would take \S+ MB/);
    expect(nothing?.message).toContain('there are 1.0 kB');
  });
});
