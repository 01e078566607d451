import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeRuntime } from '@neurodex/autograd/node';
import { Random } from '@neurodex/core/random';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { storedQuery } from '../pictures/stored-query.ts';
import { VOTERS } from '../relevance/votes.ts';
import { type Index, openIndex } from '../systems/open-index.ts';
import { indexDetails, type SearchResponse, searchResponse } from './api/schemas.ts';
import { type NeurodexClient, neurodexClient } from './client.ts';
import { circle, makeIndex, serveForTest } from './served.fixture.ts';
import type { Serving } from './start-server.ts';

const SYSTEMS = ['dsi', 'pixels'] as const;

let root = '';
let server: Serving;
let client: NeurodexClient;
let index: Index;
/** The folder of an index whose pictures have captions. */
let told = '';
/** A picture that is like nothing in the index. */
let noise: Uint8Array<ArrayBuffer>;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-relevance-'));
  const calibrated = await makeIndex(root, 'calibrated', { systems: SYSTEMS, written: true, each: 40 });
  const few = await makeIndex(root, 'few', { systems: ['pixels'] });
  told = await makeIndex(root, 'told', { systems: ['dsi'], written: true, each: 40, captions: true });
  server = await serveForTest([calibrated, few, told]);
  client = neurodexClient({ server: server.address });
  index = await openIndex(calibrated, nodeRuntime());
  const random = Random.stream(3, 'noise');
  const pixels = Uint8Array.from({ length: 64 * 64 * 3 }, () => random.integer(256));
  noise = Uint8Array.from(
    await sharp(pixels, { raw: { width: 64, height: 64, channels: 3 } })
      .png()
      .toBuffer(),
  );
  await writeFile(join(root, 'noise.png'), noise);
}, 300_000);
afterAll(async () => {
  await index?.close();
  await server?.stop();
  await rm(root, { recursive: true, force: true });
});

const resultOf = ({ results }: SearchResponse, system: string) => {
  const found = results.find((one) => one.system === system);
  if (found === undefined) throw new Error(`${system} has not answered`);
  return found;
};
/** The number of the test picture that is most certainly like something in the catalogue. */
async function mostKnown(): Promise<number> {
  const tests = index.store.queries('test');
  const judge = await index.judge('pixels');
  const rankings = await judge?.rank(
    tests.map(({ row }) => storedQuery(index.store, row)),
    1,
  );
  const nones = rankings?.map(({ none }) => none ?? NaN) ?? [];
  return tests[nones.indexOf(Math.min(...nones))]?.id ?? NaN;
}
const refusal = (asked: Promise<unknown>) => expect(asked).rejects;

