import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { nodeRuntime } from '@neurodex/autograd/node';
import { silentReporter } from '@neurodex/core';
import { openFolder } from '@neurodex/datasets';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readIndexManifest } from '../artifact/manifest.ts';
import { RELEVANCE_FILE } from '../artifact/relevance-file.ts';
import { queriesOf } from '../evaluation/queries.ts';
import { openIndex } from '../systems/open-index.ts';
import { addToIndex, calibrate, removeFromIndex, settle } from './change-index.ts';
import { createIndex } from './create-index.ts';
import { inspectIndex } from './inspect-index.ts';
import { type SearchOptions, searchIndex } from './search.ts';
import { disc, SMALL_WRITE, WrittenIndexes } from './written-indexes.fixture.ts';

/** Five classes of colours that a network can tell apart, and pictures like none of them. */
const COLOURS = ['#c22', '#22c', '#2a2', '#cc0', '#0cc'];
const EACH = 40;
let indexes: WrittenIndexes;
const options = { device: 'cpu', reporter: silentReporter } as const;
const training = { ...SMALL_WRITE.training, batchSize: 16, seeSteps: 150, learningRate: 3e-3 };

beforeAll(async () => {
  indexes = await WrittenIndexes.create();
  const pictures: Record<string, Buffer> = {};
  for (const [c, colour] of COLOURS.entries()) {
    for (let i = 0; i < EACH; i++) pictures[`${c}/${i}.png`] = await disc(colour, i + c);
  }
  const dataset = await indexes.draw('discs', pictures);
  await indexes.make(dataset, 'index', { training, text: { ...SMALL_WRITE.text, tokens: 0 } }, ['dsi', 'pixels']);
  // Without classes there are views of the catalogue to ask, and nothing to withhold.
  const flat = await indexes.draw(
    'flat',
    Object.fromEntries(
      Object.entries(pictures)
        .slice(0, 30)
        .map(([, png], i) => [`${i}.png`, png]),
    ),
  );
  await indexes.make(flat, 'flat.index', { text: { ...SMALL_WRITE.text, tokens: 0 } }, ['dsi', 'pixels']);
  const few = await indexes.draw('few', Object.fromEntries(Object.entries(pictures).filter((_, i) => i % 20 === 0)));
  await indexes.make(few, 'few.index', { text: { ...SMALL_WRITE.text, tokens: 0 } }, ['pixels']);
}, 180_000);
afterAll(() => indexes.remove());

const search = async (asked: Partial<SearchOptions>) =>
  await searchIndex({ index: indexes.at('index'), files: [], k: 10, system: 'dsi', ...options, ...asked });
const known = () => indexes.at('discs', '2', '7.png');

describe('an index that is built', () => {
  it('says of every answer of every system how likely it is relevant', async () => {
    for (const system of ['dsi', 'pixels'] as const) {
      const { results } = await search({ files: [known()], system });
      const [result] = results;
      expect(result?.nothingFound).toBe(false);
      expect(result?.answers).toHaveLength(10);
      for (const { relevance } of result?.answers ?? []) {
        expect(relevance).toBeGreaterThanOrEqual(0);
        expect(relevance).toBeLessThanOrEqual(1);
      }
      expect(result?.answers[0]).toMatchObject({ label: '2' });
      expect(result?.answers[0]?.relevance).toBeGreaterThan(0.5);
    }
  });

  it('finds nothing that is like noise, and shows what is nearest where that is asked for', async () => {
    const file = indexes.at('noise.png');
    const pixels = Buffer.from(Array.from({ length: 30 * 30 * 3 }, (_, i) => (i * 7919 * (i % 13)) % 256));
    await sharp(pixels, { raw: { width: 30, height: 30, channels: 3 } })
      .png()
      .toFile(file);
    const { results } = await search({ files: [file] });
    expect(results[0]).toMatchObject({ nothingFound: true, answers: [] });
    expect(results[0]?.none).toBeGreaterThan(0.1);
    const all = await search({ files: [file], all: true });
    expect(all.results[0]?.nothingFound).toBe(true);
    expect(all.results[0]?.answers).toHaveLength(10);
  });

  it('gives as few answers as are relevant enough, or as a confidence takes', async () => {
    const all = (await search({ files: [known()], k: 60 })).results[0]?.answers ?? [];
    const half = (await search({ files: [known()], k: 60, minRelevance: 0.5 })).results[0]?.answers ?? [];
    const expected = all.filter(({ relevance }) => (relevance ?? 0) >= 0.5);
    expect(half).toEqual(expected.map((answer, i) => ({ ...answer, rank: i + 1 })));
    expect(half.length).toBeGreaterThan(0);
    expect(half.length).toBeLessThan(all.length);
    const sets = (await search({ files: [known()], k: 1, confidence: 0.8 })).results[0]?.answers ?? [];
    expect(new Set(sets.map(({ label }) => label)).size).toBe(sets.length);
    expect(sets.map(({ label }) => label)).toContain('2');
  });

  it('keeps its promise of a confidence on queries that it was not fitted to', async () => {
    const index = await openIndex(indexes.at('index'), nodeRuntime());
    try {
      const judge = await index.judge('dsi');
      const queries = queriesOf(index.store, 'test');
      const rankings = (await judge?.rank(queries, 100)) ?? [];
      const covered = queries.filter((query, i) => {
        const ranking = rankings[i];
        return ranking && judge?.confident(query, ranking, 0.8).some(({ row }) => query.relevant.has(row));
      });
      expect(queries.length).toBeGreaterThan(30);
      expect(covered.length / queries.length).toBeGreaterThan(0.65);
    } finally {
      await index.close();
    }
  });

  it('has classes to withhold, or says that it cannot know whether nothing matches', async () => {
    const facts = await inspectIndex({ index: indexes.at('index'), verify: true, reporter: silentReporter });
    expect(facts.relevance?.systems.map(({ system, kind }) => [system, kind])).toEqual([
      ['dsi', 'picture'],
      ['pixels', 'picture'],
    ]);
    expect(facts.relevance?.none?.auroc).toBeGreaterThan(0.5);
    expect(facts.relevance?.stale).toBe(false);
    const flat = await search({ index: indexes.at('flat.index'), files: [indexes.at('flat', '3.png')], k: 3 });
    expect(flat.results[0]).toMatchObject({ none: null, nothingFound: false });
    expect(flat.results[0]?.answers[0]?.relevance).not.toBeNull();
  });

  it('with too few queries to learn from has scores alone, and says so where more is asked for', async () => {
    const index = indexes.at('few.index');
    const asked = { index, files: [known()], k: 2, system: 'pixels' } as const;
    expect(existsSync(indexes.at('few.index', RELEVANCE_FILE))).toBe(false);
    const { results } = await search(asked);
    expect(results[0]).toMatchObject({
      none: null,
      nothingFound: false,
      answers: [{ relevance: null }, { relevance: null }],
    });
    await expect(search({ ...asked, minRelevance: 0.5 })).rejects.toMatchObject({ code: 'relevance-unknown' });
    await expect(search({ ...asked, confidence: 0.9 })).rejects.toMatchObject({ code: 'relevance-unknown' });
    await expect(calibrate({ index, ...options })).rejects.toMatchObject({ code: 'relevance-unknown' });
  });
});

