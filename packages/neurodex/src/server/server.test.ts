import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { nodeRuntime } from '@neurodex/autograd/node';
import { silentReporter } from '@neurodex/core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { searchIndex } from '../jobs/search.ts';
import { openIndex } from '../systems/open-index.ts';
import { ClientError, type NeurodexClient, neurodexClient } from './client.ts';
import { idsOf } from './hosted-index.ts';
import { measureApart } from './measure.ts';
import { send } from './raw-http.fixture.ts';
import { reportDesk } from './report-desk.ts';
import { circle, heldRanker, makeIndex, serveForTest } from './served.fixture.ts';
import type { Serving } from './start-server.ts';

let root = '';
let shapes = '';
let flat = '';
let server: Serving;
let client: NeurodexClient;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-server-'));
  shapes = await makeIndex(root, 'Formen & Farben', { systems: ['dsi', 'bovw', 'pixels'] });
  flat = await makeIndex(root, 'flat', { classes: false });
  const folders: Record<string, string> = { 'formen-farben': shapes, flat };
  server = await serveForTest([shapes, flat], {
    reports: reportDesk(
      measureApart((id) => folders[id] as string, 'cpu'),
      (error) => {
        throw error;
      },
    ),
  });
  client = neurodexClient({ server: server.address });
}, 60_000);
afterAll(async () => {
  await server.stop();
  await rm(root, { recursive: true, force: true });
});

const refused = async (doing: Promise<unknown>): Promise<ClientError> => {
  const error = await doing.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ClientError);
  return error as ClientError;
};

describe('indexes', () => {
  it('are listed under ids that addresses can hold, the first being the default', async () => {
    const cards = await client.indexes();
    expect(cards.map(({ id, name, default: isDefault }) => [id, name, isDefault])).toEqual([
      ['formen-farben', 'Formen & Farben', true],
      ['flat', 'flat', false],
    ]);
    expect(cards[0]).toMatchObject({ systems: ['dsi', 'bovw', 'pixels'], catalogue: 18 });
    // Not where it was on the machine.
    expect(cards[0]?.dataset).toEqual({ name: 'folder', source: 'pictures of Formen & Farben' });
  });

  it.each([
    [
      ['/a/Photos 2024', '/b/photos-2024', '/c/Über Änderung', '/d/写真', '/e/写真'],
      ['photos-2024', 'photos-2024-2', 'uber-anderung', 'index', 'index-2'],
    ],
    [
      ['x.index', '/x-index/'],
      ['x-index', 'x-index-2'],
    ],
  ])('get ids of their own: %j', (folders, ids) => {
    expect(idsOf(folders)).toEqual(ids);
  });

  it('say what they were made from', async () => {
    const details = await client.index('formen-farben');
    expect(details).toMatchObject({ seed: 1, patchesPerSide: 2, pictures: { size: 16, thumbnail: 96 } });
    expect(details.model?.parameters).toBeGreaterThan(1000);
    expect(details.training?.steps).toBeGreaterThan(0);
    expect(JSON.stringify(details)).not.toContain(root);
  });

  it('show their pictures page by page', async () => {
    const all = await client.pictures('formen-farben', { limit: 500 });
    expect(all).toMatchObject({ total: 36, offset: 0, labels: ['class 0', 'class 1', 'class 2'] });
    expect(all.pictures.map(({ id }) => id)).toEqual(Array.from({ length: 36 }, (_, i) => `formen-farben.${i}`));
    const some = await client.pictures('formen-farben', { role: 'catalogue', label: 'class 1', offset: 2, limit: 3 });
    expect(some.total).toBe(6);
    expect(some.pictures).toHaveLength(3);
    for (const { role, labels, identifier } of some.pictures) {
      expect([role, labels]).toEqual(['catalogue', ['class 1']]);
      expect(identifier).toMatch(/^\d+$/);
    }
    expect(await client.picture('formen-farben', some.pictures[0]?.id ?? '')).toEqual(some.pictures[0]);
    expect((await client.pictures('formen-farben', { offset: 1000 })).pictures).toEqual([]);
  });

  it('are measured once, in the background, and as report measures them', async () => {
    const first = await client.report('formen-farben');
    expect(first).toMatchObject({ status: 'measuring', retryAfter: 2 });
    const heard: number[] = [];
    const report = await client.measured('formen-farben', { onProgress: ({ done }) => heard.push(done) });
    expect(heard.length).toBeGreaterThan(0);
    expect(Object.keys(report.evaluation.systems)).toEqual(['dsi', 'bovw', 'pixels']);
    expect(report.curves.pixels?.precision).toHaveLength(11);
    expect(report.learning.loss.length).toBeGreaterThan(0);
    expect(report.tests.length).toBeGreaterThan(0);
    expect(await client.report('formen-farben')).toEqual(report);
  }, 120_000);
});

