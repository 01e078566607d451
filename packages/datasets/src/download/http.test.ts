import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import type { NeurodexError } from '@neurodex/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CONTENT, Collector, failure, remote, Setting } from './downloads.fixture.ts';
import type { DownloadOptions } from './downloads.ts';
import { backOff, PATIENCE, parseRetryAfter } from './retry.ts';
import { TestServer } from './server.fixture.ts';

let setting: Setting;
let server: TestServer;
let cache: string;
beforeEach(async () => {
  setting = await Setting.open();
  ({ server, cache } = setting);
});
afterEach(() => setting.close());
const start = (options: Partial<DownloadOptions> = {}) => setting.start(options);
const kept = () => setting.kept();

describe('retries', () => {
  test('429 and 5xx are tried again, with the wait that the server asks for', async () => {
    const url = server.serve('/a', 'ok');
    server.fail('/a', { status: 429, headers: { 'retry-after': '1' } }, { status: 500 }, { status: 503 });
    const reporter = new Collector();
    const began = performance.now();
    expect(Buffer.from(await start({ reporter }).bytes(remote(url))).toString()).toBe('ok');
    expect(performance.now() - began).toBeGreaterThanOrEqual(990);
    expect(reporter.said[0]).toMatch(/the file: the server asks for fewer requests \(429\).*trying again in 1\.0 s/);
    expect(server.seen).toHaveLength(4);
  });

  test('a wait that is too long is told instead', async () => {
    const url = server.serve('/a', 'ok');
    server.fail('/a', { status: 429, headers: { 'retry-after': '3600' } });
    const error = await failure(start().bytes(remote(url)));
    expect(error.message).toMatch(/come back in 60 minutes/);
    expect(server.seen).toHaveLength(1);
  });

  test('a status that does not pass is told at once', async () => {
    const error = await failure(start().file(remote(`${server.origin}/missing?signature=SECRET`)));
    expect(error).toMatchObject({
      code: 'download-failed',
      message: expect.stringMatching(/answered 404.*\/missing$/),
    });
    expect(`${error.message}${error.hint}${JSON.stringify(error.details)}`).not.toContain('SECRET');
    expect(server.seen).toHaveLength(1);
  });

  test('refused connections and hosts that are not there are told', async () => {
    const { origin } = server;
    await server.close();
    const error = await failure(start().bytes(remote(`${origin}/a`)));
    expect(error.message).toMatch(/connection was refused .* the last of 4 attempts/);
    server = await TestServer.start();
    expect((await failure(start().bytes(remote('ftp://x/y')))).message).toMatch(/not an http\(s\) URL/);
  });

  test('the wait doubles up to its limit, and is drawn', () => {
    const waits = [1, 2, 3, 4, 20].map((failures) => backOff(failures, PATIENCE, () => 1));
    expect(waits).toEqual([500, 1000, 2000, 4000, 30_000]);
    expect(backOff(1, PATIENCE, () => 0)).toBe(250);
    expect(parseRetryAfter('7')).toBe(7000);
    expect(parseRetryAfter('Thu, 01 Jan 1970 00:01:00 GMT', 0)).toBe(60_000);
    expect(parseRetryAfter('soon')).toBeUndefined();
  });
});

describe('redirects', () => {
  test('are followed; circles are told', async () => {
    server.serve('/c', 'there');
    server.serve('/b', '', { redirect: '/c' });
    const url = server.serve('/a', '', { redirect: `${server.origin}/b` });
    expect(Buffer.from(await start().bytes(remote(url))).toString()).toBe('there');
    server.serve('/x', '', { redirect: '/y' });
    const circle = server.serve('/y', '', { redirect: '/x' });
    const error = await failure(start().bytes(remote(circle)));
    expect(error).toMatchObject({ code: 'download-failed', message: expect.stringMatching(/redirects in a circle/) });
  });
});

