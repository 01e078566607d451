import { readdir, readFile, writeFile } from 'node:fs/promises';
import { add, float32, mean, mul, readSafetensors, reshape, toOnnx, trace } from '@neurodex/autograd';
import type { Dataset } from '@neurodex/datasets';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPictureRows } from '../artifact/catalogue-store.ts';
import type { Config } from '../config.ts';
import { disc, expectAll, SMALL_WRITE, WrittenIndexes } from './written-indexes.fixture.ts';

/** The plan `write` on pictures without classes, and behind an encoder. */
let indexes: WrittenIndexes;
beforeAll(async () => {
  indexes = await WrittenIndexes.create();
});
afterAll(() => indexes.remove());

describe('a flat folder', () => {
  it('is learned in pairs of views, and measured with views', async () => {
    const pictures = await Promise.all(
      ['#c22', '#22c', '#2a2', '#cc2'].flatMap((fill, c) =>
        [0, 1, 2].map(async (i) => [`${c}-${i}.png`, await disc(fill, 2 * c + 3 * i)] as const),
      ),
    );
    const dataset = await indexes.draw('flat', Object.fromEntries(pictures));
    const summary = await indexes.make(dataset, 'flat.index', {}, ['dsi', 'pixels']);
    expect([summary.catalogue, summary.queries]).toEqual([12, { train: 0, validation: 0, test: 0 }]);
    expectAll(await indexes.search('flat.index', 'flat/1-1.png', 12), 12);
    const systems = await indexes.measures('flat.index');
    expect(Object.keys(systems)).toEqual(['dsi', 'pixels']);
    expect(Object.values(systems.dsi ?? {}).every((value) => value >= 0 && value <= 1)).toBe(true);
  });
});

it('an index without a network is named by the order of its pictures', async () => {
  const pictures = await Promise.all(Array.from({ length: 20 }, async (_, i) => [`${i}.png`, await disc('#c22', i)]));
  const dataset = await indexes.draw('plain', Object.fromEntries(pictures));
  const { systems, parameters, steps } = await indexes.make(dataset, 'plain.index', {}, ['pixels']);
  expect([systems, parameters, steps]).toEqual([['pixels'], 0, 0]);
  const store = await openPictureRows(indexes.at('plain.index', 'catalogue'));
  expect(new Set(store.catalogue.map(({ identifier }) => identifier)).size).toBe(20);
});

it.each([
  ['while it learns', 20],
  ['with its last step', 1],
])('a network that diverges %s leaves no index', async (name, seeSteps) => {
  const pictures = await Promise.all(Array.from({ length: 8 }, async (_, i) => [`${i}.png`, await disc('#c22', i)]));
  const dataset = await indexes.draw(name, Object.fromEntries(pictures));
  const wild = { learningRate: 1e30, schedule: 'constant', warmupFraction: 0, validateEvery: 1, seeSteps } as const;
  const training = { ...SMALL_WRITE.training, ...wild };
  await expect(indexes.make(dataset, `${name}.index`, { training })).rejects.toMatchObject({
    code: 'training-diverged',
    hint: expect.stringContaining('lower training.learningRate'),
  });
  expect(await readdir(indexes.root)).not.toContain(`${name}.index`);
});

describe('behind an encoder', () => {
  let dataset: Dataset;
  beforeAll(async () => {
    const pictures = await Promise.all(
      ['#c22', '#22c', '#2a2'].flatMap((fill, c) =>
        Array.from({ length: 10 }, async (_, i) => [`class ${c}/${i}.png`, await disc(fill, i)] as const),
      ),
    );
    dataset = await indexes.draw('classes', Object.fromEntries(pictures));
  });
  const behind = async (name: string, encoder: Partial<Config['encoder']>) => {
    const summary = await indexes.make(dataset, name, { encoder: { ...SMALL_WRITE.encoder, ...encoder } });
    const model = readSafetensors(await readFile(indexes.at(name, 'model.safetensors')));
    const geometry = JSON.parse(model.metadata.geometry ?? '') as { input: string; output: string };
    expect([geometry.input, geometry.output]).toEqual(['embeddings', 'memory']);
    for (const { data } of Object.values(model.tensors)) expect([...data].every(Number.isFinite)).toBe(true);
    const systems = await indexes.measures(name);
    for (const value of Object.values(systems.dsi ?? { none: NaN })) expect(value).toBeGreaterThanOrEqual(0);
    return summary;
  };

  it('a network writes what it makes of embeddings, and finds it again', async () => {
    const file = new URL('../models/encoder/fixtures/encoder.onnx', import.meta.url).pathname;
    const { catalogue, parameters } = await behind('behind', { file, preset: 'siglip', size: 16, views: 1 });
    expect(parameters).toBeGreaterThan(0);
    expectAll(await indexes.search('behind', 'classes/class 1/4.png', catalogue), catalogue);
  });

  it('that gives all pictures the same point, all are as likely', async () => {
    const graph = trace({ x: float32(1, 3, 16, 16) }, ({ x }) => ({
      y: reshape(add(mul(mean(x, [2, 3]), 0), 1), [1, 3]),
    }));
    const file = indexes.at('blind.onnx');
    await writeFile(file, toOnnx(graph));
    const { catalogue } = await behind('blind', { file, size: 16 });
    const answers = await indexes.search('blind', 'classes/class 1/4.png', catalogue);
    expectAll(answers, catalogue);
    for (const { score } of answers) expect(score).toBeCloseTo(-Math.log(catalogue), 3);
  });
});