describe('a search', () => {
  it('finds what search finds, for bytes, a form and a picture of the index alike', async () => {
    const file = join(root, 'query.png');
    await writeFile(file, await circle(1, 20));
    const bytes = new Uint8Array(await readFile(file));
    const found = await client.search(bytes, { k: 5 });
    expect(found.results.map(({ system }) => system)).toEqual(['dsi', 'bovw', 'pixels']);
    for (const { system, answers } of found.results) {
      const { results } = await searchIndex({
        index: shapes,
        files: [file],
        k: 5,
        system,
        device: 'cpu',
        reporter: silentReporter,
      });
      expect(answers.map(({ rank, picture }) => [rank, picture.identifier, picture.name])).toEqual(
        results[0]?.answers.map(({ rank, identifier, picture }) => [rank, identifier, picture]),
      );
      answers.forEach(({ score, relevant }, i) => {
        expect(score).toBeCloseTo(results[0]?.answers[i]?.score as number, 4);
        expect(relevant).toBeNull();
      });
    }
    const form = new FormData();
    form.set('picture', new Blob([bytes]), '../../etc/passwd');
    const response = await fetch(`${server.address}/v1/search?k=5`, { method: 'POST', body: form });
    const { results } = (await response.json()) as typeof found;
    const answersOf = (some: typeof found.results) => some.map(({ system, answers }) => ({ system, answers }));
    expect(answersOf(results)).toEqual(answersOf(found.results));
  });

  it('of a picture of the index knows what is relevant', async () => {
    const { pictures } = await client.pictures('formen-farben', { role: 'test', limit: 1 });
    const query = pictures[0] as (typeof pictures)[0];
    const found = await client.search({ picture: query.id }, { system: ['pixels'], k: 18 });
    const words = { text: null, plus: [], minus: [] };
    expect(found.query).toEqual({ picture: query.id, labels: query.labels, ...words });
    const [{ answers } = { answers: [] }] = found.results;
    expect(answers).toHaveLength(18);
    for (const { relevant, picture } of answers) expect(relevant).toBe(picture.labels[0] === query.labels[0]);
  });

  it('in a folder without classes finds the picture itself, and knows nothing of others', async () => {
    const found = await client.search({ picture: 'flat.3' }, { index: 'flat', system: ['pixels'], k: 3 });
    expect(found.results[0]?.answers[0]).toMatchObject({ picture: { id: 'flat.3' }, relevant: true });
    expect(found.results[0]?.answers[1]?.relevant).toBe(false);
    // The same pictures, in another index: what is relevant there is not known.
    const across = await client.search({ picture: 'formen-farben.0' }, { index: 'flat', system: ['pixels'], k: 1 });
    expect(across).toMatchObject({ index: 'flat', query: { picture: 'formen-farben.0' } });
    expect(across.results[0]?.answers[0]).toMatchObject({ relevant: null });
  });

  it('explains the tokens of the first answers of dsi', async () => {
    const found = await client.search({ picture: 'formen-farben.0' }, { explain: true, explainCount: 2, k: 4 });
    for (const { system, answers } of found.results) {
      for (const { rank, tokens, picture, score } of answers) {
        if (system !== 'dsi' || rank > 2) {
          expect(tokens).toBeUndefined();
          continue;
        }
        expect(tokens?.map(({ token }) => token).join('')).toBe(picture.identifier);
        for (const { attention } of tokens ?? []) {
          expect(attention).toHaveLength(4);
          expect(attention.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
        }
        // The answer's score is the logarithm of the product of its tokens' probabilities.
        expect(Math.log((tokens ?? []).reduce((product, { probability }) => product * probability, 1))).toBeCloseTo(
          score,
          3,
        );
      }
    }
  });

  it.each([false, true])('goes through the encoder of an index as search does; with preprocessing: %s', async (own) => {
    const onnx = fileURLToPath(new URL('../models/encoder/fixtures/encoder.onnx', import.meta.url));
    const folder = join(root, 'an encoder');
    await mkdir(folder, { recursive: true });
    await copyFile(onnx, join(folder, 'model.onnx'));
    const squeeze = { image_processor_type: 'SiglipImageProcessor', size: { height: 16, width: 16 } };
    await writeFile(join(folder, 'preprocessor_config.json'), JSON.stringify(squeeze));
    const name = own ? 'encoded-as-published' : 'encoded';
    const systems = ['dsi', 'encoder'] as const;
    const index = await makeIndex(root, name, { systems, encoder: { file: own ? folder : onnx } });
    const at = await serveForTest([index]);
    try {
      const encoded = neurodexClient({ server: at.address });
      const query = join(root, 'encoded query.png');
      // Wide: a thumbnail has its middle alone.
      await writeFile(
        query,
        await sharp(await circle(2, 17))
          .resize(150, 60, { fit: 'fill' })
          .toBuffer(),
      );
      const found = await encoded.search(new Uint8Array(await readFile(query)), { k: 4 });
      expect(found.results.map(({ system }) => system)).toEqual(['dsi', 'encoder']);
      for (const { system, answers } of found.results) {
        const options = { index, files: [query], k: 4, system, device: 'cpu', reporter: silentReporter } as const;
        const { results } = await searchIndex(options);
        expect(answers.map(({ picture }) => picture.name)).toEqual(results[0]?.answers.map(({ picture }) => picture));
        for (const [i, { score }] of answers.entries())
          expect(score).toBeCloseTo(results[0]?.answers[i]?.score as number, 4);
      }
      const { patchesPerSide } = await encoded.index(name);
      const own = await encoded.search({ picture: `${name}.0` }, { k: 1, explain: true });
      for (const { system, answers } of own.results) {
        const length = system === 'dsi' && patchesPerSide !== null ? answers[0]?.picture.identifier?.length : undefined;
        expect(answers[0]?.tokens?.length).toBe(length);
      }
      const { pictures } = await encoded.pictures(name, { role: 'catalogue', limit: 1 });
      const itself = await encoded.search({ picture: pictures[0]?.id as string }, { system: ['encoder'], k: 1 });
      expect(itself.results[0]?.answers[0]).toMatchObject({ picture: { id: pictures[0]?.id }, relevant: true });
    } finally {
      await at.stop();
    }
  });

  it('takes systems as a list, repeated, or both', async () => {
    const systems = async (query: string) => {
      const { body } = await send(server.address, {
        path: `/v1/search?${query}`,
        headers: { 'content-type': 'application/json' },
        body: '{"picture":"formen-farben.0"}',
      });
      return JSON.parse(body.toString()).results.map(({ system }: { system: string }) => system);
    };
    expect(await systems('system=pixels,dsi')).toEqual(['pixels', 'dsi']);
    expect(await systems('system=pixels&system=dsi&system=pixels')).toEqual(['pixels', 'dsi']);
  });

  it('that is wrong is told the nearest right one', async () => {
    const { body } = await send(server.address, {
      path: '/v1/search?sistem=dsi',
      body: 'x',
      headers: { 'content-type': 'image/png' },
    });
    expect(JSON.parse(body.toString()).hint).toMatch(/did you mean system\?/);
    const error = await refused(client.search({ picture: 'flat.0' }, { index: 'falt' }));
    expect(error).toMatchObject({ status: 404, code: 'index-unknown' });
    expect(error.hint).toMatch(/did you mean flat\?/);
  });
});

describe('pictures', () => {
  it('are those of the index, and kept by caches for as long as they are', async () => {
    const { image, thumbnail } = await client.picture('formen-farben', 'formen-farben.0');
    const stored = await send(server.address, { path: image });
    expect(stored.headers).toMatchObject({
      'content-type': 'image/png',
      'cache-control': 'public, max-age=31536000, immutable',
    });
    expect(await sharp(stored.body).metadata()).toMatchObject({ format: 'png', width: 96 });
    const small = await send(server.address, { path: thumbnail });
    expect(small.headers['content-type']).toBe('image/webp');
    expect(await sharp(small.body).metadata()).toMatchObject({ format: 'webp', width: 96, height: 96 });
    expect((await send(server.address, { path: thumbnail })).body).toEqual(small.body);
  });

  it('are to be revalidated where the address does not name the digest', async () => {
    for (const path of ['/v1/pictures/flat.1', '/v1/pictures/flat.1/thumbnail', '/v1/pictures/flat.1?v=0123']) {
      const { headers } = await send(server.address, { path });
      expect(headers['cache-control']).toBe('public, no-cache');
      const tag = headers.etag as string;
      const again = await send(server.address, { path, headers: { 'if-none-match': `"other", W/${tag}` } });
      expect([again.status, again.body.length, again.headers.etag]).toEqual([304, 0, tag]);
      expect((await send(server.address, { path, headers: { 'if-none-match': '"other"' } })).status).toBe(200);
    }
  });

  it('have a head as well', async () => {
    const { status, headers, body } = await send(server.address, { method: 'HEAD', path: '/v1/pictures/flat.1' });
    expect([status, body.length]).toEqual([200, 0]);
    expect(Number(headers['content-length'])).toBeGreaterThan(100);
  });
});

describe('access', () => {
  it('with a token is for those who have it', async () => {
    const guarded = await serveForTest([flat], { token: 'correct horse', ranker: heldRanker().make });
    try {
      const ask = (authorization?: string) =>
        send(guarded.address, { path: '/v1/indexes', headers: authorization === undefined ? {} : { authorization } });
      for (const wrong of [
        undefined,
        '',
        'Bearer',
        'Bearer wrong',
        'Basic correct horse',
        'correct horse',
        'Bearer correct',
      ]) {
        const { status, headers } = await ask(wrong);
        expect([status, headers['www-authenticate']], wrong).toEqual([401, 'Bearer']);
      }
      // A token with a blank in it is no token of RFC 6750.
      expect((await ask('Bearer correct horse')).status).toBe(401);
    } finally {
      await guarded.stop();
    }
    const one = await serveForTest([flat], { token: 's3cret', ranker: heldRanker().make });
    try {
      const mine = neurodexClient({ server: one.address, token: 's3cret' });
      expect(await mine.indexes()).toHaveLength(1);
      const { thumbnail } = await mine.picture('flat', 'flat.0');
      expect((await mine.bytes(thumbnail)).size).toBeGreaterThan(100);
      const head = await send(one.address, { path: thumbnail, headers: { authorization: 'bearer s3cret' } });
      expect(head.headers['cache-control']).toMatch(/^private, /);
      expect(await refused(neurodexClient({ server: one.address, token: 'S3cret' }).indexes())).toMatchObject({
        status: 401,
        code: 'token-wrong',
      });
      await expect(mine.bytes('http://evil.example/x')).rejects.toThrow(TypeError);
      // With a token, names do not matter: only who knows it is served.
      expect((await send(one.address, { path: '/readyz', headers: { host: 'search.example' } })).status).toBe(200);
    } finally {
      await one.stop();
    }
  });

  it('below a path is the same, whether or not a proxy has taken the path off', async () => {
    const at = await serveForTest([flat], { basePath: '/search', ranker: heldRanker().make });
    try {
      expect(at.address).toMatch(/:\d+\/search$/);
      const { origin } = new URL(at.address);
      const direct = neurodexClient({ server: at.address });
      const { thumbnail } = await direct.picture('flat', 'flat.0');
      expect(thumbnail).toMatch(/^\/search\/v1\/pictures\/flat\.0\/thumbnail\?v=/);
      expect((await direct.bytes(thumbnail)).size).toBeGreaterThan(100);
      expect((await direct.search({ picture: 'flat.0' }, { k: 1 })).results).toHaveLength(2);
      // As behind a proxy that takes the path off.
      const stripped = neurodexClient({ server: origin });
      expect((await stripped.bytes(thumbnail)).size).toBeGreaterThan(100);
      const document = JSON.parse((await send(origin, { path: '/search/openapi.json' })).body.toString());
      expect(document.servers).toEqual([{ url: '/search' }]);
      const bare = await send(origin, { path: '/search?a=1' });
      expect([bare.status, bare.headers.location]).toEqual([308, '/search/?a=1']);
      expect((await send(origin, { path: '/searches' })).status).toBe(404);
    } finally {
      await at.stop();
    }
  });

  it('from pages of other origins is off unless asked for', async () => {
    const origin = 'https://pages.example';
    const preflight = {
      method: 'OPTIONS',
      path: '/v1/search',
      headers: { origin, 'access-control-request-method': 'POST' },
    };
    const closed = await send(server.address, preflight);
    expect(closed.headers['access-control-allow-origin']).toBeUndefined();
    const open = await serveForTest([flat], { cors: [origin], ranker: heldRanker().make });
    try {
      expect((await send(open.address, preflight)).headers['access-control-allow-origin']).toBe(origin);
      const evil = await send(open.address, {
        ...preflight,
        headers: { ...preflight.headers, origin: 'https://evil.example' },
      });
      expect(evil.headers['access-control-allow-origin']).toBeUndefined();
      const search = (headers: Record<string, string>) =>
        send(open.address, {
          path: '/v1/search',
          headers: { 'content-type': 'application/json', 'sec-fetch-site': 'cross-site', ...headers },
          body: '{"picture":"flat.0"}',
        });
      expect((await search({ origin })).status).toBe(200);
      expect((await search({ origin: 'https://evil.example' })).status).toBe(403);
    } finally {
      await open.stop();
    }
  });

  it('under other names than this machine has is refused, for a name on the internet may point here', async () => {
    const ask = async (host: string) => (await send(server.address, { path: '/v1/indexes', headers: { host } })).status;
    for (const own of ['localhost', 'LOCALHOST:1', '127.0.0.1:8080', '[::1]:8080'])
      expect(await ask(own), own).toBe(200);
    for (const other of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '10.0.0.1'])
      expect(await ask(other), other).toBe(421);
  });

  it('is told everywhere to trust nothing', async () => {
    for (const path of ['/', '/v1/indexes', '/nowhere', '/v1/pictures/flat.0', '/healthz']) {
      const { headers } = await send(server.address, { path });
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
      expect(headers['content-security-policy']).toMatch(/^default-src 'none'/);
      expect(headers.server).toBeUndefined();
      expect(headers['x-powered-by']).toBeUndefined();
    }
  });
});

