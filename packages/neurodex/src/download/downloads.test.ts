import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NeurodexError } from '../errors.ts';
import type { ProgressEvent, Reporter } from '../progress.ts';
import { noMount, onTinyDisk } from '../storage/tiny-disk.fixture.ts';
import { createDownloads, type DownloadOptions, type RemoteFile } from './downloads.ts';
import { backOff, PATIENCE, type Patience, parseRetryAfter } from './retry.ts';
import { TestServer } from './server.fixture.ts';

const HURRY: Patience = {
  attempts: 4,
  firstWait: 2,
  longestWait: 10,
  longestRetryAfter: 2000,
  connect: 500,
  stall: 250,
};

let server: TestServer;
let cache = '';
beforeEach(async () => {
  server = await TestServer.start();
  cache = await mkdtemp(join(tmpdir(), 'neurodex-downloads-'));
});
afterEach(async () => {
  await server.close();
  await rm(cache, { recursive: true, force: true });
});

const pattern = (length: number, salt = 0): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 7 + salt) & 255);
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const CONTENT = pattern(300_000);

class Collector implements Reporter {
  readonly events: ProgressEvent[] = [];
  readonly said: string[] = [];
  progress(event: ProgressEvent): void {
    this.events.push(event);
  }
  warn(message: string): void {
    this.said.push(`warning: ${message}`);
  }
  info(message: string): void {
    this.said.push(message);
  }
}

const start = (options: Partial<DownloadOptions> = {}) =>
  createDownloads({ cache, environment: {}, ...options }, HURRY);
const failure = async (work: Promise<unknown>): Promise<NeurodexError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(NeurodexError);
  return error as NeurodexError;
};
const remote = (url: string, more: Partial<RemoteFile> = {}): RemoteFile => ({ url, name: 'the file', ...more });
/** Everything in the cache's folder of downloads, leftovers included. */
const kept = () => readdir(join(cache, 'downloads')).catch(() => []);

