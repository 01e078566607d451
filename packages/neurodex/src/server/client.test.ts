import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ClientError, neurodexClient } from './client.ts';

/** A client whose network is a function. */
const over = (answer: (url: URL, init: RequestInit) => Response | Promise<Response>, token?: string) =>
  neurodexClient({
    server: 'http://search.example/',
    fetch: (async (url: URL, init: RequestInit) => answer(url, init)) as typeof fetch,
    ...(token === undefined ? {} : { token }),
  });
const json = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });

describe('the client', () => {
  it('imports nothing that a browser has not, and no schemas', async () => {
    const seen = new Set<string>();
    const visit = async (file: string): Promise<void> => {
      if (seen.has(file)) return;
      seen.add(file);
      const text = await readFile(file, 'utf8');
      // Static imports that remain after the types are erased.
      for (const [, clause = '', name = ''] of text.matchAll(/^(?:import|export)\s+([^;]*?)from '([^']+)';/gm)) {
        if (clause.startsWith('type ')) continue;
        if (name === '@neurodex/core')
          await visit(fileURLToPath(new URL('../../../core/src/index.ts', import.meta.url)));
        else if (name === '@neurodex/datasets/formats')
          await visit(fileURLToPath(new URL('../../../datasets/src/formats.ts', import.meta.url)));
        else {
          expect(name, file).toMatch(/^\./);
          await visit(resolve(dirname(file), name));
        }
      }
    };
    await visit(fileURLToPath(new URL('client.ts', import.meta.url)));
    const ofCore = [
      'index.ts',
      'canonical-json.ts',
      'elements.ts',
      'errors.ts',
      'interrupted.ts',
      'names.ts',
      'progress.ts',
      'records.ts',
      'shell.ts',
      'threads.ts',
      'thrown.ts',
    ];
    expect(new Set([...seen].map((file) => file.split('/').at(-1)))).toEqual(
      new Set([
        'formats.ts',
        'picture-formats.ts',
        'client.ts',
        'client-call.ts',
        'client-error.ts',
        'curves.ts',
        'paths.ts',
        ...ofCore,
      ]),
    );
  });

  it('asks as the API wants to be asked', async () => {
    const asked: string[] = [];
    const client = over((url, { method, headers, body }) => {
      asked.push(
        `${method} ${url} ${JSON.stringify(headers)} ${typeof body === 'string' ? body : (body?.constructor.name ?? '')}`,
      );
      return json({ indexes: [] });
    }, 'secret');
    await client.indexes();
    await client.pictures('a', { label: 'T-shirt/top & more', offset: 3 });
    await client.search(new Uint8Array(3), { system: ['dsi', 'pixels'], explain: true });
    await client.search({ picture: 'a.1' });
    const token = '"authorization":"Bearer secret"';
    expect(asked).toEqual([
      `GET http://search.example/v1/indexes {${token}} `,
      `GET http://search.example/v1/indexes/a/pictures?label=T-shirt%2Ftop+%26+more&offset=3 {${token}} `,
      `POST http://search.example/v1/search?system=dsi&system=pixels&explain=true {${token},"content-type":"application/octet-stream"} Uint8Array`,
      `POST http://search.example/v1/search {${token},"content-type":"application/json"} {"picture":"a.1"}`,
    ]);
  });

  it.each([
    ['http://search.example', 'http://search.example'],
    ['http://search.example/photos', 'http://search.example/photos'],
    ['http://search.example/photos/?a#b', 'http://search.example/photos'],
  ])('asks a server at %s below its path', async (server, root) => {
    const asked: string[] = [];
    const fetch = (async (url: URL) => {
      asked.push(String(url));
      return json({ indexes: [] });
    }) as typeof globalThis.fetch;
    const client = neurodexClient({ server, fetch });
    await client.indexes();
    // An answer names a picture as the server knows it, whatever path a proxy has put before it or taken off.
    for (const below of ['', '/photos', '/search']) {
      await client.bytes(`${below}/v1/pictures/a.1/thumbnail?v=0`);
      expect(client.address(`${below}/v1/pictures/a.1?v=0`)).toBe(`${root}/v1/pictures/a.1?v=0`);
    }
    expect(asked).toEqual([`${root}/v1/indexes`, ...Array(3).fill(`${root}/v1/pictures/a.1/thumbnail?v=0`)]);
  });

  it('does not let an id lead elsewhere', async () => {
    const urls: string[] = [];
    const client = over((url) => {
      urls.push(url.pathname);
      return json({});
    });
    await client.index('../../metrics');
    await client.index('a/report?x#y');
    expect(urls).toEqual(['/v1/indexes/..%2F..%2Fmetrics', '/v1/indexes/a%2Freport%3Fx%23y']);
  });

  it('tells refusals of the server from those of something on the way to it', async () => {
    const problem = {
      type: 'about:blank',
      title: 'Service Unavailable',
      status: 503,
      detail: 'too much',
      code: 'busy',
      hint: 'try again',
    };
    const busy = over(() => json(problem, 503, { 'content-type': 'application/problem+json', 'retry-after': '7' }));
    await expect(busy.indexes()).rejects.toMatchObject({
      status: 503,
      code: 'busy',
      message: 'too much',
      hint: 'try again',
      retryAfter: 7,
    });
    const proxy = over(() => new Response('<h1>Bad Gateway</h1>', { status: 502 }));
    await expect(proxy.indexes()).rejects.toMatchObject({ status: 502, code: undefined });
    const gone = over(() => Promise.reject(new TypeError('fetch failed')));
    await expect(gone.indexes()).rejects.toBeInstanceOf(ClientError);
    await expect(gone.indexes()).rejects.toMatchObject({ status: 0, message: 'the server cannot be reached' });
  });

  it('waits for measures until they are there, or the signal', async () => {
    let asked = 0;
    const client = over(() =>
      ++asked < 3
        ? json({ status: 'measuring', done: asked, total: 2 }, 202, { 'retry-after': '0' })
        : json({ status: 'measured' }),
    );
    const heard: number[] = [];
    expect(await client.measured('a', { onProgress: ({ done }) => heard.push(done) })).toEqual({ status: 'measured' });
    expect(heard).toEqual([1, 2]);
    const never = over(() => json({ status: 'measuring', done: 0, total: 2 }, 202, { 'retry-after': '60' }));
    const stop = new AbortController();
    const waiting = never.measured('a', { signal: stop.signal, onProgress: () => stop.abort(new Error('enough')) });
    await expect(waiting).rejects.toThrow('enough');
  });
});