describe('load', () => {
  const png = circle(0, 1);
  const search = async (at: Serving, k = 1) =>
    send(at.address, { path: `/v1/search?k=${k}`, headers: { 'content-type': 'image/png' }, body: await png });

  it('is batched: searches that come while one runs go together', async () => {
    const ranker = heldRanker();
    const at = await serveForTest([flat], { ranker: ranker.make, limits: { batch: 8 } });
    ranker.hold();
    const metric = async (name: string) => {
      const text = (await send(at.address, { path: '/metrics' })).body.toString();
      return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
    };
    // The network computes one batch at a time; of the other system two are under way.
    const asked: ReturnType<typeof search>[] = [];
    for (const held of [2, 3]) {
      asked.push(search(at));
      while (ranker.held().length < held) await pause(5);
    }
    asked.push(...Array.from({ length: 8 }, () => search(at)));
    const waiting = 'neurodex_queries_waiting{index="flat",system="dsi"}';
    while ((await metric(waiting)) < 9) await pause(5);
    expect(ranker.held()).toEqual([1, 1, 1]);
    ranker.release();
    for (const answer of await Promise.all(asked)) expect(answer.status).toBe(200);
    const upTo = (queries: number) =>
      metric(`neurodex_batch_queries_bucket{le="${queries}",index="flat",system="dsi"}`);
    // The first eight that waited went as one.
    expect([await upTo(1), await upTo(4), await upTo(8)]).toEqual([2, 2, 3]);
    await at.stop();
  });

  it('over the limit is refused with a time to try again, and let in when there is room', async () => {
    const ranker = heldRanker();
    const at = await serveForTest([flat], { ranker: ranker.make, limits: { queue: 2 } });
    ranker.hold();
    const running = [search(at), search(at)];
    while (ranker.held().length < 2) await pause(5);
    const third = await search(at);
    expect([third.status, third.headers['retry-after'], JSON.parse(third.body.toString()).code]).toEqual([
      503,
      '1',
      'busy',
    ]);
    // Everything else is answered meanwhile.
    expect((await send(at.address, { path: '/v1/indexes' })).status).toBe(200);
    ranker.release();
    expect((await Promise.all(running)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await search(at)).status).toBe(200);
    await at.stop();
  });

  it('of bodies is bounded too, before they are read', async () => {
    const at = await serveForTest([flat], { ranker: heldRanker().make, limits: { bodyBytes: 1000, queue: 100 } });
    const { status, body } = await send(at.address, {
      path: '/v1/search',
      headers: { 'content-type': 'image/png', 'transfer-encoding': 'chunked' },
      body: Buffer.alloc(5000),
    });
    expect([status, JSON.parse(body.toString()).code]).toEqual([413, 'body-too-large']);
    await at.stop();
  });

  it('of those who leave is taken off', async () => {
    const ranker = heldRanker();
    const at = await serveForTest([flat], { ranker: ranker.make, limits: { queue: 1 } });
    ranker.hold();
    const leaving = new AbortController();
    const left = neurodexClient({ server: at.address }).search({ picture: 'flat.0' }, {}, { signal: leaving.signal });
    while (ranker.held().length < 1) await pause(5);
    leaving.abort();
    await expect(left).rejects.toThrow();
    await vi.waitFor(async () => {
      ranker.release();
      expect((await search(at)).status).toBe(200);
    });
    await at.stop();
  });

  it('that takes longer than it may is told so, even when it is ranked already', async () => {
    const ranker = heldRanker();
    const at = await serveForTest([flat], { ranker: ranker.make, limits: { searchSeconds: 0.3 } });
    ranker.hold();
    const { status, headers, body } = await search(at);
    expect([status, headers['retry-after'], JSON.parse(body.toString()).code]).toEqual([503, '1', 'too-slow']);
    ranker.release();
    await at.stop();
  });

  it('survives a fault: it is told to the operator, and not to the client', async () => {
    const faults: string[] = [];
    let isOnFire = true;
    const ranker = heldRanker(() => (isOnFire ? new Error('disk on fire') : undefined));
    const at = await serveForTest([flat], { ranker: ranker.make, faults });
    const { status, body } = await search(at, 2);
    expect(status).toBe(500);
    expect(body.toString()).not.toContain('fire');
    expect(faults.join()).toContain('disk on fire');
    isOnFire = false;
    expect((await search(at, 2)).status).toBe(200);
    await at.stop();
  });
});

