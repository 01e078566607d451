import { Random } from '@neurodex/autograd';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { geometryOf } from '../dsi/model/geometry.ts';
import { numeric } from '../identifiers/numeric.ts';
import type { Embeddings } from '../pictures/embeddings.ts';
import { PRESETS } from '../presets/presets.ts';
import { BatchMaker } from './batch-maker.ts';
import { indexingExamples, selfQueries } from './examples.ts';
import { type LoadTask, loadBatch, type PixelSource } from './load-batch.ts';
import { BatchLoader } from './loader.ts';
import { loadingThreads } from './node-machine.ts';
import { rowsOfFile } from './rows-of-file.ts';
import { tinyCatalogue } from './tiny-catalogue.fixture.ts';

/** What was asked of threads, which work on this one here. */
const asked = vi.hoisted(() => ({
  cores: 8,
  pools: [] as { minThreads: number; maxThreads: number; workerData: unknown }[],
  tasks: [] as LoadTask[],
  destroyed: 0,
}));
vi.mock('node:os', async (original) => ({
  ...(await original<typeof import('node:os')>()),
  availableParallelism: () => asked.cores,
}));
vi.mock('piscina', () => ({
  Piscina: class {
    readonly maxThreads: number;
    private readonly source: PixelSource;
    constructor(options: (typeof asked.pools)[number]) {
      asked.pools.push(options);
      this.maxThreads = options.maxThreads;
      this.source = options.workerData as PixelSource;
    }
    async run(task: LoadTask): Promise<void> {
      asked.tasks.push(task);
      loadBatch(this.source, task, rowsOfFile);
    }
    async destroy(): Promise<void> {
      asked.destroyed++;
    }
  },
}));
beforeEach(() => Object.assign(asked, { cores: 8, pools: [], tasks: [], destroyed: 0 }));

const { store, table } = tinyCatalogue(6);

/** Pictures of 16 × 16. @param strength of the augmentation */
function makerOf(batch: number, strength = 1, embeddings?: Embeddings) {
  const config = {
    ...PRESETS.joint,
    pictures: { ...PRESETS.joint.pictures, size: 16 },
    augmentation: { ...PRESETS.joint.augmentation, retrieval: strength, indexing: 0 },
  };
  const backbone = embeddings && { tokens: 1, channels: 1 };
  const geometry = geometryOf(config, numeric.vocabulary, 3, { embeddingRows: table.size, backbone });
  const relevance = () => new Set(indexingExamples(store).flatMap(({ relevant }) => relevant));
  const examples = { queries: [], selfQueries: selfQueries(store, relevance) };
  const phase = {
    name: 'retrieval',
    mix: { indexing: 0, retrieval: batch },
    identifiers: 1,
    steps: 10,
    schedule: { learningRate: 1, kind: 'constant', warmupSteps: 0, steps: 10 },
  } as const;
  const source = { store: embeddings ? { ...store, embeddings } : store, table, geometry, config, examples };
  return new BatchMaker(source, phase, Random.seeded(4));
}
const loaderOf = (maker: BatchMaker, threads?: number) =>
  new BatchLoader(maker, { batches: 5, threads: loadingThreads(maker, threads), rowsOfFile });

describe('threads that load pictures', () => {
  it('are started for 65,536 pixels of a batch, one fewer than there are cores, and four at most', async () => {
    for (const [cores, expected] of [
      [1, 1],
      [2, 1],
      [4, 3],
      [5, 4],
      [64, 4],
    ] as const) {
      Object.assign(asked, { cores, pools: [] });
      const loader = loaderOf(makerOf(256));
      await vi.waitUntil(() => asked.pools.length > 0);
      expect(asked.pools.map(({ minThreads, maxThreads }) => [minThreads, maxThreads])).toEqual([[expected, expected]]);
      await loader.close();
    }
    expect(asked.destroyed).toBe(5);
  });

  it('are not started for fewer pixels, where nothing is changed, or for embeddings', () => {
    const embedded = makerOf(256, 1, { views: 2, tokens: 1, channels: 1 } as Embeddings);
    for (const maker of [makerOf(255), makerOf(256, 0), embedded]) expect(loadingThreads(maker)).toBeUndefined();
  });

  it.each([
    [3, [0, 3, 6], [3, 3, 1]],
    [2, [0, 4], [4, 3]],
    [7, [0, 1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 1, 1]],
    [16, [0, 1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 1, 1]],
  ])('share a batch of seven: %i of them', async (threads, firsts, counts) => {
    const [maker, loader] = [makerOf(7), loaderOf(makerOf(7), threads)];
    const { arrays, state } = await loader.next();
    const first = asked.tasks.slice(0, firsts.length);
    expect(first.map((task) => [task.first, task.views.length])).toEqual(firsts.map((at, i) => [at, counts[i]]));
    const expected = maker.allocate();
    maker.fill(expected);
    expect([arrays, state]).toEqual([expected, maker.state]);
    // What threads share is copied for the engine.
    expect(first[0]?.input.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(arrays.input.buffer).toBeInstanceOf(ArrayBuffer);
    await loader.close();
  });

  it('are ahead by three batches, and by one where there are none', async () => {
    for (const [threads, ahead] of [
      [1, 3],
      [0, 1],
    ] as const) {
      const maker = makerOf(7);
      const draw = vi.spyOn(maker, 'draw');
      const loader = loaderOf(maker, threads);
      expect(draw).toHaveBeenCalledTimes(0);
      await loader.next();
      expect(draw).toHaveBeenCalledTimes(ahead);
      loader.prefetch();
      expect(draw).toHaveBeenCalledTimes(ahead === 1 ? 2 : 4);
      loader.prefetch();
      expect(draw).toHaveBeenCalledTimes(ahead === 1 ? 2 : 4);
      for (let i = 1; i < 5; i++) await loader.next();
      // No more are drawn than were announced.
      loader.prefetch();
      expect(draw).toHaveBeenCalledTimes(5);
      await expect(loader.next()).rejects.toThrow(new RangeError('no more batches were announced'));
      await loader.close();
    }
  });

  it('load nothing but pixels', () => {
    const maker = makerOf(7, 1, { views: 2, tokens: 1, channels: 1 } as Embeddings);
    expect(() => loaderOf(maker, 1)).toThrow(new RangeError('only pixels are loaded by threads'));
  });

  it('read pixels that are shared already where they lie', async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(store.pixels.length));
    const maker = makerOf(7);
    Object.defineProperty(maker, 'inputSource', { value: { input: 'pixels', size: 16, pixels: shared } });
    const loader = loaderOf(maker, 1);
    await vi.waitUntil(() => asked.pools.length > 0);
    const [source] = asked.pools.map(({ workerData }) => workerData as PixelSource);
    expect(source?.pixels).toBe(shared);
    await loader.close();
  });
});
