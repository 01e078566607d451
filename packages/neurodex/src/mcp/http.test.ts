import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { circle, heldRanker, makeIndex } from '../server/served.fixture.ts';
import type { McpListener } from './http.ts';
import { ERAS, type Era, listening, openForTest, overHttp } from './mcp.fixture.ts';
import type { McpServices } from './services.ts';

let root = '';
let shapes = '';
let services: McpServices;
let listener: McpListener;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-mcp-http-'));
  shapes = await makeIndex(root, 'shapes');
  services = await openForTest([shapes], { isLocal: false, limits: { searchSeconds: 20 } });
  listener = await listening(services);
}, 300_000);
afterAll(async () => {
  await listener.close();
  await services.close();
  await rm(root, { recursive: true, force: true });
});

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'tests', version: '1' } },
};
const JSON_HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const post = (headers: Record<string, string> = {}, body: unknown = INITIALIZE, address = listener.address) =>
  fetch(address, { method: 'POST', headers: { ...JSON_HEADERS, ...headers }, body: JSON.stringify(body) });
const codeOf = async (response: Response): Promise<string> => ((await response.json()) as { code: string }).code;

describe.each(ERAS)('a client over HTTP that begins with the %s protocol', (era) => {
  it('searches, and sees progress', async () => {
    const client = await overHttp(listener.address, era);
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual([
      'search',
      'explain',
      'view',
      'duplicates',
    ]);
    const image = (await circle(1, 4)).toString('base64');
    const found = await client.callTool({ name: 'search', arguments: { image, k: 3, thumbnails: 1 } });
    expect(found.structuredContent).toMatchObject({ index: 'shapes' });
    expect(found.content.map(({ type }) => type)).toEqual(['text', 'text', 'image']);
    const heard: number[] = [];
    const onprogress = ({ progress }: { progress: number }): void => void heard.push(progress);
    const groups = await client.callTool({ name: 'duplicates', arguments: {} }, { onprogress });
    expect(groups.structuredContent).toMatchObject({ pictures: 36 });
    expect(heard.length).toBeGreaterThan(0);
    await client.close();
  });
});

describe('who may ask', () => {
  /** As a page whose name an attacker lets point at this machine has a browser send it. */
  const raw = (host: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const { port, pathname } = new URL(listener.address);
      const socket = connect(Number(port), '127.0.0.1');
      let said = '';
      socket.on('data', (bytes) => {
        said += bytes.toString();
      });
      socket.on('close', () => resolve(said)).on('error', reject);
      socket.end(`POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    });

  it('is nobody under a name that is not this machine (DNS rebinding), and no page of another origin', async () => {
    expect(await raw('evil.example')).toMatch(/^HTTP\/1.1 421 [\s\S]*host-refused/);
    expect(await raw('localhost')).not.toMatch(/host-refused/);
    expect(await codeOf(await post({ origin: 'https://evil.example' }))).toBe('origin-refused');
    expect(await codeOf(await post({ 'sec-fetch-site': 'cross-site' }))).toBe('origin-refused');
    expect((await post({ origin: new URL(listener.address).origin })).status).toBe(200);
    expect((await post()).status).toBe(200);
  });

  it('is whoever has the token', async () => {
    const guarded = await listening(services, 'secret');
    const unknown = await post({}, INITIALIZE, guarded.address);
    expect(unknown.status).toBe(401);
    expect(unknown.headers.get('www-authenticate')).toBe('Bearer');
    expect((await post({ authorization: 'Bearer wrong' }, INITIALIZE, guarded.address)).status).toBe(401);
    const client = await overHttp(guarded.address, 'legacy', 'secret');
    expect((await client.listTools()).tools.length).toBe(4);
    await client.close();
    await guarded.close();
  });
});

describe('what is no message', () => {
  it('is refused, and says why', async () => {
    const get = await fetch(listener.address, { headers: { accept: 'text/event-stream' } });
    expect([get.status, get.headers.get('allow'), await codeOf(get)]).toEqual([405, 'POST', 'method-not-allowed']);
    const elsewhere = await fetch(new URL('/v1/search', listener.address), { method: 'POST' });
    expect(elsewhere.status).toBe(404);
    expect(((await elsewhere.json()) as { hint: string }).hint).toMatch(/\/mcp$/);
    const text = await fetch(listener.address, { method: 'POST', headers: JSON_HEADERS, body: 'what?' });
    expect(text.status).toBe(400);
    const large = 49 * 2 ** 20;
    const refusal = await post({}, { image: 'A'.repeat(large) }).catch(() => undefined);
    expect([undefined, 413]).toContain(refusal?.status);
    expect((await post()).status).toBe(200);
  });
});

const SEARCH = { name: 'search', arguments: { picture: 'shapes.1', thumbnails: 0 } };
/** Asks, and stops waiting: a client of 2026 as its SDK does it, one of 2025 by ending its request. */
const ASKED: { readonly [Name in Era]: (address: string, signal: AbortSignal) => Promise<unknown> } = {
  async auto(address, signal) {
    const client = await overHttp(address, 'auto');
    return await client.callTool(SEARCH, { signal });
  },
  legacy: (address, signal) =>
    fetch(address, {
      ...{ method: 'POST', headers: JSON_HEADERS, signal },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: SEARCH }),
    }).then((response) => response.text()),
};

describe.each(ERAS)('a client with the %s protocol that does not wait', (era) => {
  it('gives its place to others at once', async () => {
    const held = heldRanker();
    const own = await openForTest([shapes], { isLocal: false, limits: { queue: 1 }, ranker: held.make });
    const waiting = await listening(own);
    held.hold();
    const stop = new AbortController();
    const gone = ASKED[era](waiting.address, stop.signal).catch((error: unknown) => error);
    await vi.waitFor(() => expect(held.held().length).toBeGreaterThan(0), 10_000);
    const busy = await post({}, INITIALIZE, waiting.address);
    expect([busy.status, await codeOf(busy)]).toEqual([503, 'busy']);
    stop.abort();
    expect(await gone).toBeInstanceOf(Error);
    await vi.waitFor(() => expect(own.admission.underWay).toBe(0), 10_000);
    held.release();
    const client = await overHttp(waiting.address, era);
    expect((await client.callTool(SEARCH)).structuredContent).toMatchObject({ index: 'shapes' });
    await client.close();
    await waiting.close();
    await own.close();
  });
});
