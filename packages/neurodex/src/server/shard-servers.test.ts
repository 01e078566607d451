import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentReporter } from '@neurodex/core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ROUTER_KEY } from '../shards/records.ts';
import { preferredServers } from '../shards/remote/rendezvous.ts';
import type { SearchResponse } from './api/schemas.ts';
import { neurodexClient } from './client.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { serveForTest, type TestServerOptions } from './served.fixture.ts';
import { ServedPlace } from './served-place.fixture.ts';
import { ShardProxy } from './shard-proxy.fixture.ts';
import type { Serving } from './start-server.ts';
import { startWorkers } from './workers.ts';

/** Servers of shards, and servers that front them. */

const PATHS = ['0/0.png', '1/7.png', '2/32.png', '5/119.png'];
const ASKED = ServedPlace.SHARDS;

// Several servers start in one test.
vi.setConfig({ testTimeout: 240_000 });

let served: ServedPlace;
let local: Serving;
let backs: Serving[] = [];
let proxies: ShardProxy[] = [];
const started: Serving[] = [];

const start = async (place: string, { shards, ...options }: TestServerOptions = {}): Promise<Serving> => {
  const settings = { urls: [], asked: ASKED, timeout: 20, ...shards };
  const serving = await serveForTest([place], { environment: served.environment, ...options, shards: settings });
  started.push(serving);
  return serving;
};
const front = (options: TestServerOptions & { readonly timeout?: number } = {}): Promise<Serving> =>
  start(served.place, {
    ...options,
    shards: { urls: proxies.map(({ url }) => url), timeout: options.timeout ?? 20, ...options.shards },
  });
const search = async (server: Serving, path: string, k = 6): Promise<SearchResponse> =>
  neurodexClient({ server: server.address }).search(new Uint8Array(await served.picture(path)), { k });
