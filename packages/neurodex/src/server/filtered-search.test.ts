import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClientError, type NeurodexClient, neurodexClient } from './client.ts';
import { infer, inferByBytes, inferByJson, tensorsOf } from './inference/inference.fixture.ts';
import { circle, makeIndex, serveForTest } from './served.fixture.ts';
import type { Serving } from './start-server.ts';

/** Searches over HTTP of the pictures that a filter takes. */

let root = '';
let server: Serving;
let client: NeurodexClient;
let picture: Uint8Array<ArrayBuffer>;
const WHERE = 'label="class 1" and not name~"7.png"';
const takes = ({ labels, name }: { labels: readonly string[]; name: string }): boolean =>
  labels.includes('class 1') && !name.includes('7.png');

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-filtered-'));
  const index = await makeIndex(root, 'calibrated', { systems: ['dsi', 'pixels'], written: true, each: 40 });
  server = await serveForTest([index]);
  client = neurodexClient({ server: server.address });
  picture = new Uint8Array(await circle(1, 45));
}, 240_000);
afterAll(async () => {
  await server?.stop();
  await rm(root, { recursive: true, force: true });
});

const K = 100;

describe('a search of some pictures', () => {
  it('ranks them as a search of all, with the same scores, relevance and outcome', async () => {
    const all = await client.search(picture, { k: K });
    const found = await client.search(picture, { k: K, where: WHERE });
    expect(found.results.map(({ system }) => system)).toEqual(['dsi', 'pixels']);
    for (const [i, { answers, none, nothingFound }] of found.results.entries()) {
      const whole = all.results[i];
      const expected = whole?.answers.filter((answer) => takes(answer.picture)) ?? [];
      expect(expected.length).toBeGreaterThan(3);
      expect(answers.map((answer) => answer.picture.id)).toEqual(expected.map((answer) => answer.picture.id));
      expect(answers.map(({ rank }) => rank)).toEqual(expected.map((_, at) => at + 1));
      for (const [at, { score, relevance }] of answers.entries()) {
        expect(score).toBeCloseTo(expected[at]?.score ?? NaN, 5);
        expect(relevance).toEqual(expected[at]?.relevance);
      }
      expect([none, nothingFound]).toEqual([whole?.none, whole?.nothingFound]);
    }
  });

  it('by words, and with several filters at one time', async () => {
    const filters = ['label="class 0"', 'label="class 2"', undefined];
    const searches = filters.map((where) =>
      client.search({ text: 'class 1' }, { k: 5, system: ['bm25'], ...(where === undefined ? {} : { where }) }),
    );
    const labels = (await Promise.all(searches)).map(({ results }) =>
      results[0]?.answers.flatMap((answer) => answer.picture.labels),
    );
    expect(labels).toEqual(['class 0', 'class 2', 'class 1'].map((label) => Array(5).fill(label)));
  });

  it('finds nothing where the filter takes nothing', async () => {
    const { results } = await client.search(picture, { where: 'year=2024', k: 3 });
    expect(results.map(({ answers }) => answers)).toEqual([[], []]);
  });

  it.each([
    [{ where: 'yeer=2024' }, 'there is no column yeer', 'did you mean year'],
    [{ where: 'year=2024', confidence: 0.9 }, 'whole catalogue', 'minRelevance'],
  ] as const)('is refused: %j', async (parameters, message, hint) => {
    const error: unknown = await client.search(picture, parameters).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ClientError);
    expect(error).toMatchObject({ code: 'parameter-invalid', status: 400, message: expect.stringContaining(message) });
    expect(error).toMatchObject({ hint: expect.stringContaining(hint) });
  });

  it('is asked for by the Open Inference Protocol as well', async () => {
    const parameters = { where: WHERE, k: 3, system: 'pixels' };
    const answer = await infer(server.address, 'calibrated', inferByBytes('image', [picture], { parameters }));
    const { pictures } = tensorsOf(answer);
    const { results } = await client.search(picture, { k: 3, where: WHERE, system: ['pixels'] });
    expect(pictures?.data).toEqual(results[0]?.answers.map((each) => each.picture.id));
    const wrong = await infer(
      server.address,
      'calibrated',
      inferByJson('text', ['a'], { parameters: { where: 'year' } }),
    );
    expect(wrong.status).toBe(400);
    expect(wrong.body.toString()).toContain('stands where an operator should be');
  });
});