it('an index that is stopped while it is calibrated is not complete, and goes on to the same calibration', async () => {
  const stop = new AbortController();
  const reporter = {
    ...silentReporter,
    progress: ({ phase }: { readonly phase: string }) => void (phase === 'calibrate' && stop.abort()),
  };
  const dataset = await openFolder(indexes.at('discs'));
  const config = { ...SMALL_WRITE, training, text: { ...SMALL_WRITE.text, tokens: 0 } };
  const request = { dataset, config, systems: ['dsi', 'pixels'] as const, seed: 1, device: 'cpu' as const };
  const out = indexes.at('stopped');
  await expect(createIndex({ ...request, out, force: false, reporter, signal: stop.signal })).rejects.toMatchObject({
    code: 'interrupted',
  });
  expect(existsSync(indexes.at('stopped.partial', 'index.json'))).toBe(false);
  await createIndex({ ...request, out, force: false, resume: true, reporter: silentReporter });
  expect(await readIndexManifest(out)).toMatchObject({ relevance: { file: RELEVANCE_FILE } });
  expect(
    readFileSync(indexes.at('stopped', RELEVANCE_FILE)).equals(readFileSync(indexes.at('index', RELEVANCE_FILE))),
  ).toBe(true);
});

describe('an index that changes', () => {
  const copied = async (name: string): Promise<string> => {
    await cp(indexes.at('index'), indexes.at(name), { recursive: true });
    return indexes.at(name);
  };
  const relevanceOf = async (index: string) =>
    (await inspectIndex({ index, verify: true, reporter: silentReporter })).relevance;

  it('keeps its calibration while few pictures come and go; then it is stale until it is settled or calibrated', async () => {
    const index = await copied('changing');
    const before = readFileSync(indexes.at('index', RELEVANCE_FILE));
    const { store } = await openIndex(index, nodeRuntime());
    await removeFromIndex({ index, pictures: store.catalogue.slice(0, 3).map(({ path }) => path), ...options });
    expect(readFileSync(indexes.at('changing', RELEVANCE_FILE)).equals(before)).toBe(true);
    expect((await relevanceOf(index))?.stale).toBe(false);
    const files = await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        const path = indexes.at(`new-${i}.png`);
        writeFileSync(path, await disc('#80c', i));
        return { name: `new-${i}.png`, path };
      }),
    );
    await addToIndex({ index, pictures: { files, labels: ['violet'] }, ...options });
    expect((await relevanceOf(index))?.stale).toBe(true);
    const warnings: string[] = [];
    const reporter = { ...silentReporter, warn: (message: string) => void warnings.push(message) };
    await search({ index, files: [known()], reporter });
    expect(warnings.join()).toContain('the relevance of answers may be wrong');
    const settled = await settle({ index, ...options });
    expect(settled.digest).toBe((await readIndexManifest(index)).digest);
    expect((await relevanceOf(index))?.stale).toBe(false);
    expect(readFileSync(indexes.at('changing', RELEVANCE_FILE)).equals(before)).toBe(false);
  });

  it('is calibrated as its build calibrates it', async () => {
    const index = await copied('again');
    const done = await calibrate({ index, ...options });
    expect(done.digest).toBe((await readIndexManifest(index)).digest);
    expect(
      readFileSync(indexes.at('again', RELEVANCE_FILE)).equals(readFileSync(indexes.at('index', RELEVANCE_FILE))),
    ).toBe(true);
    expect(done.systems.map(({ system }) => system)).toEqual(['dsi', 'pixels']);
  });
});