describe('access', () => {
  const page = 'https://hub.example/datasets/owner/name';
  const gate = { page, token: 'HF_TOKEN' } as const;
  const TOKEN = 'hf_verysecrettoken';
  const everythingSaid = (error: NeurodexError): string =>
    `${error.message} ${error.hint} ${JSON.stringify(error.details)} ${error.stack} ${String(error.cause)}`;

  test('the token goes to the host of the file and to no other', async () => {
    const other = await TestServer.start();
    try {
      const target = other.serve('/blob', CONTENT);
      const url = server.serve('/gated', '', { token: TOKEN, redirect: `${target}?sig=1` });
      const downloads = start({ environment: { HF_TOKEN: ` ${TOKEN}\n` } });
      const path = await downloads.file(remote(url, { gate }));
      const source = await downloads.open(remote(url, { gate, name: 'again' }));
      await source.slice(0, 10);
      await source.slice(10, 20);
      expect((await readFile(path)).equals(CONTENT)).toBe(true);
      expect(server.seen.every(({ headers }) => headers.authorization === `Bearer ${TOKEN}`)).toBe(true);
      // The ranges after the first one spare the detour.
      expect(server.seen).toHaveLength(2);
      expect(other.seen).toHaveLength(4);
      expect(other.seen.every(({ headers }) => headers.authorization === undefined)).toBe(true);
      for (const name of await kept()) {
        for (const file of await readdir(join(cache, 'downloads', name))) {
          expect((await readFile(join(cache, 'downloads', name, file))).includes(TOKEN)).toBe(false);
        }
      }
    } finally {
      await other.close();
    }
  });

  test('a public file gets no token', async () => {
    await start({ environment: { HF_TOKEN: TOKEN } }).bytes(remote(server.serve('/a', 'x')));
    expect(server.seen[0]?.headers.authorization).toBeUndefined();
  });

  test.each([
    ['missing', {}, /HF_TOKEN is not set.*401 \(Access is restricted\)/],
    ['wrong', { HF_TOKEN: 'hf_other' }, /the token in HF_TOKEN is not accepted/],
    ['of an account without access', { HF_TOKEN: 'hf_stranger' }, /the account of the token in HF_TOKEN has none/],
  ])(
    'a token that is %s is told with the page that grants access, and never shown',
    async (_, environment, message) => {
      const url = server.serve('/gated', CONTENT, { token: TOKEN, refused: 'hf_stranger' });
      for (const how of ['file', 'open', 'bytes'] as const) {
        const error = await failure(start({ environment })[how](remote(url, { gate })) as Promise<unknown>);
        expect(error.code).toBe('access-denied');
        expect(error.message).toMatch(message);
        expect(error.hint).toContain(page);
        expect(everythingSaid(error)).not.toMatch(/hf_(other|stranger|very)/);
      }
      expect(server.seen).toHaveLength(3);
    },
  );

  test('a token that cannot be one is told without it', async () => {
    const url = server.serve('/gated', CONTENT, { token: TOKEN });
    const error = await failure(start({ environment: { HF_TOKEN: 'two words' } }).file(remote(url, { gate })));
    expect(error).toMatchObject({ code: 'access-denied' });
    expect(everythingSaid(error)).not.toContain('two words');
  });

  test('a refusal without a gate', async () => {
    const error = await failure(start().bytes(remote(server.serve('/a', 'x', { token: 'y' }))));
    expect(error).toMatchObject({ code: 'access-denied', hint: expect.stringMatching(/local copy/) });
  });
});

describe('proxies', () => {
  /** A proxy that passes plain requests on and opens tunnels. */
  const startProxy = async (refuse?: number) => {
    const asked: string[] = [];
    const proxy = createServer(async (request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers['proxy-authorization'] ?? ''}`.trim());
      if (refuse) return void response.writeHead(refuse).end();
      const answer = await fetch(request.url ?? '', {
        headers: request.headers.range === undefined ? {} : { range: request.headers.range },
      });
      response
        .writeHead(answer.status, Object.fromEntries(answer.headers))
        .end(Buffer.from(await answer.arrayBuffer()));
    });
    proxy.on('connect', (request, socket) => {
      asked.push(`CONNECT ${request.url}`);
      if (refuse) return void socket.end(`HTTP/1.1 ${refuse} No\r\n\r\n`);
      const [host, port] = (request.url ?? '').split(':');
      const target = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        target.pipe(socket).pipe(target);
      });
    });
    await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
    const at = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const close = () => {
      proxy.closeAllConnections();
      return new Promise((done) => proxy.close(done));
    };
    return { at, asked, close };
  };

  test('the one that the environment names is asked, with its password, unless NO_PROXY names the host', async () => {
    const proxy = await startProxy();
    try {
      const url = server.serve('/a', 'through');
      const downloads = start({ environment: { HTTP_PROXY: `http://me:pass@${proxy.at}` } });
      expect(Buffer.from(await downloads.bytes(remote(url))).toString()).toBe('through');
      expect(proxy.asked).toEqual([`GET ${url} Basic ${Buffer.from('me:pass').toString('base64')}`]);
      const direct = start({ environment: { http_proxy: proxy.at, NO_PROXY: 'localhost,127.0.0.1' } });
      expect(Buffer.from(await direct.bytes(remote(url))).toString()).toBe('through');
      expect(proxy.asked).toHaveLength(1);
    } finally {
      await proxy.close();
    }
  });

  test('an encrypted host is reached by a tunnel; a refusal is told without the password', async () => {
    const proxy = await startProxy(407);
    try {
      const downloads = start({ environment: { https_proxy: `http://me:pass@${proxy.at}` } });
      const error = await failure(downloads.bytes(remote('https://hub.example/a')));
      expect(error).toMatchObject({ code: 'download-failed', message: expect.stringMatching(/proxy answered 407/) });
      expect(`${error.message}${error.hint}`).not.toContain('me:pass');
      expect(proxy.asked).toEqual(['CONNECT hub.example:443']);
    } finally {
      await proxy.close();
    }
  });

  test('a setting that is no address is told', () => {
    expect(() => start({ environment: { HTTPS_PROXY: 'http://a b:secret@' } })).toThrow(
      /HTTPS_PROXY is not the address/,
    );
  });
});
