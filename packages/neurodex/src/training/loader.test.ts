import { Random } from '@neurodex/autograd';
import { describe, expect, it } from 'vitest';
import { geometryOf } from '../dsi/model/geometry.ts';
import { numeric } from '../identifiers/numeric.ts';
import { PRESETS } from '../presets/presets.ts';
import { BatchMaker } from './batch-maker.ts';
import { retrievalQueries, selfQueries } from './examples.ts';
import { BatchLoader } from './loader.ts';
import { loadingThreads } from './node-machine.ts';
import type { Phase } from './plan.ts';
import { tinyCatalogue } from './tiny-catalogue.fixture.ts';

const { store, table } = tinyCatalogue(6);
const sameClass = (picture: { labels: readonly string[] }) =>
  new Set(store.rows.filter((p) => p.role === 'catalogue' && p.labels[0] === picture.labels[0]).map(({ row }) => row));
const phase: Phase = {
  name: 'joint',
  mix: { indexing: 3, retrieval: 4 },
  identifiers: 2,
  steps: 10,
  schedule: { learningRate: 1, kind: 'constant', warmupSteps: 0, steps: 10 },
};

function makerOf() {
  const config = {
    ...PRESETS.joint,
    augmentation: { ...PRESETS.joint.augmentation, retrieval: 1, erase: 0.5, clean: 0.2 },
  };
  const sized = { ...config, pictures: { ...config.pictures, size: store.size } };
  const geometry = geometryOf(sized, numeric.vocabulary, 3, { embeddingRows: table.size });
  const examples = { queries: retrievalQueries(store, sameClass), selfQueries: selfQueries(store, sameClass) };
  return new BatchMaker({ store, table, geometry, config, examples }, phase, Random.seeded(4));
}

const loaderOf = (maker: BatchMaker, threads: number) =>
  new BatchLoader(maker, { batches: 10, threads: loadingThreads(maker, threads) });

describe('BatchLoader', () => {
  it.each([0, 1, 3])(
    'gives the batches of its maker in order with %i threads, and the state after each',
    async (threads) => {
      const expected = makerOf();
      const batch = expected.allocate();
      const loader = loaderOf(makerOf(), threads);
      try {
        for (let step = 0; step < 10; step++) {
          expected.fill(batch);
          const { arrays, state } = await loader.next();
          loader.prefetch();
          // What is in use is not written to by what is made ready meanwhile.
          await new Promise((resolve) => setTimeout(resolve, 2));
          expect(arrays).toEqual(batch);
          expect(state).toEqual(expected.state);
        }
        await expect(loader.next()).rejects.toThrow('no more batches');
      } finally {
        await loader.close();
      }
    },
  );

  it('ends with batches still in work', async () => {
    const loader = loaderOf(makerOf(), 1);
    await loader.next();
    loader.prefetch();
    await loader.close();
  });
});