describe('file', () => {
  test('downloads into the cache under its own name, verifies, reports bytes, and asks once', async () => {
    const url = server.serve('/data/train%20images.zip'.replace('%20', ' '), CONTENT).replace(' ', '%20');
    const reporter = new Collector();
    const downloads = start({ reporter });
    const file = remote(url, { bytes: CONTENT.length, sha256: sha256(CONTENT) });
    const paths = await Promise.all([downloads.file(file), downloads.file(file)]);
    expect(paths[0]).toBe(paths[1]);
    expect(paths[0]).toMatch(/train_images\.zip$/);
    expect((await readFile(paths[0] ?? '')).equals(CONTENT)).toBe(true);
    expect(await start().file(file)).toBe(paths[0]);
    expect(server.seen).toHaveLength(1);
    expect(await kept()).toHaveLength(1);
    const downloaded = reporter.events.filter(({ phase }) => phase === 'download');
    expect(downloaded.at(-1)).toEqual({
      phase: 'download',
      done: CONTENT.length,
      total: CONTENT.length,
      unit: 'bytes',
    });
    expect(downloaded.map(({ done }) => done)).toEqual(downloaded.map(({ done }) => done).sort((a, b) => a - b));
  });

  test.each([
    ['cut connections', [{ cutAfter: 100_000 }, { cutAfter: 50_000 }]],
    ['a body that ends early', [{ endAfter: 100_000 }]],
    ['a stalled connection', [{ stallAfter: 70_000 }]],
  ])('goes on after %s, from where it was', async (_, mishaps) => {
    const url = server.serve('/a.bin', CONTENT);
    server.fail('/a.bin', ...mishaps);
    const path = await start().file(remote(url, { sha256: sha256(CONTENT) }));
    expect((await readFile(path)).equals(CONTENT)).toBe(true);
    const ranges = server.rangesOf('/a.bin');
    expect(ranges).toHaveLength(mishaps.length + 1);
    expect(ranges[0]).toBe('');
    for (const range of ranges.slice(1)) expect(range).toMatch(/^bytes=[1-9]\d*-$/);
    // Nothing is fetched twice, but for what the system had in its buffers when a connection was cut.
    const resumedFrom = Number(/\d+/.exec(ranges.at(-1) ?? '')?.[0]);
    expect(resumedFrom).toBeGreaterThan(0);
  });

  test('a long download may break more often than there are attempts, as long as it gets on', async () => {
    const url = server.serve('/a.bin', CONTENT);
    server.fail('/a.bin', ...Array.from({ length: 12 }, () => ({ endAfter: 20_000 })));
    const path = await start().file(remote(url));
    expect((await readFile(path)).equals(CONTENT)).toBe(true);
    expect(server.seen).toHaveLength(13);
  });

  test('one that always breaks off at the same place is given up, and says so', async () => {
    const url = server.serve('/a.bin', CONTENT, { ranges: false });
    server.fail('/a.bin', ...Array.from({ length: 50 }, () => ({ cutAfter: 1000 })));
    const error = await failure(start().file(remote(url)));
    expect(error.code).toBe('download-failed');
    expect(error.message).toMatch(/the file cannot be downloaded: .*attempts/);
    expect(server.seen.length).toBeLessThanOrEqual(2 * HURRY.attempts);
  });

  test('a later run goes on with what an earlier one left', async () => {
    const url = server.serve('/a.bin', CONTENT);
    server.fail('/a.bin', { endAfter: 200_000 }, ...Array.from({ length: 4 }, () => ({ status: 503 })));
    await failure(start().file(remote(url)));
    expect(await kept()).toHaveLength(1);
    const path = await start().file(remote(url));
    expect((await readFile(path)).equals(CONTENT)).toBe(true);
    expect(server.rangesOf('/a.bin').at(-1)).toBe('bytes=200000-');
    expect(server.seen.at(-1)?.headers['if-range']).toMatch(/^"/);
    expect(await kept()).toHaveLength(1);
  });

  test.each([
    ['by its ETag', {}],
    ['by its date', { etag: null, lastModified: 'Mon, 01 Jan 2024 00:00:00 GMT' }],
    ['by its ETag, though the server does not look at If-Range', { ifRange: false }],
  ])('a file that changed since is noticed %s and fetched anew', async (_, how) => {
    const url = server.serve('/a.bin', CONTENT, how);
    server.fail('/a.bin', { endAfter: 200_000 }, ...Array.from({ length: 4 }, () => ({ status: 503 })));
    await failure(start().file(remote(url)));
    const changed = pattern(250_000, 5);
    const later = 'etag' in how ? { ...how, lastModified: 'Tue, 02 Jan 2024 00:00:00 GMT' } : how;
    server.serve('/a.bin', changed, later);
    const path = await start().file(remote(url));
    expect((await readFile(path)).equals(changed)).toBe(true);
  });

  test('without ETag and date, the rest is asked for only where a digest will tell', async () => {
    const url = server.serve('/a.bin', CONTENT, { etag: null });
    server.fail('/a.bin', { endAfter: 10_000 });
    await start().file(remote(url));
    expect(server.rangesOf('/a.bin')).toEqual(['', '']);
    const other = server.serve('/b.bin', CONTENT, { etag: null });
    server.fail('/b.bin', { endAfter: 10_000 });
    const path = await start().file(remote(other, { md5: createHash('md5').update(CONTENT).digest('hex') }));
    expect(server.rangesOf('/b.bin')).toEqual(['', 'bytes=10000-']);
    expect((await readFile(path)).equals(CONTENT)).toBe(true);
  });

  test('with a digest, the rest is asked for even of a copy with another ETag', async () => {
    const url = server.serve('/a.bin', CONTENT, { etag: '"here"' });
    const file = remote(url, { sha256: sha256(CONTENT) });
    server.fail('/a.bin', { endAfter: 10_000 }, ...Array.from({ length: 4 }, () => ({ status: 500 })));
    await failure(start().file(file));
    server.serve('/a.bin', CONTENT, { etag: '"there"' });
    expect((await readFile(await start().file(file))).equals(CONTENT)).toBe(true);
    expect(server.rangesOf('/a.bin').at(-1)).toBe('bytes=10000-');
  });

  test('halves of two files that went together unnoticed are fetched once more, whole', async () => {
    const url = server.serve('/a.bin', pattern(300_000, 9), { etag: null });
    const file = remote(url, { sha256: sha256(CONTENT) });
    server.fail('/a.bin', { endAfter: 10_000 }, ...Array.from({ length: 4 }, () => ({ status: 500 })));
    await failure(start().file(file));
    server.serve('/a.bin', CONTENT, { etag: null });
    const path = await start().file(file);
    expect((await readFile(path)).equals(CONTENT)).toBe(true);
    expect(server.rangesOf('/a.bin').slice(-2)).toEqual(['bytes=10000-', '']);
  });

  test('a server that ignores ranges sends all of it again', async () => {
    const url = server.serve('/a.bin', CONTENT, { ranges: false });
    server.fail('/a.bin', { cutAfter: 150_000 });
    const path = await start().file(remote(url, { bytes: CONTENT.length }));
    expect((await readFile(path)).equals(CONTENT)).toBe(true);
  });

  test('what is not as expected is refused, told, and not kept', async () => {
    const url = server.serve('/a.bin', CONTENT);
    const wrongSize = await failure(start().file(remote(url, { bytes: 5 })));
    expect(wrongSize).toMatchObject({ code: 'download-failed', message: expect.stringMatching(/300000 bytes .* 5 /) });
    const wrongDigest = await failure(start().file(remote(url, { sha256: 'ab'.repeat(32) })));
    expect(wrongDigest.message).toMatch(new RegExp(`SHA-256 is ${sha256(CONTENT)}, expected ${'ab'.repeat(32)}`));
    expect(await kept()).toEqual([]);
  });

  test('a size that nobody knows is warned of, an empty file is a file', async () => {
    const url = server.serve('/a.bin', CONTENT);
    server.fail('/a.bin', { endAfter: CONTENT.length, chunked: true });
    expect((await readFile(await start().file(remote(url)))).equals(CONTENT)).toBe(true);
    const empty = await start().file(remote(server.serve('/empty', new Uint8Array(0))));
    expect(await readFile(empty)).toHaveLength(0);
  });

  test('a cached file that somebody shortened is fetched again', async () => {
    const url = server.serve('/a.bin', CONTENT);
    const file = remote(url, { bytes: CONTENT.length });
    const path = await start().file(file);
    await truncate(path, 10);
    expect((await readFile(await start().file(file))).equals(CONTENT)).toBe(true);
  });

  test('a signal stops it, and what is here stays for the next time', async () => {
    const url = server.serve('/a.bin', CONTENT, { slow: 2 });
    const controller = new AbortController();
    const reporter = new Collector();
    reporter.progress = ({ done }) => {
      if (done > 20_000) controller.abort();
    };
    const error = await failure(start({ signal: controller.signal, reporter }).file(remote(url)));
    expect(error.code).toBe('interrupted');
    server.serve('/a.bin', CONTENT);
    const path = await start().file(remote(url));
    expect((await readFile(path)).equals(CONTENT)).toBe(true);
    expect(server.rangesOf('/a.bin').at(-1)).toMatch(/^bytes=2\d{4}-$/);
  });

  test('no more requests at a time than allowed; files together make one progress', async () => {
    const reporter = new Collector();
    const downloads = start({ concurrency: 2, reporter });
    const files = [1, 2, 3, 4, 5].map((i) => {
      const url = server.serve(`/${i}.bin`, pattern(20_000, i), { slow: 1 });
      return remote(url, { bytes: 20_000, name: `file ${i}` });
    });
    const paths = await Promise.all(files.map((file) => downloads.file(file)));
    for (const [i, path] of paths.entries()) expect((await readFile(path)).equals(pattern(20_000, i + 1))).toBe(true);
    expect(reporter.events.at(-1)).toMatchObject({ done: 100_000, total: 100_000 });
    // The second pair begins only after one of the first ended.
    expect(reporter.events.findIndex(({ done }) => done > 40_000)).toBeGreaterThan(20);
  });

  test.skipIf(noMount)(
    `a disk that is full is told beforehand, and when it fills up${noMount ? ` (${noMount})` : ''}`,
    () =>
      onTinyDisk(async (at) => {
        const url = server.serve('/a.bin', pattern(4 << 20));
        const early = await failure(start({ cache: at }).file(remote(url, { bytes: 4 << 20 })));
        expect(early).toMatchObject({
          code: 'disk-full',
          message: expect.stringMatching(/the file needs 4194304 bytes/),
        });
        expect(early.hint).toMatch(/NEURODEX_CACHE/);
        server.fail('/a.bin', { endAfter: 4 << 20, chunked: true });
        const late = await failure(start({ cache: at }).file(remote(url)));
        expect(late.code).toBe('disk-full');
      }),
  );
});

describe('several processes', () => {
  const script = fileURLToPath(new URL('./fetch-in-process.fixture.ts', import.meta.url));
  const root = fileURLToPath(new URL('../../../../', import.meta.url));
  const child = (url: string) => {
    const process_ = spawn(process.execPath, ['--import', 'tsx', script, cache, url, String(CONTENT.length)], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let printed = '';
    process_.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    const ended = new Promise<string>((done) => process_.once('close', () => done(printed.trim())));
    return { process: process_, ended };
  };

  test('share one download; one that dies in the middle leaves its part to the other', {
    timeout: 30_000,
  }, async () => {
    const url = server.serve('/a.bin', CONTENT, { slow: 4 });
    const [a, b] = [child(url), child(url)];
    await expect.poll(() => server.bytesSent, { timeout: 15_000 }).toBeGreaterThan(50_000);
    // One of them downloads and the other waits: end the one that downloads.
    const [folder] = await kept();
    const owner = Number(/\.part-[0-9a-f]+-(\d+)-/.exec(folder ?? '')?.[1]);
    const [first, second] = a.process.pid === owner ? [a, b] : [b, a];
    expect(first.process.pid).toBe(owner);
    first.process.kill('SIGKILL');
    const path = await second.ended;
    expect((await readFile(path)).equals(CONTENT)).toBe(true);
    expect(await kept()).toHaveLength(1);
    const ranges = server.rangesOf('/a.bin');
    expect(ranges[0]).toBe('');
    expect(ranges.at(-1)).toMatch(/^bytes=[1-9]\d*-$/);
    expect(ranges).toHaveLength(2);
  });

  test('a part without a sign of life is taken over, one of another file is thrown away', async () => {
    const url = server.serve('/a.bin', CONTENT);
    server.fail('/a.bin', { endAfter: 100_000 }, ...Array.from({ length: 4 }, () => ({ status: 500 })));
    await failure(start().file(remote(url)));
    const [left = ''] = await kept();
    const old = new Date(Date.now() - 3_600_000);
    const folder = join(cache, 'downloads', left);
    await writeFile(join(folder, 'source.json'), '{"url":"http://other.example/"}');
    await utimes(folder, old, old);
    expect((await readFile(await start().file(remote(url)))).equals(CONTENT)).toBe(true);
    expect(server.rangesOf('/a.bin').at(-1)).toBe('');
  });
});

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

describe('open', () => {
  const big = pattern(1_000_000);

  test('reads parts, the end with the first request, and only what is asked for', async () => {
    const url = server.serve('/a.parquet', big);
    for (const known of [{}, { bytes: big.length }]) {
      server.seen.length = 0;
      server.bytesSent = 0;
      const source = await start().open(remote(url, known));
      expect(source.byteLength).toBe(big.length);
      expect(Buffer.from(await source.slice(999_000)).equals(big.subarray(999_000))).toBe(true);
      expect(server.seen).toHaveLength(1);
      expect(new Uint8Array(await source.slice(5, 1005))).toEqual(big.subarray(5, 1005));
      expect(Buffer.from(await source.slice(700_000, 990_000)).equals(big.subarray(700_000, 990_000))).toBe(true);
      expect((await source.slice(10, 10)).byteLength).toBe(0);
      expect(server.seen).toHaveLength(3);
      expect(server.bytesSent).toBe((1 << 17) + 1000 + 290_000);
      await source.close();
    }
    expect(await kept()).toEqual([]);
  });

  test('small and empty files', async () => {
    const small = await start().open(remote(server.serve('/s', big.subarray(0, 100))));
    expect(new Uint8Array(await small.slice(0))).toEqual(big.subarray(0, 100));
    const empty = await start().open(remote(server.serve('/e', new Uint8Array(0))));
    expect(empty.byteLength).toBe(0);
  });

  test('a part that is cut off goes on from where it was', async () => {
    const url = server.serve('/a', big);
    const source = await start().open(remote(url));
    server.fail('/a', { endAfter: 1000 }, { status: 503 }, { cutAfter: 0 }, { stallAfter: 500 });
    expect(new Uint8Array(await source.slice(100, 5100))).toEqual(big.subarray(100, 5100));
    expect(server.rangesOf('/a').slice(1)).toEqual([
      'bytes=100-5099',
      'bytes=1100-5099',
      'bytes=1100-5099',
      'bytes=1100-5099',
      'bytes=1600-5099',
    ]);
  });

  test.each([
    ['ETag', {}, {}],
    [
      'date',
      { etag: null, lastModified: 'Mon, 01 Jan 2024 00:00:00 GMT' },
      { etag: null, lastModified: 'Tue, 02 Jan 2024 00:00:00 GMT' },
    ],
  ])('a file that changes between two parts is told by its %s', async (_, before, after) => {
    const source = await start().open(remote(server.serve('/a', big, before)));
    await source.slice(0, 10);
    server.serve('/a', pattern(1_000_000, 3), after);
    const error = await failure(source.slice(10, 20));
    expect(error).toMatchObject({
      code: 'download-changed',
      message: expect.stringMatching(/the file changed on the server/),
    });
  });

  test('a file that changes its size only is told as well', async () => {
    const source = await start().open(remote(server.serve('/a', big, { etag: null })));
    server.serve('/a', pattern(999_999), { etag: null });
    expect((await failure(source.slice(10, 20))).message).toMatch(/had 1000000 bytes and has 999999/);
  });

  test('where the server knows no ranges, the whole file comes first', async () => {
    const url = server.serve('/a', big, { ranges: false });
    const reporter = new Collector();
    const source = await start({ reporter }).open(remote(url));
    expect(new Uint8Array(await source.slice(5, 1005))).toEqual(big.subarray(5, 1005));
    expect(reporter.said.join()).toMatch(/sends no parts of files/);
    expect(await kept()).toHaveLength(1);
    await source.close();
  });

  test('an address that a redirect led to may expire', async () => {
    server.serve('/blob', big);
    const url = server.serve('/a', '', { redirect: '/blob?signature=1' });
    const source = await start().open(remote(url));
    server.fail('/blob', { status: 403 });
    expect(new Uint8Array(await source.slice(0, 10))).toEqual(big.subarray(0, 10));
    expect(server.seen.map(({ path }) => path)).toEqual(['/a', '/blob', '/blob', '/a', '/blob']);
  });

  test('another copy of the file may call its version otherwise, if the hub says that it is the same file', async () => {
    const other = await TestServer.start();
    try {
      for (const [same, linkedTag] of [
        [true, '"1"'],
        [false, '"2"'],
      ] as const) {
        server.serve('/blob', big, { etag: '"here"' });
        other.serve('/blob', big, { etag: '"there"' });
        const url = server.serve('/a', '', { redirect: `${server.origin}/blob`, linkedTag: '"1"' });
        const source = await start().open(remote(url));
        // The first address expires, and the hub names another host.
        server.fail('/blob', { status: 403 });
        server.serve('/a', '', { redirect: `${other.origin}/blob`, linkedTag });
        if (same) expect((await source.slice(0, 10)).byteLength).toBe(10);
        else expect((await failure(source.slice(0, 10))).code).toBe('download-changed');
      }
    } finally {
      await other.close();
    }
  });

  test('another size than the one listed is told', async () => {
    const url = server.serve('/a', big);
    expect((await failure(start().open(remote(url, { bytes: 2_000_000 })))).message).toMatch(
      /1000000 bytes .* 2000000/,
    );
    expect((await failure(start().open(remote(url, { bytes: 500_000 })))).message).toMatch(/1000000 bytes .* 500000/);
  });
});

describe('proxies', () => {
  /** A proxy that passes plain requests on and opens tunnels. */
  const startProxy = async (refuse?: number) => {
    const asked: string[] = [];
    const proxy = createServer(async (request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers['proxy-authorization'] ?? ''}`.trim());
      if (refuse) return void response.writeHead(refuse).end();
      const answer = await fetch(request.url ?? '', { headers: { range: request.headers.range ?? 'bytes=0-' } });
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
