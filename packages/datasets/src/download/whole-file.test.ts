import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { noMount, onTinyDisk } from '../../../core/src/storage/tiny-disk.fixture.ts';
import { CONTENT, Collector, failure, HURRY, pattern, remote, Setting, sha256 } from './downloads.fixture.ts';
import type { DownloadOptions } from './downloads.ts';
import type { TestServer } from './server.fixture.ts';

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

  test('a cache that cannot be a folder is told, with what to set', async () => {
    const at = join(cache, 'file');
    await writeFile(at, '');
    const error = await failure(start({ cache: at }).file(remote(server.serve('/a.bin', CONTENT))));
    expect(error).toMatchObject({ code: 'output-unwritable', hint: expect.stringMatching(/NEURODEX_CACHE/) });
    expect(server.seen).toHaveLength(0);
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