describe('stopping', () => {
  it('finishes what is running, is not ready meanwhile, then listens no more', async () => {
    const ranker = heldRanker();
    const at = await serveForTest([flat], { ranker: ranker.make });
    ranker.hold();
    const body = await circle(0, 1);
    const search = { path: '/v1/search', headers: { 'content-type': 'image/png' }, body };
    const running = send(at.address, search);
    while (ranker.held().length < 1) await pause(5);
    const stopped = at.stop();
    const ready = await send(at.address, { path: '/readyz' });
    expect([ready.status, ready.headers.connection]).toEqual([503, 'close']);
    expect((await send(at.address, { path: '/healthz' })).status).toBe(200);
    const late = await send(at.address, search);
    expect([late.status, JSON.parse(late.body.toString()).code]).toEqual([503, 'draining']);
    ranker.release();
    expect((await running).status).toBe(200);
    await stopped;
    await expect(send(at.address, { path: '/healthz' })).rejects.toThrow(/ECONNREFUSED/);
    expect(await refused(neurodexClient({ server: at.address }).ready())).toMatchObject({ status: 0 });
  });

  it('breaks off what runs longer than it may', async () => {
    const ranker = heldRanker();
    const at = await serveForTest([flat], { ranker: ranker.make, limits: { drainSeconds: 0.2 } });
    ranker.hold();
    const body = await circle(0, 1);
    const running = send(at.address, { path: '/v1/search', headers: { 'content-type': 'image/png' }, body });
    while (ranker.held().length < 1) await pause(5);
    const broken = expect(running).rejects.toThrow();
    await at.stop();
    await broken;
  });
});

