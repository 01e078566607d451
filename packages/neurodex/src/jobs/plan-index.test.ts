import { silentReporter } from '@neurodex/core';
import type { Dataset, SourcePicture } from '@neurodex/datasets';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Config } from '../config.ts';
import { planIndex } from './plan-index.ts';
import { disc, SMALL_WRITE, WrittenIndexes } from './written-indexes.fixture.ts';

let indexes: WrittenIndexes;
beforeAll(async () => {
  indexes = await WrittenIndexes.create();
});
afterAll(() => indexes.remove());

const plan = (dataset: Dataset, training: Partial<Config['training']> = {}, more: Partial<Config> = {}) =>
  planIndex({
    dataset,
    config: { ...SMALL_WRITE, training: { ...SMALL_WRITE.training, ...training }, ...more },
    systems: ['dsi'],
    seed: 1,
    device: 'cpu',
    reporter: silentReporter,
  });
const secondsOf = ({ stages }: Awaited<ReturnType<typeof plan>>, stage: string): number =>
  stages.find(({ name }) => name === stage)?.seconds ?? NaN;

describe('the plan of an index that is written', () => {
  let dataset: Dataset;
  beforeAll(async () => {
    const pictures = await Promise.all(
      ['#c22', '#22c', '#2a2'].flatMap((fill, c) =>
        Array.from({ length: 20 }, async (_, i) => [`class ${c}/${i}.png`, await disc(fill, i)] as const),
      ),
    );
    dataset = await indexes.draw('shapes', Object.fromEntries(pictures));
  });

  it('has the parts, the steps and about the parameters of the index that is built', async () => {
    const planned = await plan(dataset);
    const { catalogue, queries, steps, parameters } = await indexes.make(dataset, 'shapes.index');
    expect(planned.pictures).toEqual({ catalogue, ...queries });
    expect([planned.steps, steps]).toEqual([3, 3]);
    expect(Math.abs(planned.parameters / parameters - 1)).toBeLessThan(0.1);
    expect(planned.stages.map(({ name }) => name)).toEqual([
      ...['decode', 'split', 'see', 'identify', 'write', 'read', 'finish'],
    ]);
    expect(planned.stages.find(({ name }) => name === 'write')?.bytes).toBe(4 * planned.parameters);
    for (const stage of ['decode', 'see', 'identify', 'write', 'read'])
      expect(secondsOf(planned, stage)).toBeGreaterThan(0);
  });

  it('has as many steps as epochs take, where that is less', async () => {
    const { pictures, steps } = await plan(dataset, { seeSteps: 1000, seeEpochs: 4 });
    expect(steps).toBe(Math.ceil((4 * (pictures.catalogue + pictures.train)) / 8));
  });

  it('fills the minutes that are given', async () => {
    const planned = await plan(dataset, { minutes: 0.5 });
    expect(planned.steps).toBeGreaterThan(3);
    const all = ['decode', 'see', 'identify', 'write', 'read'].reduce(
      (sum, stage) => sum + secondsOf(planned, stage),
      0,
    );
    expect(all).toBeGreaterThan(28);
    expect(all).toBeLessThan(30.1);
  });

  it('opens an encoder to know its embeddings, and how long they take', async () => {
    const file = new URL('../models/encoder/fixtures/encoder.onnx', import.meta.url).pathname;
    const encoder = { ...SMALL_WRITE.encoder, file, size: 16, views: 1 };
    const planned = await plan(dataset, {}, { encoder });
    expect(planned.steps).toBe(3);
    expect(secondsOf(planned, 'embed')).toBeGreaterThan(0);
    expect(secondsOf(planned, 'see')).toBeGreaterThan(0);
    const { catalogue, train, validation, test } = planned.pictures;
    // A class token and 4 × 4 patches of six numbers each, of a picture and a view of it.
    const bytes = 4 * 17 * 6 * 2 * (catalogue + train + validation + test);
    expect(planned.stages.find(({ name }) => name === 'embed')?.bytes).toBe(bytes);
  });

  it('downloads nothing: of an encoder that is not there, it knows nothing', async () => {
    const asked = { dataset, systems: ['dsi'], seed: 1, device: 'cpu', reporter: silentReporter } as const;
    const environment = { NEURODEX_CACHE: indexes.at('empty'), HF_ENDPOINT: 'http://127.0.0.1:9' };
    for (const file of ['clip-vit-b32', 'efficientnet-lite0']) {
      const config = { ...SMALL_WRITE, encoder: { ...SMALL_WRITE.encoder, file } };
      const { stages, steps } = await planIndex({ ...asked, config, environment });
      expect(steps).toBe(0);
      for (const name of ['embed', 'see', 'write'])
        expect(stages.find((stage) => stage.name === name)?.seconds).toBeNull();
    }
  });
});

it('a source without a picture to learn from has a plan, and is refused by the build', async () => {
  const picture: SourcePicture = { path: 'a.png', labels: [], role: 'test', read: () => disc('#c22', 1) };
  const dataset: Dataset = { name: 'd', source: '/d', notices: [], skipped: [], pictures: [picture] };
  const { pictures, steps } = await plan(dataset);
  expect([pictures, steps]).toEqual([{ catalogue: 0, train: 0, validation: 0, test: 1 }, 0]);
  await expect(indexes.make(dataset, 'none.index')).rejects.toMatchObject({ code: 'source-unusable' });
});
