import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ObjectStore } from './object-store.ts';

/** One implementation under test. */
export interface ObjectStoreCase {
  readonly name: string;
  /** A store with nothing in it, which the caller may fill. Stores of different calls share nothing. */
  open(): Promise<ObjectStore>;
  /** The same place again, as another process would open it. */
  again(store: ObjectStore): Promise<ObjectStore>;
  /** Bytes of the large file, which should be sent in several parts where there are parts. */
  readonly largeBytes: number;
  /** Runs of each property. */
  readonly runs: number;
  /** Why writers at a time are not tested; undefined where they are. */
  readonly noRaces?: string | undefined;
}

const text = (content: string): Uint8Array => new TextEncoder().encode(content);
const KEYS = [
  'a',
  'a b',
  'ab',
  'a.b',
  'A',
  'a%2Fb',
  'ä',
  'b/c',
  'b/c.d',
  'b.c',
  'b/ü/日本',
  'q\'"?#&=+~*<>|\\:',
  '😀/.x',
  '.b',
  'x.',
];

/** Any key that a store should take. */
const anyKey = fc
  .array(
    fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
      .filter((part) => !/[\p{Cc}\p{Cs}/]/u.test(part) && part !== '.' && part !== '..'),
    { minLength: 1, maxLength: 4 },
  )
  .map((parts) => parts.join('/'));

const keysOf = async (store: ObjectStore, prefix: string): Promise<string[]> => {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
};

