import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentReporter } from '@neurodex/core';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ContentObject, putContent } from '../content.ts';
import type { ObjectStore } from '../object-store.ts';
import { openStore } from '../open-store.ts';
import { TinyS3 } from '../s3/tiny-s3.fixture.ts';
import { runUsers, startUser } from '../store-users.fixture.ts';
import { type CachedObject, ContentCache } from './content-cache.ts';

let folder: string;
let store: ObjectStore;
/** How often each key was downloaded. */
let downloads: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-cache-'));
  const inner = await openStore(join(folder, 'store'), { environment: {}, reporter: silentReporter, create: true });
  downloads = [];
  store = new Proxy(inner, {
    get: (target, name, receiver) => {
      if (name !== 'download') return Reflect.get(target, name, receiver)?.bind?.(target) ?? Reflect.get(target, name);
      return (key: string, path: string) => {
        downloads.push(key);
        return target.download(key, path);
      };
    },
  });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const cacheFolder = () => join(folder, 'cache');
const openCache = (maxBytes = 1e6) => ContentCache.open(cacheFolder(), { maxBytes });
const object = (bytes: number, fill = randomBytes(1)[0]) =>
  putContent(store, Buffer.concat([randomBytes(Math.min(bytes, 16)), Buffer.alloc(Math.max(0, bytes - 16), fill)]));
const held = async () => {
  const sizes = await Promise.all(
    (await readdir(join(cacheFolder(), 'objects'))).map(
      async (name) => (await stat(join(cacheFolder(), 'objects', name))).size,
    ),
  );
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
};
const isThere = ({ sha256 }: ContentObject) => existsSync(join(cacheFolder(), 'objects', sha256));
const pins = () => readdir(join(cacheFolder(), 'pins'));

/** As if it was used so many minutes ago. */
async function age({ sha256 }: ContentObject, minutes: number): Promise<void> {
  const path = join(cacheFolder(), 'objects', sha256);
  const { mtime } = await stat(path);
  await utimes(path, new Date(Date.now() - minutes * 60_000), mtime);
}

describe('a cache of objects', () => {
  it('fetches an object once, and gives its bytes', async () => {
    const one = await object(1000);
    const content = (await store.get(one.key))?.content ?? new Uint8Array();
    for (let i = 0; i < 2; i++) {
      const cache = await openCache();
      for (let j = 0; j < 2; j++) {
        const opened = await cache.open(store, one);
        expect((await readFile(opened.path)).equals(content)).toBe(true);
        await opened.release();
        await opened.release();
      }
    }
    expect(downloads).toEqual([one.key]);
    expect(await pins()).toEqual([]);
  });

  it('takes empty objects, and refuses what is no digest', async () => {
    const cache = await openCache();
    const empty = await putContent(store, new Uint8Array());
    const opened = await cache.open(store, empty);
    expect(await readFile(opened.path)).toHaveLength(0);
    await expect(cache.open(store, { sha256: '../x', bytes: 1 })).rejects.toThrow(RangeError);
  });

  it('fetches it once for all that ask at a time', async () => {
    const one = await object(1000);
    const [a, b] = [await openCache(), await openCache()];
    const opened = await Promise.all(Array.from({ length: 12 }, (_, i) => (i % 2 ? a : b).open(store, one)));
    expect(downloads).toEqual([one.key]);
    expect(new Set(opened.map(({ path }) => path)).size).toBe(1);
    await Promise.all(opened.map(({ release }) => release()));
    expect(await pins()).toEqual([]);
  });

  it.each([
    ['has other bytes', async (path: string) => writeFile(path, Buffer.alloc(1000))],
    ['is shorter', async (path: string) => writeFile(path, (await readFile(path)).subarray(1))],
    ['is empty', async (path: string) => writeFile(path, '')],
    ['is gone', async (path: string) => rm(path)],
  ])('fetches one that %s again, in this process and another', async (_, damage) => {
    const one = await object(1000);
    const cache = await openCache();
    const opened = await cache.open(store, one);
    const content = await readFile(opened.path);
    await opened.release();
    for (const again of [cache, await openCache()]) {
      await damage(opened.path);
      const { path, release } = await again.open(store, one);
      expect((await readFile(path)).equals(content)).toBe(true);
      await release();
    }
    expect(downloads).toHaveLength(3);
  });

  it('says what the store has lost or damaged, and keeps nothing of it', async () => {
    const cache = await openCache();
    const [lost, damaged] = [await object(1000), await object(1000)];
    await store.delete(lost.key);
    await store.put(damaged.key, Buffer.alloc(1000));
    await expect(cache.open(store, lost)).rejects.toMatchObject({ code: 'object-missing' });
    await expect(cache.open(store, damaged)).rejects.toMatchObject({ code: 'object-damaged' });
    expect([await held(), await pins()]).toEqual([0, []]);
    const content = Buffer.alloc(1000, 7);
    const mended = await putContent(store, content);
    const { path } = await cache.open(store, mended);
    expect((await readFile(path)).equals(content)).toBe(true);
  });
});