/** All but the times. */
const answersOf = ({ results, ...response }: SearchResponse) => ({
  ...response,
  results: results.map(({ seconds: _, ...result }) => result),
});
const metric = async (server: Serving, name: string): Promise<number> => {
  const text = await (await fetch(`${server.address}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(name));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
};

beforeAll(async () => {
  served = await ServedPlace.create();
  local = await start(served.place);
  backs = [await start(served.place), await start(served.place)];
  proxies = await Promise.all(backs.map(({ address }) => ShardProxy.before(address)));
}, 300_000);
afterAll(async () => {
  for (const proxy of proxies) await proxy.stop();
  for (const server of started) await server.stop();
  await served?.remove();
}, 60_000);

describe('a server that fronts servers of shards', () => {
  it('answers exactly as one that searches the shards itself', async () => {
    const server = await front();
    for (const path of PATHS) {
      const answer = await search(server, path);
      expect(answersOf(answer)).toEqual(answersOf(await search(local, path)));
      expect(answer.partial).toBe(false);
    }
    const client = (serving: Serving) => neurodexClient({ server: serving.address });
    const words = { text: 'a red disc' };
    expect(answersOf(await client(server).search(words, { k: 5, minus: ['blue'] }))).toEqual(
      answersOf(await client(local).search(words, { k: 5, minus: ['blue'] })),
    );
    // Each shard is asked of the server that it prefers, but for hedges.
    const urls = proxies.map(({ url }) => url);
    const others = proxies.flatMap(({ url, asked }) =>
      asked.filter((shard) => preferredServers(shard, urls)[0] !== url),
    );
    expect(others.length).toBeLessThanOrEqual(await metric(server, 'neurodex_shard_hedges_total{'));
    expect(await metric(server, 'neurodex_shard_requests_total{')).toBeGreaterThanOrEqual(ASKED);
  });

  it('answers in time, and whole, where one of two servers hangs or fails', async () => {
    const server = await front();
    for (const treatment of ['hang', 'fail'] as const) {
      for (const [stopped, proxy] of proxies.entries()) {
        proxy.treat = () => treatment;
        const before = performance.now();
        for (const path of PATHS)
          expect(answersOf(await search(server, path))).toEqual(answersOf(await search(local, path)));
        // Nobody waited for the time of a shard, or for half of it.
        expect(performance.now() - before, `${treatment} ${stopped}`).toBeLessThan(9000);
        proxy.treat = () => 'pass';
      }
      expect(await metric(server, 'neurodex_shards_left_out_total')).toBe(0);
      const failed = await metric(server, 'neurodex_shard_requests_total{index="photos",server="');
      expect(failed).toBeGreaterThan(0);
      if (treatment === 'hang') expect(await metric(server, 'neurodex_shard_hedges_total{')).toBeGreaterThan(0);
    }
  });

  it('leaves a shard out that no server answers for, says so, and tells the operator once', async () => {
    const faults: string[] = [];
    const server = await front({ faults, timeout: 1 });
    const whole = await search(local, '0/0.png', 1000);
    for (const treatment of ['fail', 'hang'] as const) {
      const lost = 1;
      for (const proxy of proxies) proxy.treat = (shard) => (shard === lost ? treatment : 'pass');
      const before = performance.now();
      const answer = await search(server, '0/0.png', 1000);
      expect(performance.now() - before).toBeLessThan(6000);
      expect(answer.partial).toBe(true);
      const of = ({ results }: SearchResponse) => results[0]?.answers.map(({ picture }) => picture) ?? [];
      expect(of(answer)).toEqual(of(whole).filter(({ identifier }) => !identifier?.startsWith(`${lost}/`)));
      expect(of(answer).length).toBeLessThan(of(whole).length);
      // What the shard probably holds still counts: what is left is not all there is.
      const sum = answer.results[0]?.answers.reduce((total, { score }) => total + Math.exp(score), 0) ?? NaN;
      expect(sum).toBeLessThan(1);
    }
    const inputs = [
      { name: 'image', shape: [1], datatype: 'BYTES', data: [(await served.picture('0/0.png')).toString('base64')] },
    ];
    const body = JSON.stringify({ inputs, parameters: { k: 3 } });
    const inferred = await fetch(`${server.address}/v2/models/photos/infer`, { method: 'POST', body });
    expect(JSON.parse(await inferred.text()).parameters).toEqual({ system: 'dsi', partial: true });
    expect(await metric(server, 'neurodex_shards_left_out_total{')).toBe(3);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain('a shard was left out of answers');
    for (const proxy of proxies) proxy.treat = () => 'pass';
  });

  it('answers 503 where no shard answers, and starts all the same', async () => {
    const server = await start(served.place, { shards: { urls: ['http://127.0.0.1:9'], asked: 2, timeout: 1 } });
    await expect(search(server, '0/0.png')).rejects.toMatchObject({ code: 'shards-unavailable', status: 503 });
    // Pictures come from the store.
    expect((await neurodexClient({ server: server.address }).pictures('photos')).pictures).toHaveLength(60);
  });

  it('needs the token of the servers that it asks, which no message names', async () => {
    const guarded = await start(served.place, { token: 'open-sesame' });
    const faults: string[] = [];
    const urls = [guarded.address];
    const without = await start(served.place, { faults, shards: { urls, timeout: 20 } });
    await expect(search(without, '0/0.png')).rejects.toMatchObject({ code: 'shards-unavailable' });
    expect(faults.join()).toContain('token-wrong');
    const wrong = await start(served.place, { faults, shards: { urls, timeout: 20, token: 'shut-sesame' } });
    await expect(search(wrong, '0/0.png')).rejects.toMatchObject({ code: 'shards-unavailable' });
    expect(faults.join()).not.toContain('sesame');
    const right = await start(served.place, { shards: { urls, timeout: 20, token: 'open-sesame' } });
    expect(answersOf(await search(right, '0/0.png'))).toEqual(answersOf(await search(local, '0/0.png')));
  });

  it('takes no answers of servers of another place', async () => {
    const other = await ServedPlace.create(7);
    const foreign = await serveForTest([other.place], { environment: other.environment });
    const faults: string[] = [];
    const server = await start(served.place, { faults, shards: { urls: [foreign.address], timeout: 20 } });
    await expect(search(server, '0/0.png')).rejects.toMatchObject({ code: 'shards-unavailable' });
    expect(faults.join()).toMatch(/shards-mixed|shards-unavailable/);
    await foreign.stop();
    await other.remove();
  }, 120_000);
});

describe('a store', () => {
  const recordOf = (place: string, shard: number): string =>
    join(place, 'objects', JSON.parse(readFileSync(join(place, ROUTER_KEY), 'utf8')).shards[shard].record.sha256);

  it('that has lost an object, or holds other bytes, costs the answers of that shard and no others', async () => {
    const whole = await search(local, '0/0.png', 1000);
    for (const [name, spoil] of [
      ['lost', (path: string) => rmSync(path)],
      ['wrong', (path: string) => writeFileSync(path, readFileSync(path).fill(32, 10, 20))],
    ] as const) {
      const place = served.copy(name);
      spoil(recordOf(place, 2));
      const faults: string[] = [];
      const server = await start(place, { faults });
      const answer = await search(server, '0/0.png', 1000);
      expect(answer.partial).toBe(true);
      const names = ({ results }: SearchResponse) => results[0]?.answers.map(({ picture }) => picture.name) ?? [];
      expect(names(answer)).toEqual(
        whole.results[0]?.answers
          .filter(({ picture }) => !picture.identifier?.startsWith('2/'))
          .map(({ picture }) => picture.name),
      );
      expect(faults).toHaveLength(1);
    }
  });

  it('whose router changes is followed: shards that did not change answer as before', async () => {
    const place = served.copy('followed');
    const faults: string[] = [];
    const server = await start(place, { faults, lookEvery: 50 });
    const client = neurodexClient({ server: server.address });
    const before = await client.index('photos');
    const whole = await search(server, '0/0.png', 1000);
    const gone = await served.removePicture(place, 0);
    await vi.waitFor(async () => expect((await client.index('photos')).version).not.toBe(before.version), {
      timeout: 20_000,
      interval: 100,
    });
    expect((await client.index('photos')).catalogue).toBe(before.catalogue - 1);
    const after = await search(server, '0/0.png', 1000);
    const names = ({ results }: SearchResponse) => results[0]?.answers.map(({ picture }) => picture.name) ?? [];
    expect(names(whole)).toContain(gone);
    expect(names(after).toSorted()).toEqual(
      names(whole)
        .filter((name) => name !== gone)
        .toSorted(),
    );
    expect(after.partial).toBe(false);
    const removed = whole.results[0]?.answers.find(({ picture }) => picture.name === gone)?.picture.id ?? '';
    await expect(client.picture('photos', removed)).rejects.toMatchObject({ code: 'picture-unknown' });
    expect(faults).toEqual([]);
    // A server of the version before answers for the new one: the record says which it is.
    const urls = [local.address];
    const fronting = await start(place, { shards: { urls, timeout: 20 } });
    await expect(search(fronting, '0/0.png', 1000)).resolves.toMatchObject({ partial: true });
  });

  it('of which a version cannot be opened leaves the version before', async () => {
    const place = served.copy('damaged');
    const faults: string[] = [];
    const server = await start(place, { faults, lookEvery: 50 });
    const router = join(place, ROUTER_KEY);
    const text = readFileSync(router, 'utf8');
    writeFileSync(router, text.replace(/"pictures": \d+/, '"pictures": 1'));
    await vi.waitFor(() => expect(faults).toHaveLength(1), { timeout: 10_000 });
    expect(faults[0]).toContain('its router cannot be followed');
    expect((await search(server, '0/0.png')).partial).toBe(false);
    writeFileSync(router, text);
    expect((await search(server, '0/0.png')).partial).toBe(false);
  });
});

it('several processes serve shards as one does', async () => {
  const workers = await startWorkers(
    {
      ...{ indexes: [served.place], port: 0, host: '127.0.0.1', cors: [], allowHosts: [], device: 'cpu', cores: 1 },
      limits: DEFAULT_LIMITS,
      shards: { urls: proxies.map(({ url }) => url), asked: ASKED, timeout: 20 },
      environment: served.environment,
      pages: join(served.place, 'no pages'),
      reporter: silentReporter,
      reports: { ask: async () => ({ status: 'measuring', done: 3, total: 10 }), close: async () => {} },
    },
    2,
  );
  const client = neurodexClient({ server: workers.address });
  const bytes = new Uint8Array(await served.picture('1/7.png'));
  const answers = await Promise.all(Array.from({ length: 6 }, () => client.search(bytes, { k: 4 })));
  const expected = answersOf(await search(local, '1/7.png', 4));
  for (const answer of answers) expect(answersOf(answer)).toEqual(expected);
  const text = await (await fetch(`${workers.address}/metrics`)).text();
  expect(text).toContain('neurodex_shard_requests_total{');
  await workers.stop();
}, 120_000);
