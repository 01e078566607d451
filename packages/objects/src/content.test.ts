import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentReporter } from '@neurodex/core';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contentKey, downloadContent, getContent, putContent } from './content.ts';
import type { ObjectStore } from './object-store.ts';
import { openStore } from './open-store.ts';

let folder: string;
let store: ObjectStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-content-'));
  store = await openStore(join(folder, 'store'), { environment: {}, reporter: silentReporter, create: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** FIPS 180-2, B.1. */
const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
const abc = new TextEncoder().encode('abc');

describe('objects that are named by their content', () => {
  it('have the digest in their key, whether bytes or a file', async () => {
    const object = { key: `objects/${ABC}`, sha256: ABC, bytes: 3 };
    expect(await putContent(store, abc)).toEqual(object);
    await store.delete(object.key);
    const path = join(folder, 'abc');
    await writeFile(path, abc);
    expect(await putContent(store, { file: path })).toEqual(object);
    expect(await getContent(store, object)).toEqual(abc);
    await downloadContent(store, object, join(folder, 'again'));
    expect(await readFile(join(folder, 'again'), 'utf8')).toBe('abc');
    expect(await readdir(join(folder, 'store', 'objects'))).toEqual([ABC]);
  });

  it('come back as they were', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (content) => {
        const object = await putContent(store, content);
        expect(object.sha256).toBe(createHash('sha256').update(content).digest('hex'));
        expect(await getContent(store, object)).toEqual(content);
      }),
      { numRuns: 30 },
    );
  });

  it('are not sent again where one of their size is there, and are where one of another size is', async () => {
    const { key } = await putContent(store, abc);
    const { etag } = (await store.stat(key)) ?? {};
    await putContent(store, abc);
    expect((await store.stat(key))?.etag).toBe(etag);
    await store.put(key, new Uint8Array(2));
    await putContent(store, abc);
    expect((await store.get(key))?.content).toEqual(abc);
  });

  it.each([
    ['one bit is another', Buffer.from('abb'), /its bytes are others/],
    ['it is shorter', Buffer.from('ab'), /has 2 bytes instead of 3/],
    ['it is empty', Buffer.alloc(0), /has 0 bytes instead of 3/],
    ['it is longer', Buffer.from('abcd'), /has 4 bytes instead of 3/],
  ])('are damaged where %s, and no file comes of it', async (_, content, why) => {
    const object = await putContent(store, abc);
    await store.put(object.key, content);
    const path = join(folder, 'copy');
    for (const use of [() => getContent(store, object), () => downloadContent(store, object, path)])
      await expect(use()).rejects.toMatchObject({
        code: 'object-damaged',
        message: expect.stringMatching(why),
        details: { key: object.key },
      });
    expect(await readdir(folder)).toEqual(['store']);
  });

  it('are missing where they are lost', async () => {
    const object = await putContent(store, abc);
    await store.delete(object.key);
    const path = join(folder, 'copy');
    for (const use of [() => getContent(store, object), () => downloadContent(store, object, path)])
      await expect(use()).rejects.toMatchObject({ code: 'object-missing', details: { key: object.key } });
    expect(await readdir(folder)).toEqual(['store']);
  });

  it('have no other names', () => {
    for (const sha256 of ['', ABC.slice(1), ABC.toUpperCase(), `../${ABC}`, `${ABC}\n`])
      expect(() => contentKey(sha256)).toThrow(RangeError);
  });
});
