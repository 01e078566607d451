import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Collector, failure, pattern, remote, Setting } from './downloads.fixture.ts';
import type { DownloadOptions } from './downloads.ts';
import { TestServer } from './server.fixture.ts';

let setting: Setting;
let server: TestServer;
beforeEach(async () => {
  setting = await Setting.open();
  server = setting.server;
});
afterEach(() => setting.close());
const start = (options: Partial<DownloadOptions> = {}) => setting.start(options);
const kept = () => setting.kept();

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