describe('the relevance of answers', () => {
  it('is what the index itself says, for every system, however it is asked for', async () => {
    const tests = index.store.queries('test').slice(0, 5);
    expect(tests.length).toBe(5);
    for (const { row, id } of tests) {
      const query = storedQuery(index.store, row);
      const together = await client.search({ picture: `calibrated.${id}` }, { k: 7 });
      expect(searchResponse.parse(together)).toEqual(together);
      for (const system of SYSTEMS) {
        const judge = await index.judge(system);
        const [expected] = (await judge?.rank([query], 7)) ?? [];
        const alone = await client.search({ picture: `calibrated.${id}` }, { k: 7, system: [system] });
        for (const found of [resultOf(together, system), resultOf(alone, system)]) {
          expect(found.none).toBeCloseTo(expected?.none ?? NaN, 4);
          expect(found.nothingFound).toBe(expected?.nothingFound);
          expect(found.answers.map(({ rank }) => rank)).toEqual([1, 2, 3, 4, 5, 6, 7]);
          expect(found.answers.map(({ picture }) => picture.id)).toEqual(
            expected?.answers.map(({ row: answer }) => `calibrated.${index.store.rows[answer]?.id}`),
          );
          for (const [i, { relevance }] of found.answers.entries())
            expect(relevance).toBeCloseTo(expected?.answers[i]?.relevance ?? NaN, 3);
        }
      }
    }
  });

  it('is high for what is there; of noise it is said that nothing was found, with what is similar', async () => {
    const known = await client.search({ picture: `calibrated.${await mostKnown()}` });
    const unknown = await client.search(noise);
    for (const system of SYSTEMS) {
      expect(resultOf(known, system)).toMatchObject({ nothingFound: false });
      const found = resultOf(unknown, system);
      expect(found).toMatchObject({ nothingFound: true });
      expect(found.answers).toHaveLength(10);
      for (const { relevance } of found.answers) expect(relevance).toBeLessThan(0.5);
      const set = await client.search(noise, { system: [system], confidence: 0.9 });
      expect(resultOf(set, system)).toMatchObject({ nothingFound: true, answers: [] });
    }
    const relevances = resultOf(known, 'pixels').answers.map(({ relevance }) => relevance ?? NaN);
    expect(Math.max(...relevances)).toBeGreaterThan(0.5);
  });

  it('leaves out what is less likely relevant, and keeps the ranks of the others', async () => {
    const bytes = Uint8Array.from(await circle(1, 43));
    const all = await client.search(bytes, { k: 60 });
    const few = await client.search(bytes, { k: 60, minRelevance: 0.4 });
    for (const system of SYSTEMS) {
      const kept = resultOf(all, system).answers.filter(({ relevance }) => relevance !== null && relevance >= 0.4);
      expect(resultOf(few, system).answers).toEqual(kept);
    }
    expect(resultOf(few, 'pixels').answers.length).toBeLessThan(resultOf(all, 'pixels').answers.length);
  });

  it('gives the set that the index itself gives for a confidence, whatever k is', async () => {
    const id = await mostKnown();
    const query = storedQuery(index.store, index.store.rows.find((picture) => picture.id === id)?.row ?? NaN);
    for (const system of SYSTEMS) {
      const judge = await index.judge(system);
      const [ranking] = (await judge?.rank([query], VOTERS)) ?? [];
      const expected = ranking === undefined ? undefined : judge?.confident(query, ranking, 0.8);
      const parameters = { system: [system], confidence: 0.8, k: 1 };
      const found = await client.search({ picture: `calibrated.${id}` }, parameters);
      expect(resultOf(found, system).answers.map(({ picture }) => picture.id)).toEqual(
        expected?.map(({ row }) => `calibrated.${index.store.rows[row]?.id}`),
      );
      expect(expected?.length).toBeGreaterThan(0);
    }
  });

  it('of answers to words is what the index itself says, where captions were there to learn it from', async () => {
    const opened = await openIndex(told, nodeRuntime());
    const { relevance } = indexDetails.parse(await client.index('told'));
    expect(relevance?.systems).toEqual([
      { system: 'dsi', queries: ['picture', 'text'] },
      { system: 'bm25', queries: ['text'] },
    ]);
    const text = 'class 2';
    const found = await client.search({ text }, { index: 'told', k: 7 });
    const set = await client.search({ text }, { index: 'told', confidence: 0.8, k: 1 });
    for (const system of ['dsi', 'bm25'] as const) {
      const judge = await opened.judge(system);
      const query = { kind: 'text', text } as const;
      const [expected] = (await judge?.rank([query], VOTERS)) ?? [];
      const { none, nothingFound, answers } = resultOf(found, system);
      expect([none, nothingFound]).toEqual([null, false]);
      for (const [i, { relevance: each }] of answers.entries())
        expect(each).toBeCloseTo(expected?.answers[i]?.relevance ?? NaN, 4);
      const confident = expected === undefined ? [] : (judge?.confident(query, expected, 0.8) ?? []);
      expect(resultOf(set, system).answers.map(({ picture }) => picture.id)).toEqual(
        confident.map(({ row }) => `told.${opened.store.rows[row]?.id}`),
      );
    }
    await opened.close();
    // A word that no caption has, and a query of several parts.
    const nothing = await client.search({ text: 'zebra' }, { index: 'told', system: ['bm25'], minRelevance: 0.5 });
    expect(resultOf(nothing, 'bm25').answers).toEqual([]);
    const composed = { index: 'told', plus: ['class 1'] };
    for (const { answers } of (await client.search({ text }, composed)).results)
      for (const { relevance: each } of answers) expect(each).toBeNull();
    await refusal(client.search({ text }, { ...composed, minRelevance: 0.5 })).toMatchObject({
      message:
        'minRelevance cannot choose answers of dsi in told: they are not calibrated for several queries together',
    });
  });

  it('is unknown of words in an index without captions, and in an index with few pictures', async () => {
    const words = await client.search({ text: 'class' });
    const few = await client.search({ picture: 'few.0' }, { index: 'few' });
    for (const { none, nothingFound, answers } of [...words.results, ...few.results]) {
      expect([none, nothingFound]).toEqual([null, false]);
      expect(answers.length).toBeGreaterThan(0);
      for (const { relevance } of answers) expect(relevance).toBeNull();
    }
    expect((await client.index('few')).relevance).toBeNull();
    const { relevance } = indexDetails.parse(await client.index('calibrated'));
    expect(relevance?.systems).toEqual(SYSTEMS.map((system) => ({ system, queries: ['picture'] })));
    expect(relevance?.nothingFound?.auroc).toBeGreaterThan(0);
  });

  it('that is not known chooses no answers: the request says so', async () => {
    const picture = { picture: 'calibrated.0' };
    const invalid = (message: string) => ({ status: 400, code: 'parameter-invalid', message });
    const minRelevance = 0.5;
    await refusal(client.search({ text: 'class' }, { minRelevance })).toMatchObject(
      invalid('minRelevance cannot choose answers of dsi, bm25 in calibrated: they are not calibrated for words'),
    );
    await refusal(client.search(picture, { index: 'few', confidence: 0.9 })).toMatchObject(
      invalid('confidence cannot choose answers of pixels in few: they are not calibrated for pictures'),
    );
    await refusal(client.search(picture, { confidence: 0.9, minRelevance })).toMatchObject(
      invalid('minRelevance and confidence cannot be asked for together'),
    );
    for (const wrong of [{ minRelevance: 1.1 }, { confidence: 0.4 }, { confidence: 1 }, { minRelevance: -1 }])
      await refusal(client.search(picture, wrong)).toMatchObject({ status: 400, code: 'parameter-invalid' });
  });
});
