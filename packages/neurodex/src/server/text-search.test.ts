import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClientError, type NeurodexClient, neurodexClient, type SearchQuery } from './client.ts';
import { circle, makeIndex, serveForTest } from './served.fixture.ts';
import type { Serving } from './start-server.ts';

/** Searches by words over HTTP. Its network has learned to read for three steps: it answers, and hardly knows what. */
let root = '';
let server: Serving;
let client: NeurodexClient;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-words-'));
  const read = await makeIndex(root, 'read', { written: true, systems: ['dsi', 'pixels'] });
  const flat = await makeIndex(root, 'flat', { classes: false, systems: ['pixels'] });
  server = await serveForTest([read, flat]);
  client = neurodexClient({ server: server.address });
}, 120_000);
afterAll(async () => {
  await server.stop();
  await rm(root, { recursive: true, force: true });
});

const refusal = async (query: SearchQuery, parameters: Parameters<NeurodexClient['search']>[1] = {}) => {
  const error = await client.search(query, parameters).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ClientError);
  return error as ClientError;
};

describe('a search by words', () => {
  it('is answered by every system that takes them', async () => {
    const found = await client.search({ text: '  Class\t1 ' }, { k: 3 });
    expect(found.query).toEqual({ picture: null, labels: null, text: 'Class 1', plus: [], minus: [] });
    expect(found.results.map(({ system }) => system)).toEqual(['dsi', 'bm25']);
    for (const { answers } of found.results) expect(answers.map(({ rank }) => rank)).toEqual([1, 2, 3]);
    expect(found.results[1]?.answers.map(({ picture }) => picture.labels)).toEqual([
      ['class 1'],
      ['class 1'],
      ['class 1'],
    ]);
    expect((await client.indexes()).map(({ systems, textSystems }) => [systems, textSystems])).toEqual([
      [
        ['dsi', 'pixels'],
        ['dsi', 'bm25'],
      ],
      [['pixels'], ['bm25']],
    ]);
  });

  it('may be combined with others, and with pictures', async () => {
    const picture = new Uint8Array(await circle(1, 2));
    const composed = await client.search(picture, { plus: ['class 1', 'round'], minus: ['class 2'], k: 2 });
    expect(composed.results.map(({ system, answers }) => [system, answers.length])).toEqual([['dsi', 2]]);
    expect(composed.query).toMatchObject({ text: null, plus: ['class 1', 'round'], minus: ['class 2'] });
    const own = await client.search({ text: 'class 1' }, { minus: ['class 2'], k: 1 });
    expect(own.results.map(({ system }) => system)).toEqual(['dsi']);
    const stored = await client.search({ picture: 'read.0' }, { plus: ['class 2'], k: 1 });
    expect(stored.query).toMatchObject({ picture: 'read.0', plus: ['class 2'] });
    expect(stored.results[0]?.answers[0]?.relevant).toBeNull();
  });

  it('goes beside searches by pictures, each with its own answers', async () => {
    const picture = new Uint8Array(await circle(2, 5));
    const alone = await client.search(picture, { system: ['dsi'], k: 4 });
    const words = await client.search({ text: 'class 0' }, { system: ['dsi'], k: 4 });
    const asked = Array.from({ length: 24 }, (_, i) => (i % 2 === 0 ? picture : { text: 'class 0' }));
    const together = await Promise.all(asked.map((query) => client.search(query, { system: ['dsi'], k: 4 })));
    const rowsOf = ({ results }: typeof alone) => results[0]?.answers.map(({ picture: { id } }) => id);
    for (const [i, found] of together.entries()) expect(rowsOf(found)).toEqual(rowsOf(i % 2 === 0 ? alone : words));
  });

  it('that is empty is refused by itself, and not those that came with it', async () => {
    const asked = Array.from({ length: 24 }, (_, i) => {
      const minus = i % 6 === 0 ? ['class 0'] : ['class 2'];
      return client.search({ text: 'class 0' }, { system: ['dsi'], minus, k: 2 });
    });
    for (const [i, settled] of (await Promise.allSettled(asked)).entries()) {
      expect([i, settled.status]).toEqual([i, i % 6 === 0 ? 'rejected' : 'fulfilled']);
      if (settled.status === 'rejected') expect(settled.reason).toMatchObject({ code: 'query-empty' });
    }
  });

  it('is refused with what is wrong', async () => {
    expect(await refusal({ text: ' ' })).toMatchObject({ status: 422, code: 'text-empty' });
    expect(await refusal({ text: 'a\u0007' })).toMatchObject({ status: 422, code: 'text-invalid' });
    expect(await refusal({ text: 'word '.repeat(10_000) })).toMatchObject({ status: 422, code: 'text-too-long' });
    expect(await refusal({ text: 'class 1' }, { minus: ['class 1'] })).toMatchObject({
      status: 422,
      code: 'query-empty',
    });
    expect(await refusal({ picture: 'read.0' }, { plus: [''] })).toMatchObject({ status: 422, code: 'text-empty' });
    expect(await refusal({ text: 'class 1' }, { system: ['pixels'] })).toMatchObject({
      status: 422,
      code: 'query-unsupported',
      hint: 'ask a system that does: dsi, bm25',
    });
    expect(await refusal({ picture: 'flat.0' }, { index: 'flat', plus: ['red'] })).toMatchObject({
      status: 422,
      code: 'query-unsupported',
    });
    const both = { picture: 'read.0', text: 'class 1' } as unknown as SearchQuery;
    expect(await refusal(both)).toMatchObject({ status: 400, code: 'body-malformed' });
    const notText = await fetch(`${server.address}/v1/search`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]),
    });
    const { code } = (await notText.json()) as { code: string };
    expect([notText.status, code]).toEqual([400, 'body-malformed']);
  });
});