describe('pages', () => {
  it('are served from where they were built, and nothing else of the disk is', async () => {
    const folder = join(root, 'pages');
    await mkdir(join(folder, 'assets'), { recursive: true });
    const script = `console.log(${JSON.stringify('long '.repeat(100))})`;
    await writeFile(join(folder, 'index.html'), '<!doctype html><title>Neurodex</title>');
    await writeFile(join(folder, 'assets', 'app-1a2b3c.js'), script);
    await writeFile(join(root, 'secret.txt'), 'secret');
    const at = await serveForTest([flat], { pages: folder, ranker: heldRanker().make, token: 'needed' });
    for (const path of ['/', '/index.html']) {
      const { status, headers, body } = await send(at.address, { path });
      expect([status, headers['content-type'], headers['cache-control']]).toEqual([
        200,
        'text/html; charset=utf-8',
        'no-cache',
      ]);
      expect(headers['content-security-policy']).toContain("script-src 'self'");
      expect(body.toString()).toContain('<title>Neurodex');
      expect((await send(at.address, { path, headers: { 'if-none-match': headers.etag } })).status).toBe(304);
    }
    const asset = await send(at.address, { path: '/assets/app-1a2b3c.js', headers: { 'accept-encoding': 'gzip, br' } });
    expect(asset.headers).toMatchObject({
      'content-encoding': 'gzip',
      'cache-control': 'public, max-age=31536000, immutable',
    });
    expect(gunzipSync(asset.body).toString()).toBe(script);
    expect((await send(at.address, { path: '/assets/app-1a2b3c.js' })).body.toString()).toBe(script);
    for (const path of [
      '/../secret.txt',
      '/assets/../../secret.txt',
      '/..%2fsecret.txt',
      '/assets/%2e%2e/%2e%2e/secret.txt',
      '/assets/',
    ]) {
      const answer = await send(at.address, { path });
      expect(answer.status, path).toBe(404);
      expect(answer.body.toString()).not.toContain('secret\n');
    }
    await at.stop();
  });

  it('that were not built give way to a line that says where the API is', async () => {
    const { status, body, headers } = await send(server.address, { path: '/' });
    expect([status, headers['content-type']]).toEqual([200, 'text/plain; charset=utf-8']);
    expect(body.toString()).toContain('/openapi.json');
  });
});

it('ranks as the system itself does, batch after batch', async () => {
  const index = await openIndex(shapes, nodeRuntime());
  const rows = index.store.rows.map(({ row }) => row);
  const answers = await Promise.all(
    rows.map((row) => client.search({ picture: `formen-farben.${row}` }, { system: ['dsi'], k: 18 })),
  );
  const queries = rows.map((row) => ({
    kind: 'picture' as const,
    pixels: index.store.pixels.slice(row * 768, (row + 1) * 768),
    thumbnail: () => index.store.thumbnail(row),
  }));
  const expected = await (await index.system('dsi')).rank(queries, 18);
  answers.forEach(({ results }, i) => {
    const got = new Map(results[0]?.answers.map(({ picture, score }) => [picture.id, score]));
    for (const { row, score } of expected[i] ?? []) expect(got.get(`formen-farben.${row}`)).toBeCloseTo(score, 3);
  });
  await index.close();
});
