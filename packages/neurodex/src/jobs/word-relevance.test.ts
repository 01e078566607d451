import { readFileSync } from 'node:fs';
import { nodeRuntime } from '@neurodex/autograd/node';
import { silentReporter } from '@neurodex/core';
import type { Dataset } from '@neurodex/datasets';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RELEVANCE_FILE } from '../artifact/relevance-file.ts';
import { judgedCaptions } from '../evaluation/judged-captions.ts';
import { openIndex } from '../systems/open-index.ts';
import { calibrate } from './change-index.ts';
import { evaluateIndex, evaluateTexts } from './evaluate-index.ts';
import { inspectIndex } from './inspect-index.ts';
import { type SearchOptions, searchIndex } from './search.ts';
import { disc, SMALL_WRITE, WrittenIndexes } from './written-indexes.fixture.ts';

/** The relevance of answers to words: of captions that nothing was learned from. */
let indexes: WrittenIndexes;
const COLOURS = { crimson: '#c22', azure: '#22c', emerald: '#2a2' } as const;
const names = Object.keys(COLOURS) as (keyof typeof COLOURS)[];
const quiet = { device: 'cpu', reporter: silentReporter } as const;
const text = { ...SMALL_WRITE.text, steps: 150, batchSize: 16, learningRate: 3e-3, withheld: 0.5 };
const training = { ...SMALL_WRITE.training, batchSize: 16, seeSteps: 150, learningRate: 3e-3 };
const EACH = 30;

beforeAll(async () => {
  indexes = await WrittenIndexes.create();
  const pictures = await Promise.all(
    names.flatMap((name) =>
      Array.from({ length: EACH }, async (_, i) => [`${name}/${i}.png`, await disc(COLOURS[name], i)] as const),
    ),
  );
  const labelled = await indexes.draw('discs', Object.fromEntries(pictures));
  // Captions of two pictures are never the same.
  const told = (dataset: Dataset): Dataset => ({
    ...dataset,
    pictures: dataset.pictures.map((picture, i) => {
      const colour = names.find((name) => picture.path.includes(name)) ?? '';
      return { ...picture, captions: [`a ${colour} disc x${i}`, `x${i} in ${colour}`] };
    }),
  });
  await indexes.make(told(labelled), 'told.index', { training, text }, ['dsi', 'pixels']);
  await indexes.make(labelled, 'labels.index', { text: { ...text, tokens: 0 } }, ['pixels']);
  const flat = await indexes.draw(
    'flat',
    Object.fromEntries(pictures.map(([path, png]) => [path.replace('/', '-'), png])),
  );
  await indexes.make(told(flat), 'flat.index', { text }, ['dsi']);
}, 180_000);
afterAll(() => indexes.remove());

const search = async (asked: Partial<SearchOptions>, index = 'told.index') =>
  (await searchIndex({ index: indexes.at(index), files: [], k: 10, system: 'dsi', ...quiet, ...asked })).results[0];
const facts = async (index: string) =>
  (await inspectIndex({ index: indexes.at(index), verify: true, reporter: silentReporter })).relevance?.systems;