/** What every store promises. */
export function objectStoreContract({ name, open, again, largeBytes, runs, noRaces }: ObjectStoreCase): void {
  describe(`store ${name}`, () => {
    let folder = '';
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'neurodex-objects-'));
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    const read = async (store: ObjectStore, key: string) => {
      const found = await store.get(key);
      return found === undefined ? undefined : new TextDecoder().decode(found.content);
    };

    test('gives back what was put, tells its size, and forgets what was deleted', async () => {
      const store = await open();
      const put = await store.put('a/b', text('one'));
      expect(put).toEqual({ written: true, etag: expect.any(String) });
      const { etag } = put as { etag: string };
      expect(await store.get('a/b')).toEqual({ content: text('one'), etag });
      expect(await store.stat('a/b')).toEqual({ bytes: 3, etag });
      expect(await read(await again(store), 'a/b')).toBe('one');
      const second = await store.put('a/b', text('two'));
      expect(second).not.toEqual(put);
      expect(await read(store, 'a/b')).toBe('two');
      await store.delete('a/b');
      await store.delete('a/b');
      expect([await store.get('a/b'), await store.stat('a/b')]).toEqual([undefined, undefined]);
      expect(await keysOf(store, '')).toEqual([]);
    });

    test('what is not there is undefined, and no file comes of it', async () => {
      const store = await open();
      await store.put('there', text('x'));
      const path = join(folder, 'absent');
      expect([await store.get('not'), await store.stat('not')]).toEqual([undefined, undefined]);
      expect(await store.get('there/below')).toBeUndefined();
      expect(await store.get('not', { start: 0, end: 1 })).toBeUndefined();
      expect(await store.download('not', path)).toBeUndefined();
      expect(await readdir(folder)).not.toContain('absent');
      await store.delete('not');
    });

    test('empty objects are objects', async () => {
      const store = await open();
      await store.put('empty', new Uint8Array());
      expect((await store.get('empty'))?.content).toEqual(new Uint8Array());
      expect((await store.get('empty', { start: 0, end: 10 }))?.content).toEqual(new Uint8Array());
      expect((await store.stat('empty'))?.bytes).toBe(0);
      expect(await store.put('empty', text('x'), { condition: 'absent' })).toEqual({ written: false });
      const path = join(folder, 'empty');
      expect((await store.download('empty', path))?.bytes).toBe(0);
      expect(await readFile(path)).toHaveLength(0);
      await writeFile(path, '');
      expect(await store.put('of a file', { file: path })).toMatchObject({ written: true });
      expect((await store.stat('of a file'))?.bytes).toBe(0);
    });

    test('reads ranges: as far as the object goes', async () => {
      const store = await open();
      const content = Uint8Array.from({ length: 300 }, (_, i) => i % 256);
      await store.put('bytes', content);
      const etag = (await store.stat('bytes'))?.etag;
      await fc.assert(
        fc.asyncProperty(fc.nat(320), fc.nat(320), async (a, b) => {
          const range = { start: Math.min(a, b), end: Math.max(a, b) };
          const expected = content.slice(range.start, range.end);
          expect(await store.get('bytes', range)).toEqual({ content: expected, etag });
        }),
        {
          numRuns: runs,
          examples: [
            [300, 310],
            [0, 300],
            [299, 320],
            [5, 5],
            [310, 310],
          ],
        },
      );
      for (const range of [
        { start: 2, end: 1 },
        { start: -1, end: 1 },
        { start: 0.5, end: 1 },
        { start: 0, end: Number.NaN },
      ])
        await expect(async () => await store.get('bytes', range)).rejects.toThrow(RangeError);
    });

    test('lists by prefix, in the order of the bytes of the keys', async () => {
      const store = await open();
      for (const key of KEYS) await store.put(key, text(key));
      const sorted = (keys: readonly string[]) =>
        [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(await keysOf(store, '')).toEqual(sorted(KEYS));
      for (const prefix of ['a', 'a%', 'b', 'b/', 'b/c', 'b/c.d', 'b/c.d/', 'ä', 'nothing', '/', '../', 'b//', './a'])
        expect([prefix, await keysOf(store, prefix)]).toEqual([
          prefix,
          sorted(KEYS).filter((key) => key.startsWith(prefix)),
        ]);
      for await (const { key, bytes } of store.list('')) expect(bytes).toBe(text(key).length);
    });

    test('lists many', async () => {
      const store = await open();
      const keys = Array.from({ length: 30 }, (_, i) => `many/${String(i).padStart(4, '0')}`);
      await Promise.all(keys.map((key) => store.put(key, text('x'))));
      expect(await keysOf(store, 'many/')).toEqual(keys);
      // A listing that is left early does no harm.
      for await (const { key } of store.list('many/')) {
        expect(key).toBe(keys[0]);
        break;
      }
    });

    test('takes any key, and keeps each apart from the others', async () => {
      const store = await open();
      for (const key of KEYS) await store.put(key, text(key));
      for (const key of KEYS) expect(await read(store, key)).toBe(key);
      await fc.assert(
        fc.asyncProperty(anyKey, async (key) => {
          const within = `any/${key}`;
          await store.put(within, text(within));
          expect(await read(store, within)).toBe(within);
          expect(await keysOf(store, within)).toContain(within);
          await store.delete(within);
          expect(await store.stat(within)).toBeUndefined();
        }),
        { numRuns: runs },
      );
    });

    test.each([
      '',
      '/',
      'a/',
      '/a',
      'a//b',
      '.',
      '..',
      '../a',
      'a/..',
      'a/../b',
      'a/./b',
      'a\0',
      'a\nb',
      '\ud800',
      'x'.repeat(300),
      'x/'.repeat(400),
    ])('refuses the key %j', async (key) => {
      const store = await open();
      const path = join(folder, 'refused');
      for (const use of [
        () => store.get(key),
        () => store.stat(key),
        () => store.put(key, text('x')),
        () => store.delete(key),
        () => store.download(key, path),
      ])
        await expect(async () => await use()).rejects.toMatchObject({
          code: 'object-key-invalid',
          hint: expect.any(String),
        });
    });

    test('puts under a condition: absent, or as it was', async () => {
      const store = await open();
      const first = await store.put('record', text('1'), { condition: 'absent' });
      expect(first).toMatchObject({ written: true });
      expect(await store.put('record', text('2'), { condition: 'absent' })).toEqual({ written: false });
      expect(await read(store, 'record')).toBe('1');
      const { etag } = first as { etag: string };
      const second = await store.put('record', text('3'), { condition: { etag } });
      expect(second).toMatchObject({ written: true });
      expect(await store.put('record', text('4'), { condition: { etag } })).toEqual({ written: false });
      expect(await store.get('record')).toEqual({ content: text('3'), etag: (second as { etag: string }).etag });
      expect(await store.put('other', text('5'), { condition: { etag } })).toEqual({ written: false });
      await store.delete('record');
      expect(await store.put('record', text('6'), { condition: { etag } })).toEqual({ written: false });
      expect(await store.put('record', text('7'), { condition: 'absent' })).toMatchObject({ written: true });
      expect([await read(store, 'record'), await read(store, 'other')]).toEqual(['7', undefined]);
    });

    const races = `of writers at a time under a condition, exactly one wins${noRaces === undefined ? '' : ` (${noRaces})`}`;
    test.skipIf(noRaces !== undefined)(races, async () => {
      const store = await open();
      const stores = [store, await again(store), await again(store)];
      for (const key of ['race/a', 'race/b']) {
        const put = (condition: 'absent' | { etag: string }) =>
          Promise.all(
            Array.from({ length: 8 }, (_, i) =>
              (stores[i % 3] as ObjectStore).put(key, text(`${key} ${i} ${randomBytes(4).toString('hex')}`), {
                condition,
              }),
            ),
          );
        let winners = (await put('absent')).filter(({ written }) => written);
        for (let round = 0; round < 4; round++) {
          expect(winners).toHaveLength(1);
          const { etag } = winners[0] as { etag: string };
          expect((await store.stat(key))?.etag).toBe(etag);
          winners = (await put({ etag })).filter(({ written }) => written);
        }
      }
    });

    test('a large file comes back as it was', async () => {
      const store = await open();
      const [from, to] = [join(folder, 'large'), join(folder, 'large again')];
      const content = randomBytes(largeBytes);
      await writeFile(from, content);
      await writeFile(to, 'old');
      const put = await store.put('large', { file: from });
      const stat = await store.download('large', to);
      expect(stat).toEqual({ bytes: largeBytes, etag: (put as { etag: string }).etag });
      expect(content.equals(await readFile(to))).toBe(true);
      const range = { start: largeBytes - 1000, end: largeBytes };
      expect(content.subarray(range.start).equals((await store.get('large', range))?.content ?? new Uint8Array())).toBe(
        true,
      );
      await writeFile(from, 'small now');
      await store.put('large', { file: from });
      expect(await read(store, 'large')).toBe('small now');
    });

    test('a file that is not there, or none, is refused by name', async () => {
      const store = await open();
      await expect(store.put('x', { file: join(folder, 'no such file') })).rejects.toMatchObject({
        code: 'source-missing',
      });
      await expect(store.put('x', { file: folder })).rejects.toMatchObject({ code: 'source-unusable' });
      expect(await store.stat('x')).toBeUndefined();
    });
  });
}
