import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentReporter } from '@neurodex/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ObjectStore } from '../object-store.ts';
import { openStore } from '../open-store.ts';

const noLinks = vi.hoisted(() => ({ value: false }));
vi.mock('node:fs/promises', async (importOriginal) => {
  const real = await importOriginal<typeof import('node:fs/promises')>();
  return {
    ...real,
    link: (...paths: Parameters<typeof real.link>) =>
      noLinks.value ? Promise.reject(Object.assign(new Error('no links'), { code: 'EPERM' })) : real.link(...paths),
  };
});

let folder: string;
let place: string;
const open = (options = {}): Promise<ObjectStore> =>
  openStore(place, { environment: {}, reporter: silentReporter, ...options });
const text = (content: string) => new TextEncoder().encode(content);
const keysOf = async (store: ObjectStore) => {
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  return keys;
};
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-folder-'));
  place = join(folder, 'store');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a folder that is not there', () => {
  it('is missing to who reads, and made by who puts or says so', async () => {
    const store = await open();
    for (const use of [() => store.get('a'), () => store.stat('a'), () => keysOf(store), () => store.delete('a')])
      await expect(use()).rejects.toMatchObject({ code: 'store-missing', hint: expect.any(String) });
    await store.put('a', text('x'));
    expect(await keysOf(store)).toEqual(['a']);
    await rm(place, { recursive: true });
    expect(await keysOf(await open({ create: true }))).toEqual([]);
  });

  it('is missing too where a file is', async () => {
    await writeFile(place, 'x');
    const store = await open();
    await expect(store.get('a')).rejects.toMatchObject({ code: 'store-missing' });
    await expect(store.put('a', text('x'))).rejects.toMatchObject({ code: 'output-unwritable' });
  });

  it('is no address of another kind', async () => {
    await expect(openStore('gs://bucket', { environment: {}, reporter: silentReporter })).rejects.toMatchObject({
      code: 'usage',
      hint: expect.stringContaining('s3://bucket'),
    });
  });
});

describe('what else is in a folder', () => {
  it('is no object: links, pipes, names that no key gives', async () => {
    const store = await open();
    await store.put('a', text('x'));
    await writeFile(join(folder, 'secret'), 'secret');
    await symlink(join(folder, 'secret'), join(place, 'link'));
    await writeFile(join(place, '.DS_Store'), '');
    await writeFile(join(place, 'with blank'), '');
    await mkdir(join(place, 'empty'));
    execFileSync('mkfifo', [join(place, 'pipe')]);
    expect(await keysOf(store)).toEqual(['a']);
    for (const key of ['link', 'pipe']) await expect(store.get(key)).rejects.toMatchObject({ code: 'store-refused' });
    expect(await store.get('empty')).toBeUndefined();
  });

  it('a key below an object, or one that others are below, is refused', async () => {
    const store = await open();
    await store.put('a', text('x'));
    await store.put('b/c', text('y'));
    await expect(store.put('a/b', text('z'))).rejects.toMatchObject({ code: 'output-unwritable' });
    await expect(store.put('b', text('z'))).rejects.toMatchObject({ code: 'store-refused' });
    await expect(store.put('b', text('z'), { condition: 'absent' })).rejects.toMatchObject({
      code: 'store-refused',
      message: expect.stringContaining('no object below another'),
    });
    expect(await keysOf(store)).toEqual(['a', 'b/c']);
  });

  it.each([undefined, 'absent'] as const)(
    'a key whose objects below were deleted is free (condition %s)',
    async (condition) => {
      const store = await open();
      await store.put('b/c/d', text('x'));
      await store.put('b/e', text('y'));
      await store.delete('b/c/d');
      await store.delete('b/e');
      expect(await store.put('b', text('z'), condition === undefined ? {} : { condition })).toMatchObject({
        written: true,
      });
      expect(await keysOf(store)).toEqual(['b']);
    },
  );

  it('puts below a key stay whole while others put the key and delete it', async () => {
    const store = await open();
    for (let i = 0; i < 30; i++) {
      const puts = ['b', 'b/c', 'b/c/d', 'b/e'].map((key) => store.put(key, text(key)));
      await Promise.allSettled(puts);
      const keys = await keysOf(store);
      expect(keys.length).toBeGreaterThan(0);
      for (const key of keys) expect(new TextDecoder().decode((await store.get(key))?.content)).toBe(key);
      for (const key of keys) await store.delete(key);
    }
  });

  it('parts of a put that was killed are removed by the next who opens it', async () => {
    const store = await open();
    await store.put('a', text('x'));
    const left = join(place, '.partial', 'put.partial-1-abcdef');
    await mkdir(left);
    const gone = { pid: 2 ** 22 + 1, host: (await import('node:os')).hostname(), since: '2026', token: 't' };
    await writeFile(join(left, 'lock'), JSON.stringify(gone));
    await writeFile(join(left, 'content'), 'half');
    await open();
    expect(await readdir(join(place, '.partial'))).toEqual([]);
  });

  it.skipIf(process.getuid?.() === 0)('what may not be read is denied', async () => {
    const store = await open();
    await store.put('a', text('x'));
    await chmod(join(place, 'a'), 0);
    await expect(store.get('a')).rejects.toMatchObject({ code: 'store-denied' });
  });
});

describe('a file system without hard links', () => {
  beforeEach(() => {
    noLinks.value = true;
  });
  afterEach(() => {
    noLinks.value = false;
  });

  it('keeps to conditions by a lock', async () => {
    const store = await open();
    for (const key of ['a', 'b/c']) {
      const puts = await Promise.all(
        Array.from({ length: 8 }, (_, i) => store.put(key, text(`${i}`), { condition: 'absent' })),
      );
      expect(puts.filter(({ written }) => written)).toHaveLength(1);
      const winner = puts.findIndex(({ written }) => written);
      expect(await readFile(join(place, key), 'utf8')).toBe(`${winner}`);
    }
  });
});

it('a signal that was given ends whatever is asked', async () => {
  const stop = new AbortController();
  const store = await open({ signal: stop.signal, create: true });
  await store.put('a', text('x'));
  stop.abort();
  for (const use of [
    () => store.get('a'),
    () => store.put('b', text('x')),
    () => keysOf(store),
    () => store.delete('a'),
  ])
    await expect(use()).rejects.toMatchObject({ code: 'interrupted' });
});