describe('words in an index whose pictures have captions', () => {
  it('have answers with a relevance, of every system that takes words', async () => {
    expect((await facts('told.index'))?.map(({ system, kind }) => [system, kind])).toEqual([
      ['dsi', 'picture'],
      ['dsi', 'text'],
      ['pixels', 'picture'],
      ['bm25', 'text'],
    ]);
    for (const system of ['dsi', 'bm25'] as const) {
      const found = await search({ texts: ['emerald'], system, k: 60 });
      // Of words nobody knows whether nothing matches.
      expect(found).toMatchObject({ none: null, nothingFound: false });
      expect(found?.answers[0]).toMatchObject({ label: 'emerald' });
      expect(found?.answers[0]?.relevance).toBeGreaterThan(0.7);
      const least = await search({ texts: ['emerald'], system, k: 60, minRelevance: 0.5 });
      expect(least?.answers).toEqual(found?.answers.filter(({ relevance }) => (relevance ?? 0) >= 0.5));
      expect(least?.answers.length).toBeLessThan(found?.answers.length ?? 0);
      const set = await search({ texts: ['emerald'], system, k: 1, confidence: 0.8 });
      expect(set?.answers.map(({ label }) => label)).toContain('emerald');
    }
  });

  it('that no picture came with find nothing relevant by bm25, whatever it ranks first', async () => {
    const found = await search({ texts: ['zebra'], system: 'bm25' });
    expect(found?.answers).toHaveLength(10);
    for (const { relevance, score } of found?.answers ?? []) {
      expect(score).toBe(0);
      expect(relevance).toBeLessThan(0.5);
    }
    expect((await search({ texts: ['zebra'], system: 'bm25', minRelevance: 0.5 }))?.answers).toEqual([]);
    expect((await search({ texts: ['zebra'], system: 'bm25', confidence: 0.9 }))?.answers).toEqual([]);
  });

  it('beside a picture, or beside each other, have none', async () => {
    const composed = { texts: ['emerald'], plus: ['crimson'] };
    const found = await search(composed);
    for (const { relevance } of found?.answers ?? []) expect(relevance).toBeNull();
    await expect(search({ ...composed, minRelevance: 0.5 })).rejects.toMatchObject({
      code: 'relevance-unknown',
      hint: 'ask with a picture or with words alone, or ask without a relevance or confidence',
    });
  });

  it('are measured by their probabilities on captions of test pictures', async () => {
    const index = indexes.at('told.index');
    const { text: measured } = await evaluateIndex({ index, split: 'test', ...quiet });
    expect(Object.keys(measured?.shared?.relevance ?? {})).toEqual(['dsi', 'bm25']);
    expect(measured?.captioned).not.toHaveProperty('relevance');
    const { bm25 } = measured?.shared?.relevance ?? {};
    expect(bm25?.queries).toBe(measured?.shared?.queries);
    // Every caption names its colour: a system that counts words is right, and knows it.
    expect(bm25?.coverage.find(({ confidence }) => confidence === 0.8)?.coverage).toBeGreaterThanOrEqual(0.8);
    expect(bm25?.calibrationError).toBeLessThan(0.15);
  });

  it('are calibrated again as the build calibrated them', async () => {
    const before = readFileSync(indexes.at('told.index', RELEVANCE_FILE));
    await calibrate({ index: indexes.at('told.index'), ...quiet });
    expect(readFileSync(indexes.at('told.index', RELEVANCE_FILE)).equals(before)).toBe(true);
  });
});

describe('words in an index', () => {
  it('that has labels alone have no relevance: all of them were learned', async () => {
    expect((await facts('labels.index'))?.map(({ system, kind }) => [system, kind])).toEqual([['pixels', 'picture']]);
    const asked = { texts: ['emerald'], system: 'bm25' as const };
    expect((await search(asked, 'labels.index'))?.answers[0]?.relevance).toBeNull();
    await expect(search({ ...asked, confidence: 0.9 }, 'labels.index')).rejects.toMatchObject({
      code: 'relevance-unknown',
      message: expect.stringContaining('the answers of bm25 to text are not calibrated in'),
      hint: expect.stringContaining('ten captions that nothing has learned from'),
    });
  });

  it('are not promised a set that too few captions have', async () => {
    const warnings: string[] = [];
    const reporter = { ...silentReporter, warn: (message: string) => void warnings.push(message) };
    const asked = { texts: ['emerald', 'azure'], system: 'bm25' as const, reporter };
    await search({ ...asked, confidence: 0.8 });
    expect(warnings).toEqual([]);
    await search({ ...asked, confidence: 0.999 });
    expect(warnings).toEqual([expect.stringMatching(/^a confidence of 0\.999 cannot be promised here/)]);
  });

  it('without labels are one half of the captions that are withheld, and measured on the other', async () => {
    expect((await facts('flat.index'))?.map(({ system, kind }) => [system, kind])).toEqual([
      ['dsi', 'picture'],
      ['dsi', 'text'],
      ['bm25', 'text'],
    ]);
    const index = await openIndex(indexes.at('flat.index'), nodeRuntime());
    const halves = (['validation', 'test'] as const).map((split) => judgedCaptions({ ...index, split }).length);
    await index.close();
    const fitted = (await facts('flat.index'))?.find(({ kind }) => kind === 'text');
    const { text: measured } = await evaluateTexts({ index: indexes.at('flat.index'), split: 'test', ...quiet });
    expect([fitted?.queries, measured.captioned?.relevance?.bm25?.queries]).toEqual(halves);
    expect(measured.captioned?.queries).toBe((halves[0] ?? NaN) + (halves[1] ?? NaN));
    // The number of a picture is in its other caption as well.
    const [first] = index.store.catalogue;
    const number = first?.captions?.[0]?.split(' ').at(-1) ?? '';
    const found = await search({ texts: [number], system: 'bm25', k: 3 }, 'flat.index');
    expect(found?.answers[0]?.picture).toBe(first?.path);
    expect(found?.answers[0]?.relevance).toBeGreaterThan(found?.answers[1]?.relevance ?? 1);
  });
});
