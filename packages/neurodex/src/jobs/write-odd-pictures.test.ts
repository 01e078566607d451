import { readdir } from 'node:fs/promises';
import type { Dataset } from '@neurodex/datasets';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { disc, expectAll, WrittenIndexes } from './written-indexes.fixture.ts';

/** The plan `write` on pictures that are few, or all the same. */
let indexes: WrittenIndexes;
beforeAll(async () => {
  indexes = await WrittenIndexes.create();
});
afterAll(() => indexes.remove());

/** All of it in the catalogue. */
const inCatalogue = (dataset: Dataset): Dataset => ({
  ...dataset,
  pictures: dataset.pictures.map((picture) => ({ ...picture, role: 'catalogue' as const })),
});

describe('a catalogue of two pictures', () => {
  it.each([
    ['of two classes', 'x/a.png', 'y/b.png'],
    ['of one class', 'x/a.png', 'x/b.png'],
    ['without classes', 'a.png', 'b.png'],
  ])('%s is indexed, and each is found first with itself', async (name, a, b) => {
    const dataset = await indexes.draw(name, { [a]: await disc('#c22', 0), [b]: await disc('#22c', 3) });
    const summary = await indexes.make(inCatalogue(dataset), `${name}.index`);
    expect([summary.catalogue, summary.steps]).toEqual([2, 3]);
    for (const path of [a, b]) {
      const answers = await indexes.search(`${name}.index`, `${name}/${path}`, 10);
      expect(answers[0]?.picture).toBe(path);
      expectAll(answers, 2);
    }
  });

  it('less than that is refused', async () => {
    const dataset = await indexes.draw('one', { 'a.png': await disc('#c22', 0) });
    await expect(indexes.make(dataset, 'one.index')).rejects.toMatchObject({
      code: 'source-unusable',
      message: expect.stringContaining('an index needs at least two'),
    });
    expect((await readdir(indexes.root)).filter((name) => name.startsWith('one.index'))).toEqual([]);
  });
});

describe('200 pictures that look the same', () => {
  const files = async (differ: boolean) => {
    const { data, info } = await sharp(await disc('#c22', 0))
      .raw()
      .toBuffer({ resolveWithObject: true });
    const file = (i: number) =>
      sharp(data, { raw: info })
        .withExif({ IFD0: { Copyright: String(differ ? i : 0) } })
        .png()
        .toBuffer();
    return await Promise.all(Array.from({ length: 200 }, (_, i) => file(i)));
  };

  it.each([
    ['the same bytes, without classes', false, 0],
    ['the same bytes, in four classes', false, 4],
    ['the same pixels in other files, without classes', true, 0],
    ['the same pixels in other files, in four classes', true, 4],
  ] as const)('%s: every one has a name of its own, and all are as likely', async (name, differ, classes) => {
    const bytes = await files(differ);
    expect(new Set(bytes.map(String)).size).toBe(differ ? 200 : 1);
    const pathOf = (i: number) => (classes === 0 ? `${i}.png` : `class ${i % classes}/${i}.png`);
    const dataset = await indexes.draw(name, Object.fromEntries(bytes.map((file, i) => [pathOf(i), file])));
    const summary = await indexes.make(inCatalogue(dataset), `${name}.index`);
    expect(summary).toMatchObject({ catalogue: 200, duplicates: { sets: 1, copies: 199 } });
    for (const [k, file] of [
      [10, pathOf(7)],
      [200, pathOf(199)],
    ] as const) {
      const answers = await indexes.search(`${name}.index`, `${name}/${file}`, k);
      expect(new Set(answers.map(({ identifier }) => identifier)).size).toBe(k);
      for (const { score } of answers) expect(score).toBeCloseTo(-Math.log(200), 3);
    }
  });
});
