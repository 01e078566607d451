import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAnswer, send, sendBytes } from './raw-http.fixture.ts';
import { makeIndex, serveForTest } from './served.fixture.ts';
import type { Serving } from './start-server.ts';

/** What is not read, and what is not waited for. */

let root = '';
let server: Serving;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-bodies-'));
  server = await serveForTest([await makeIndex(root, 'shapes')], { limits: { bodyBytes: 200_000, requestSeconds: 1 } });
}, 60_000);
afterAll(async () => {
  await server.stop();
  await rm(root, { recursive: true, force: true });
});

/** The bytes of bodies that a server holds, by its own metrics. */
const bodyBytes = async (at: Serving): Promise<number> => {
  const { body } = await send(at.address, { path: '/metrics' });
  return Number(/^neurodex_body_bytes (\d+)$/m.exec(body.toString())?.[1]);
};
const head = (line: string, headers: Record<string, string | number>): string =>
  `${line} HTTP/1.1\r\n${Object.entries({ Host: 'localhost', ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`;

describe('bodies', () => {
  // Each is refused while nothing but its header has arrived. The server waits two seconds for the rest before it closes.
  it.concurrent.each([
    ['to no route', 'POST /v1/nowhere', {}, 404],
    ['to an address that cannot be decoded', 'POST /v1/%ff', {}, 400],
    ['to an address that is too long', `POST /${'x'.repeat(5000)}`, {}, 414],
    ['by another method', 'PUT /v1/search', {}, 405],
    ['of a GET', 'GET /v1/indexes', {}, 200],
    ['of another type', 'POST /v1/search', { 'Content-Type': 'text/html' }, 415],
    ['of no type', 'POST /v1/search', {}, 415],
    ['of a form without boundary', 'POST /v1/search', { 'Content-Type': 'multipart/form-data' }, 400],
    ['of JSON that is too long', 'POST /v1/search', { 'Content-Type': 'application/json' }, 413],
    ['with wrong parameters', 'POST /v1/search?k=0', { 'Content-Type': 'image/png' }, 400],
    ['for no index', 'POST /v1/search?index=none', { 'Content-Type': 'image/png' }, 404],
    ['of another origin', 'POST /v1/search', { 'Content-Type': 'image/png', Origin: 'null' }, 403],
    ['under another name', 'POST /v1/search', { 'Content-Type': 'image/png', Host: 'evil.example' }, 421],
    ['that are too large', 'POST /v1/search', { 'Content-Type': 'image/png', 'Content-Length': 1e12 }, 413],
  ])('%s are not read', async (_, line, headers, status) => {
    const bytes = head(line, { 'Content-Length': 150_000, ...headers });
    const answer = parseAnswer(await sendBytes(server.address, bytes, { more: ['x'.repeat(50_000)] }));
    expect(answer.status, answer.body).toBe(status);
    expect(answer.head).toMatch(/^connection: close/im);
    expect(await bodyBytes(server)).toBe(0);
  });

  it.concurrent('count with what has arrived of them, and all together have a limit', async () => {
    const at = await serveForTest([join(root, 'shapes')], { limits: { bodyBytes: 100_000, allBodyBytes: 150_000 } });
    const chunk = (bytes: number) => `${bytes.toString(16)}\r\n${'x'.repeat(bytes)}\r\n`;
    const upload = head('POST /v1/search', { 'Content-Type': 'image/png', 'Transfer-Encoding': 'chunked' });
    // Announced is not sent: ten that may become large leave room for one that is.
    const announced = Array.from({ length: 10 }, () => sendBytes(at.address, upload + chunk(1000)));
    while ((await bodyBytes(at)) < 10_000) await pause(10);
    const picture = { path: '/v1/search', headers: { 'content-type': 'image/png' }, body: Buffer.alloc(100_000) };
    expect((await send(at.address, picture)).status).toBe(422);
    const large = sendBytes(at.address, upload + chunk(90_000));
    while ((await bodyBytes(at)) < 100_000) await pause(10);
    const busy = await send(at.address, picture);
    expect([busy.status, busy.headers['retry-after'], JSON.parse(busy.body.toString()).code]).toEqual([
      503,
      '1',
      'busy',
    ]);
    // Whoever goes on too long without a byte is given up, and leaves nothing behind.
    for (const answer of await Promise.all([...announced, large])) expect(parseAnswer(answer).status).toBe(408);
    expect(await bodyBytes(at)).toBe(0);
    expect((await send(at.address, picture)).status).toBe(422);
    await at.stop();
  }, 30_000);

  it('are asked for only where they are wanted', async () => {
    const expects = { Expect: '100-continue', 'Content-Length': 6, 'Content-Type': 'image/png', Connection: 'close' };
    const refused = await sendBytes(server.address, head('POST /v1/nowhere', expects));
    expect(parseAnswer(refused).status).toBe(404);
    const read = await sendBytes(server.address, head('POST /v1/search', expects), { more: ['abcdef'], pause: 100 });
    expect(read).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 422 /);
  });

  it('that drip are given up', async () => {
    const upload = head('POST /v1/search', { 'Content-Type': 'image/png', 'Content-Length': 100_000 });
    const more = Array.from({ length: 200 }, () => 'x');
    const { status, body } = parseAnswer(await sendBytes(server.address, upload, { more, pause: 50 }));
    expect([status, JSON.parse(body).code]).toEqual([408, 'request-timeout']);
  });
});

describe('connections', () => {
  it('on which too many requests wait for their answers are refused', async () => {
    const at = await serveForTest([join(root, 'shapes')]);
    const search = '{"picture":"shapes.0"}';
    const one =
      head('POST /v1/search?k=1', { 'Content-Type': 'application/json', 'Content-Length': search.length }) + search;
    const answers = await sendBytes(at.address, one.repeat(200));
    const statuses = [...answers.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status);
    expect(statuses.filter((status) => status === '200').length).toBe(16);
    expect(statuses.at(-1)).toBe('400');
    const { body } = await send(at.address, { path: '/metrics' });
    expect(body.toString()).toMatch(/^neurodex_searches_under_way 0$/m);
    await at.stop();
  });

  it('of HTTP/1.0 need no Host, as load balancers ask', async () => {
    const answer = await sendBytes(server.address, 'GET /healthz HTTP/1.0\r\n\r\n');
    expect(parseAnswer(answer)).toMatchObject({ status: 200, body: '{"status":"ok"}' });
  });

  it('answer an absolute target by the name in it', async () => {
    const ask = async (target: string, host: string) =>
      parseAnswer(await sendBytes(server.address, head(`GET ${target}`, { Host: host, Connection: 'close' }))).status;
    expect(await ask('http://localhost/healthz', 'evil.example')).toBe(200);
    expect(await ask('http://evil.example/healthz', 'localhost')).toBe(421);
  });

  it('with garbage behind a request do not mix the answers up', async () => {
    const search = '{"picture":"shapes.0"}';
    const one =
      head('POST /v1/search?k=1', { 'Content-Type': 'application/json', 'Content-Length': search.length }) + search;
    // The search is not answered with the refusal of what follows it.
    expect(await sendBytes(server.address, `${one}\0\0\0\r\n\r\n`)).not.toMatch(/^HTTP\/1\.1 400/);
  });
});
