import { readFile } from 'node:fs/promises';
import { silentReporter } from '@neurodex/core';
import type { Dataset } from '@neurodex/datasets';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SystemName } from '../query/system.ts';
import { type SearchOptions, searchIndex } from './search.ts';
import { disc, SMALL_WRITE, WrittenIndexes } from './written-indexes.fixture.ts';

/** Searches by words in indexes that learned to read, and in one that did not. */
let indexes: WrittenIndexes;
const COLOURS = { crimson: '#c22', azure: '#22c', emerald: '#2a2' } as const;
const names = Object.keys(COLOURS) as (keyof typeof COLOURS)[];
let dataset: Dataset;
const training = { ...SMALL_WRITE.training, batchSize: 16, seeSteps: 150, learningRate: 3e-3 };
const text = { ...SMALL_WRITE.text, steps: 150, batchSize: 16, learningRate: 3e-3 };

beforeAll(async () => {
  indexes = await WrittenIndexes.create();
  const pictures = await Promise.all(
    names.flatMap((name) =>
      Array.from({ length: 12 }, async (_, i) => [`${name}/${i}.png`, await disc(COLOURS[name], i)] as const),
    ),
  );
  const drawn = await indexes.draw('discs', Object.fromEntries(pictures));
  // Half of the pictures have a caption as well; no word tells of the others but their label.
  dataset = {
    ...drawn,
    pictures: drawn.pictures.map((picture, i) =>
      i % 2 === 0 ? { ...picture, captions: [`A ${picture.labels[0]} disc`] } : picture,
    ),
  };
  await indexes.make(dataset, 'read.index', { training, text }, ['dsi', 'pixels']);
}, 120_000);
afterAll(() => indexes.remove());

const ask = async (asked: Partial<SearchOptions>, index = 'read.index') => {
  const options = { index: indexes.at(index), files: [], k: 5, system: 'dsi' as SystemName, device: 'cpu' as const };
  return await searchIndex({ ...options, reporter: silentReporter, ...asked });
};
const labelsOf = ({ results }: Awaited<ReturnType<typeof ask>>) =>
  results.map(({ answers }) => answers.map(({ label }) => label));

describe('words', () => {
  it('find pictures whose label or caption has them, also in upper case and other spaces', async () => {
    const found = await ask({ texts: [...names, 'A Crimson  DISC', ' EMERALD\n'], k: 2 });
    expect(found.results.map(({ query }) => query)).toEqual([...names, 'A Crimson  DISC', ' EMERALD\n']);
    const expected = [...names, 'crimson', 'emerald'];
    expect(labelsOf(found)).toEqual(expected.map((label) => [label, label]));
    for (const { answers } of found.results) for (const { score } of answers) expect(score).toBeLessThanOrEqual(0);
  });

  it('beside pictures are queries of their own', async () => {
    const file = indexes.at('discs', 'azure', '3.png');
    const found = await ask({ files: [file], texts: ['emerald'], k: 1 });
    expect(found.results.map(({ query }) => query)).toEqual([file, 'emerald']);
    expect(labelsOf(found)).toEqual([['azure'], ['emerald']]);
  });

  it('are added to a picture, or taken from it', async () => {
    const files = [indexes.at('discs', 'azure', '3.png')];
    expect(labelsOf(await ask({ files, plus: ['crimson', 'crimson', 'crimson'], k: 1 }))).toEqual([['crimson']]);
    const [without = []] = labelsOf(await ask({ files, minus: ['azure', 'azure', 'azure'], k: 3 }));
    expect(without).not.toContain('azure');
    await expect(ask({ texts: ['azure'], minus: ['azure'] })).rejects.toMatchObject({ code: 'query-empty' });
  });

  it('are counted by bm25, in every index and without training', async () => {
    const found = await ask({ texts: ['emerald disc'], system: 'bm25', k: 3 });
    expect(labelsOf(found)).toEqual([['emerald', 'emerald', 'emerald']]);
    await indexes.make(dataset, 'plain.index', {}, ['pixels']);
    expect(labelsOf(await ask({ texts: ['azure'], system: 'bm25', k: 1 }, 'plain.index'))).toEqual([['azure']]);
  });

  it('that cannot be read are told by name, and the others answered', async () => {
    const found = await ask({ texts: ['', 'azure', 'a\u0007b', 'x'.repeat(2001)], k: 1 });
    expect(labelsOf(found)).toEqual([['azure']]);
    expect(found.failed?.map(({ code }) => code)).toEqual(['text-empty', 'text-invalid', 'text-too-long']);
    await expect(ask({ texts: ['  '] })).rejects.toMatchObject({ code: 'text-empty' });
  });

  it('are refused by systems that compare pictures, and by a network that never learned to read', async () => {
    await expect(ask({ texts: ['azure'], system: 'pixels' })).rejects.toMatchObject({
      code: 'query-unsupported',
      hint: 'ask a system that does: dsi, bm25',
    });
    await expect(ask({ texts: ['azure'], plus: ['emerald'], system: 'bm25' })).rejects.toMatchObject({
      code: 'query-unsupported',
      hint: 'ask a system that does: dsi',
    });
    await indexes.make(dataset, 'blind.index', { text: { ...text, tokens: 0 } });
    await expect(ask({ texts: ['azure'] }, 'blind.index')).rejects.toMatchObject({
      code: 'query-unsupported',
      hint: 'ask a system that does: bm25',
    });
  });

  it('that are too long for the network are read to where it goes, with a warning', async () => {
    const warnings: string[] = [];
    const reporter = { ...silentReporter, warn: (message: string) => void warnings.push(message) };
    const found = await ask({ texts: [`azure ${'azure '.repeat(40)}`], k: 1, reporter });
    expect(labelsOf(found)).toEqual([['azure']]);
    expect(warnings).toEqual([expect.stringMatching(/^a query has \d+ tokens, and dsi reads the first 16$/)]);
  });
});

it('an index that learned to read lists its tokenizer and its network', async () => {
  const manifest = JSON.parse(await readFile(indexes.at('read.index', 'index.json'), 'utf8'));
  expect(manifest.text).toMatchObject({
    tokenizer: { file: 'tokenizer.json' },
    model: { file: 'text.safetensors' },
    texts: 6,
  });
});
