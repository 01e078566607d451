import { readFile } from 'node:fs/promises';
import { nodeRuntime } from '@neurodex/autograd/node';
import { silentReporter } from '@neurodex/core';
import type { Dataset } from '@neurodex/datasets';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseMeasure } from '../evaluation/registry.ts';
import { readQrels, readRun } from '../evaluation/trec-read.ts';
import { withheldCaptions } from '../pictures/withheld-captions.ts';
import type { Judge } from '../systems/judge.ts';
import { openIndex } from '../systems/open-index.ts';
import { addToIndex } from './change-index.ts';
import { compareIndexes } from './compare.ts';
import { type EvaluateOptions, evaluateIndex, evaluateTexts } from './evaluate-index.ts';
import { LongCaptions, measureTexts, planTexts } from './measure-texts.ts';
import { writeReport } from './report.ts';
import { disc, SMALL_WRITE, WrittenIndexes } from './written-indexes.fixture.ts';

/** Captions as queries: of an index that learned to read some of its captions, and of ones with less to ask. */
let indexes: WrittenIndexes;
const COLOURS = { crimson: '#c22', azure: '#22c', emerald: '#2a2' } as const;
const names = Object.keys(COLOURS) as (keyof typeof COLOURS)[];
let dataset: Dataset;
const training = { ...SMALL_WRITE.training, batchSize: 16, seeSteps: 150, learningRate: 3e-3 };
const text = { ...SMALL_WRITE.text, steps: 150, batchSize: 16, learningRate: 3e-3, withheld: 0.4 };

beforeAll(async () => {
  indexes = await WrittenIndexes.create();
  const pictures = await Promise.all(
    names.flatMap((name) =>
      Array.from({ length: 12 }, async (_, i) => [`${name}/${i}.png`, await disc(COLOURS[name], i)] as const),
    ),
  );
  const drawn = await indexes.draw('discs', Object.fromEntries(pictures));
  const said = (label: string, i: number) => [`${label} x${i}`, `x${i} ${label}`, `${label}: x${i}`];
  dataset = {
    ...drawn,
    pictures: drawn.pictures.map((picture, i) => ({ ...picture, captions: said(picture.labels[0] ?? '', i) })),
  };
  await indexes.make(dataset, 'read.index', { training, text }, ['dsi', 'pixels']);
}, 120_000);
afterAll(() => indexes.remove());

const quiet = { device: 'cpu' as const, reporter: silentReporter };
const asked = (index = 'read.index') => ({ index: indexes.at(index), split: 'test' as const, ...quiet });