describe('room in a cache', () => {
  it('is made by what was not used for the longest time', async () => {
    const cache = await openCache(3000);
    const objects = [await object(1000), await object(1000), await object(1000), await object(1000)];
    const [a, b, c, d] = objects as [ContentObject, ContentObject, ContentObject, ContentObject];
    for (const one of [a, b, c]) await (await cache.open(store, one)).release();
    await age(a, 3);
    await age(b, 2);
    await age(c, 1);
    await (await cache.open(store, a)).release();
    await (await cache.open(store, d)).release();
    expect(objects.map(isThere)).toEqual([true, false, true, true]);
    expect(await held()).toBe(3000);
    // Using it has not made it look as if it was changed.
    expect(downloads).toHaveLength(4);
  });

  it('is not made by what is in use, here or by another user of the folder', async () => {
    const [cache, other] = [await openCache(3000), await openCache(3000)];
    const [a, b, c, d] = [await object(1000), await object(1500), await object(1000), await object(1500)];
    const first = await cache.open(store, a);
    const second = await other.open(store, b);
    await age(a, 9);
    await age(b, 9);
    await expect(cache.open(store, c)).rejects.toMatchObject({
      code: 'cache-full',
      message: expect.stringContaining('2500 are of objects in use, and 1000 more are needed'),
    });
    expect([isThere(a), isThere(b), isThere(c)]).toEqual([true, true, false]);
    await second.release();
    const third = await cache.open(store, d);
    expect([isThere(a), isThere(b), isThere(d)]).toEqual([true, false, true]);
    await first.release();
    await third.release();
    expect(await pins()).toEqual([]);
  });

  it('is never enough for an object that is larger', async () => {
    const cache = await openCache(3000);
    const kept = await object(1000);
    await (await cache.open(store, kept)).release();
    await expect(cache.open(store, await object(3001))).rejects.toMatchObject({ code: 'cache-full' });
    expect([downloads.length, isThere(kept)]).toEqual([1, true]);
  });

  it('leaves the files of others alone', async () => {
    const cache = await openCache(1000);
    const foreign = join(cacheFolder(), 'objects', 'notes.txt');
    await writeFile(foreign, 'x'.repeat(5000));
    await (await cache.open(store, await object(1000))).release();
    await (await cache.open(store, await object(900))).release();
    expect(await readFile(foreign, 'utf8')).toHaveLength(5000);
  });

  it('holds whatever is opened and released in whichever order', async () => {
    const objects = await Promise.all([100, 200, 300, 400, 500].map((bytes) => object(bytes)));
    const step = fc.record({ open: fc.nat(4), release: fc.option(fc.nat(9)) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 15 }),
        fc.integer({ min: 500, max: 1500 }),
        async (steps, maxBytes) => {
          await rm(cacheFolder(), { recursive: true, force: true });
          const cache = await openCache(maxBytes);
          const open: { one: ContentObject; use: CachedObject }[] = [];
          for (const { open: i, release } of steps) {
            const one = objects[i] as ContentObject;
            const use = await cache.open(store, one).catch((error: { code: string }) => {
              expect(error.code).toBe('cache-full');
              const inUse = new Set(open.map((each) => each.one));
              const needed = [...inUse].reduce((sum, { bytes }) => sum + bytes, one.bytes);
              expect(needed).toBeGreaterThan(maxBytes);
            });
            if (use !== undefined) open.push({ one, use });
            if (release !== null && open.length > 0) await open.splice(release % open.length, 1)[0]?.use.release();
            expect(await held()).toBeLessThanOrEqual(maxBytes);
            for (const each of open) expect(isThere(each.one)).toBe(true);
          }
          for (const { use } of open) await use.release();
          expect(await pins()).toEqual([]);
        },
      ),
      { numRuns: 20 },
    );
  });
});

describe('a cache of several processes', () => {
  it('fetches an object once, and stays within its bytes', async () => {
    const tiny = await TinyS3.start();
    try {
      const place = 's3://bucket/p';
      const environment = { AWS_ENDPOINT_URL: tiny.address };
      const remote = await openStore(place, { environment, reporter: silentReporter });
      const objects = await Promise.all(Array.from({ length: 6 }, () => putContent(remote, randomBytes(10_000))));
      const task = { kind: 'cache', place, environment, folder: cacheFolder() } as const;
      tiny.requests.length = 0;
      const all = Array.from({ length: 3 }, () => ({ ...task, maxBytes: 60_000, objects }));
      expect(await runUsers(all)).toEqual([6, 6, 6]);
      const keys = objects.map(({ key }) => `GET /bucket/p/${key}`);
      // One look, and one request for the bytes.
      for (const key of keys) expect(tiny.requests.filter((request) => request === key).length).toBeLessThanOrEqual(2);

      const turns = [0, 1, 2].map((turn) => [...objects.slice(turn), ...objects.slice(0, turn)]);
      const little = turns.map((order) => ({ ...task, maxBytes: 35_000, objects: [...order, ...order] }));
      await rm(cacheFolder(), { recursive: true, force: true });
      let largest = 0;
      const watch = setInterval(async () => {
        largest = Math.max(largest, await held().catch(() => 0));
      }, 5);
      expect(await runUsers(little)).toEqual([12, 12, 12]);
      clearInterval(watch);
      expect(largest).toBeGreaterThan(0);
      expect(largest).toBeLessThanOrEqual(35_000);
      expect(await pins()).toEqual([]);
    } finally {
      await tiny.stop();
    }
  }, 120_000);

  it('makes room by what a process had open that was killed', async () => {
    const [a, b] = [await object(1000), await object(1000)];
    const task = { kind: 'cache', place: store.place, environment: {}, folder: cacheFolder() } as const;
    const user = startUser<number>({ ...task, maxBytes: 1500, objects: [a], stays: true });
    expect(await user.answer).toBe(1);
    const cache = await openCache(1500);
    await expect(cache.open(store, b)).rejects.toMatchObject({ code: 'cache-full' });
    const ended = new Promise((resolve) => user.child.once('exit', resolve));
    user.child.kill('SIGKILL');
    await ended;
    await (await cache.open(store, b)).release();
    expect([isThere(a), isThere(b), await pins()]).toEqual([false, true, []]);
  }, 120_000);
});