describe('captions', () => {
  it('are asked beside pictures where the index reads', async () => {
    const both = await evaluateIndex(asked());
    expect(Object.keys(both.systems)).toEqual(['dsi', 'pixels']);
    const { captioned, shared } = both.text ?? {};
    expect(Object.keys(captioned?.systems ?? {})).toEqual(['dsi', 'bm25']);
    expect(Object.keys(captioned?.systems.dsi ?? {})).toEqual(['R@1', 'R@5', 'R@10', 'RR']);
    expect(Object.keys(shared?.systems.bm25 ?? {})).toContain('Success@5');
    // A label is in every caption; the network has never read the rest of them.
    expect(shared?.systems.bm25?.['Success@1']).toBe(1);
    // One of three labels would be right by chance.
    expect(shared?.systems.dsi?.['Success@1']).toBeGreaterThan(0.4);
    const { text: _, ...pictures } = both;
    expect(await evaluateIndex({ ...asked(), queries: 'picture' })).toEqual(pictures);
    const { catalogue, text: texts } = await evaluateTexts(asked());
    expect({ catalogue, texts }).toEqual({ catalogue: both.catalogue, texts: both.text });
  });

  it('that are withheld are found by what is left, and no system has them', async () => {
    const index = await openIndex(indexes.at('read.index'), nodeRuntime());
    const { store, withholding, manifest } = index;
    await index.close();
    const withheld = store.catalogue.flatMap((picture) => [...withheldCaptions(picture, withholding)]);
    expect(withholding).toEqual({ share: 0.4, seed: 1, learnedIds: store.rows.length });
    expect(withheld.length).toBeGreaterThan(2);
    // Three labels, and what is left of three captions of each picture of the catalogue and of training.
    const learned = 3 + 3 * (store.catalogue.length + store.queries('train').length) - withheld.length;
    expect(manifest.text?.texts).toBe(learned);
    const { text: texts } = await evaluateTexts({ ...asked(), relevance: 'captioned' });
    expect(Object.keys(texts)).toEqual(['captioned']);
    expect(texts.captioned).toMatchObject({
      queries: withheld.length,
      withoutRelevant: 0,
      leftOut: { unreadable: 0, learned: 0 },
    });
    // The number of a picture is in its other captions as well.
    expect(texts.captioned?.systems.bm25?.['R@1']).toBe(1);
  });

  it('are named in TREC files, whose measures are the same', async () => {
    const trec = indexes.at('trec');
    const measures = ['R@1', 'RR', 'AP', 'nDCG@10'].map(parseMeasure);
    const { text: texts } = await evaluateIndex({ ...asked(), queries: 'all', trec, measures });
    for (const name of ['captioned', 'shared'] as const) {
      const folder = indexes.at('trec', `text-${name}`);
      const qrels = await readQrels(`${folder}/qrels.txt`);
      expect(qrels.size).toBe(texts?.[name]?.queries);
      for (const [query] of qrels) expect(query).toMatch(/^\w+\/\d+\.png#caption-[123]$/);
      expect((await readRun(`${folder}/run-bm25.txt`)).size).toBe(qrels.size);
      expect(Object.keys(texts?.[name]?.systems.dsi ?? {})).toEqual(['R@1', 'RR', 'AP', 'nDCG@10']);
    }
    expect(await readFile(indexes.at('trec', 'run-pixels.txt'), 'utf8')).not.toContain('#caption');
  });

  it('are in the report, as they are evaluated', async () => {
    const written = await writeReport({ ...asked(), out: indexes.at('report.html') });
    const { text: texts, relevance, ...pictures } = await evaluateIndex(asked());
    expect([written.evaluation, written.relevance, written.text]).toEqual([pictures, relevance, texts]);
    const page = await readFile(indexes.at('report.html'), 'utf8');
    expect(page).toContain('Text → picture: captioned');
    expect(page).toContain('Text → picture: shared');
  });

  it('are measured by their probabilities where answers to words are calibrated', async () => {
    const index = await openIndex(indexes.at('read.index'), nodeRuntime());
    try {
      const plan = planTexts(index, { split: 'test' });
      const [first] = index.store.catalogue;
      // Always the same picture, and never sure of it.
      const answers = [{ row: first?.row ?? NaN, score: 1, relevance: 0.25, evidence: 0.25 }];
      const judge: Judge = {
        judges: ({ kind }) => kind === 'text',
        rank: async (queries) => queries.map(() => ({ answers, none: undefined, nothingFound: false })),
        confident: () => answers,
        promises: () => true,
      };
      const judged = { ...index, judge: async (name: string) => (name === 'dsi' ? judge : undefined) };
      const { shared } = await measureTexts(judged, plan, { long: new LongCaptions(), reporter: silentReporter });
      const found = shared?.relevance;
      expect(Object.keys(found ?? {})).toEqual(['dsi']);
      const queries = (shared?.queries ?? NaN) + (shared?.withoutRelevant ?? NaN);
      expect(found?.dsi).toMatchObject({ queries, answers: queries, unknown: null, setF1: { f1: 0 } });
      // Of three labels that the split has, one is right.
      const right = found?.dsi?.coverage[0]?.coverage ?? NaN;
      expect(right).toBeGreaterThan(0);
      expect(found?.dsi?.brier).toBeCloseTo(right * 0.75 ** 2 + (1 - right) * 0.25 ** 2, 12);
      const silent = { ...index, judge: async () => undefined };
      const without = await measureTexts(silent, plan, { long: new LongCaptions(), reporter: silentReporter });
      expect(without.shared).not.toHaveProperty('relevance');
    } finally {
      await index.close();
    }
  });

  it('are told of together where the network does not read them to their end', async () => {
    const warnings: string[] = [];
    const reporter = { ...silentReporter, warn: (message: string) => void warnings.push(message) };
    await indexes.make(dataset, 'short.index', { text: { ...text, tokens: 2, steps: 3 } });
    await evaluateTexts({ ...asked('short.index'), reporter, systems: ['dsi'] });
    const told = warnings.filter((warning) => warning.includes('tokens'));
    expect(told).toHaveLength(2);
    for (const warning of told) expect(warning).toMatch(/^of \d+ captions, dsi reads the first 2 tokens only/);
  });

  it('of pictures that come later are never withheld', async () => {
    await indexes.make(dataset, 'grown.index', { text: { ...text, steps: 3 } });
    const [first] = dataset.pictures;
    const before = await evaluateTexts({ ...asked('grown.index'), relevance: 'captioned', systems: ['bm25'] });
    const late = { ...dataset, pictures: [{ ...first, path: 'late.png', read: () => disc('#cc2', 3) }] } as Dataset;
    await addToIndex({ index: indexes.at('grown.index'), pictures: late, ...quiet });
    const after = await evaluateTexts({ ...asked('grown.index'), relevance: 'captioned', systems: ['bm25'] });
    expect(after.catalogue).toBe(before.catalogue + 1);
    // What the new picture says is known now.
    expect(after.text.captioned?.queries).toBeLessThanOrEqual(before.text.captioned?.queries ?? 0);
  });

  it('are compared between systems, and between indexes that withhold the same', async () => {
    const found = await compareIndexes({
      ...asked(),
      indexes: [{ name: 'read', path: indexes.at('read.index') }],
      queries: 'text',
    });
    expect(found.relevance).toBe('captioned');
    expect(found.tests.map(({ systems, measure }) => [...systems, measure].join(' '))).toEqual(
      ['R@1', 'R@5', 'R@10', 'RR'].map((label) => `dsi bm25 ${label}`),
    );
    await indexes.make(dataset, 'none.index', { text: { ...text, steps: 3, withheld: 0 } });
    const indexesOf = ['read.index', 'none.index'].map((name) => ({ name, path: indexes.at(name) }));
    const two = { ...asked(), indexes: indexesOf, queries: 'text' } as const;
    expect((await compareIndexes({ ...two, relevance: 'shared' })).systems).toMatchObject({ 'none.index': {} });
    await expect(compareIndexes({ ...two, indexes: indexesOf })).rejects.toMatchObject({ code: 'usage' });
    await indexes.make(dataset, 'other.index', { text: { ...text, steps: 3, withheld: 0.8 } });
    const others = ['read.index', 'other.index'].map((name) => ({ name, path: indexes.at(name) }));
    await expect(compareIndexes({ ...two, indexes: others })).rejects.toMatchObject({
      code: 'queries-differ',
      hint: expect.stringContaining('text.withheld'),
    });
    await expect(compareIndexes({ ...two, queries: 'picture', relevance: 'shared' })).rejects.toMatchObject({
      message: expect.stringContaining('only pictures are asked'),
    });
  });
});

describe('what cannot be asked is refused', () => {
  const refusal = async (options: Partial<EvaluateOptions>) =>
    await evaluateIndex({ ...asked(), ...options }).catch((error) => error);

  it('systems that take no words, with the names of those that do', async () => {
    const expected = { code: 'query-unsupported', hint: 'ask a system that does: dsi, bm25' };
    await expect(evaluateTexts({ ...asked(), systems: ['dsi', 'pixels'] })).rejects.toMatchObject(expected);
    expect(await refusal({ systems: ['pixels'], queries: 'all' })).toMatchObject(expected);
    // Each is asked what it takes; one that takes no pictures alone cannot be asked beside pictures.
    const { systems, text: texts } = await evaluateIndex({ ...asked(), systems: ['pixels', 'bm25'] });
    expect([Object.keys(systems), Object.keys(texts?.shared?.systems ?? {})]).toEqual([['pixels'], ['bm25']]);
    expect(await refusal({ systems: ['bm25'] })).toMatchObject({ code: 'query-unsupported' });
    expect((await evaluateIndex({ ...asked(), systems: ['pixels'] })).text).toBeUndefined();
  });

  it('measures of the indexing task', async () => {
    const indexing = [parseMeasure('IA@1')];
    const expected = { code: 'usage', message: expect.stringMatching(/^IA@1 is of the indexing task/) };
    const mixed = [...indexing, parseMeasure('R@1')];
    await expect(evaluateTexts({ ...asked(), measures: mixed })).rejects.toMatchObject(expected);
    expect(await refusal({ measures: indexing, queries: 'all' })).toMatchObject(expected);
    expect((await evaluateIndex({ ...asked(), measures: indexing })).text).toBeUndefined();
    const { systems, text: texts } = await evaluateIndex({ ...asked(), measures: mixed });
    expect(Object.keys(systems.dsi ?? {})).toEqual(['IA@1', 'R@1']);
    expect(Object.keys(texts?.captioned?.systems.dsi ?? {})).toEqual(['R@1']);
  });

  it('options of captions where only pictures are asked, and of pictures where captions are', async () => {
    expect(await refusal({ queries: 'picture', relevance: 'shared' })).toMatchObject({ code: 'usage' });
    expect(await refusal({ protocol: 'notebook', queries: 'all' })).toMatchObject({
      message: 'the protocol notebook asks pictures only',
    });
    expect((await evaluateIndex({ ...asked(), protocol: 'notebook' })).text).toBeUndefined();
  });

  it('captions of an index that has none, or withholds none', async () => {
    const plain = { ...dataset, pictures: dataset.pictures.map(({ captions: _, ...picture }) => picture) };
    await indexes.make(plain, 'plain.index', { text: { ...text, steps: 3 } });
    await expect(evaluateTexts(asked('plain.index'))).rejects.toMatchObject({
      code: 'usage',
      message: 'no picture of this index has a caption',
    });
    expect((await evaluateIndex(asked('plain.index'))).text).toBeUndefined();
    await indexes.make(dataset, 'learned.index', { text: { ...text, tokens: 0, withheld: 0 } }, ['pixels']);
    await expect(evaluateTexts({ ...asked('learned.index'), relevance: 'captioned' })).rejects.toMatchObject({
      hint: expect.stringContaining('text.withheld'),
    });
    // No system of this one learned to read, and bm25 was not asked for.
    expect((await evaluateIndex(asked('learned.index'))).text).toBeUndefined();
    const { text: texts } = await evaluateIndex({ ...asked('learned.index'), queries: 'all' });
    expect(Object.keys(texts ?? {})).toEqual(['shared']);
  });

  it('captions that are no text are counted in a warning', async () => {
    const warnings: string[] = [];
    const reporter = { ...silentReporter, warn: (message: string) => void warnings.push(message) };
    const odd = {
      ...dataset,
      pictures: dataset.pictures.map((picture) => ({
        ...picture,
        captions: [...(picture.captions ?? []), 'a\u0007b'],
      })),
    };
    await indexes.make(odd, 'odd.index', {}, ['pixels']);
    const { text: texts } = await evaluateTexts({ ...asked('odd.index'), reporter, systems: ['bm25'] });
    const pictures = (texts.shared?.queries ?? 0) / 3;
    expect(texts.shared?.leftOut.unreadable).toBe(pictures);
    expect(warnings).toContain(`${pictures} captions are empty or no text, and are not asked`);
  });
});
