import { mkdir, mkdtemp, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NeurodexError } from '@neurodex/core';
import type { Dataset, SourcePicture } from '@neurodex/datasets';
import { openFolder, openJsonl } from '@neurodex/datasets';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fingerprintOf, otherDataset } from './fingerprint.ts';

const dataset = (pictures: number, read: (i: number) => Promise<Uint8Array>, source = '/pictures'): Dataset => ({
  name: 'folder',
  source,
  notices: [],
  skipped: [],
  pictures: Array.from({ length: pictures }, (_, i) => ({ path: `${i}.png`, labels: [], read: () => read(i) })),
});
const sound = async (i: number) => Uint8Array.of(i % 256, i >> 8);

describe('the fingerprint of a data set', () => {
  it('is of every picture, and names what was added, removed and changed', async () => {
    const before = await fingerprintOf(dataset(1000, sound));
    expect(otherDataset(before, await fingerprintOf(dataset(1000, sound, '/elsewhere/pictures')))).toBeUndefined();
    // One byte of one picture of a thousand.
    const one = await fingerprintOf(dataset(1000, async (i) => (i === 501 ? Uint8Array.of(9) : sound(i))));
    expect(otherDataset(before, one)).toBe('pictures: 1 changed (501.png)');
    expect(otherDataset(before, await fingerprintOf(dataset(998, sound)))).toBe(
      'pictures: 2 removed (998.png, 999.png)',
    );
    expect(otherDataset(await fingerprintOf(dataset(995, sound)), before)).toBe(
      'pictures: 5 added (995.png, 996.png, 997.png, …)',
    );
  });

  it('is of what is said of a picture as well', async () => {
    const plain = dataset(3, sound);
    const before = await fingerprintOf(plain);
    const [first, ...others] = plain.pictures;
    for (const said of [
      { labels: ['cat'] },
      { captions: ['A cat.'] },
      { role: 'test' as const },
      { objects: [{ category: 'cat', box: [0, 0, 1, 1] as const, area: 1, crowd: false }] },
    ]) {
      const now = await fingerprintOf({ ...plain, pictures: [{ ...(first as SourcePicture), ...said }, ...others] });
      expect(otherDataset(before, now)).toBe('pictures: 1 changed (0.png)');
    }
  });

  it('tells a picture that could not be read from one that can', async () => {
    const broken = await fingerprintOf(
      dataset(5, async (i) => {
        if (i === 0) throw new NeurodexError('picture-missing', '0.png is not there');
        return sound(i);
      }),
    );
    expect(otherDataset(broken, await fingerprintOf(dataset(5, sound)))).toBe('pictures: 1 changed (0.png)');
  });

  it('of a remote one is what its publisher says of the files: no picture is read', async () => {
    const remote = (version: string): Dataset => ({
      ...dataset(9, () => Promise.reject(new Error('was read'))),
      remote: true,
      inputs: async () => [{ name: 'train.parquet', version }],
    });
    const before = await fingerprintOf(remote('a'));
    expect(otherDataset(before, await fingerprintOf(remote('a')))).toBeUndefined();
    expect(otherDataset(before, await fingerprintOf(remote('b')))).toBe('pictures: 1 changed (train.parquet)');
  });
});

describe('of files', () => {
  let root = '';
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'neurodex-fingerprint-'));
    for (const name of ['cat/1.png', 'cat/2.png', 'dog/1.png']) {
      await mkdir(join(root, 'photos', name, '..'), { recursive: true });
      await writeFile(join(root, 'photos', name), `picture ${name}`);
    }
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it('in a folder sees a change that leaves size and time as they were, and a file that was moved', async () => {
    const photos = join(root, 'photos');
    const fingerprint = async () => fingerprintOf(await openFolder(photos));
    const before = await fingerprint();
    const file = join(photos, 'cat', '1.png');
    const { atime, mtime } = await stat(file);
    await writeFile(file, (await readFile(file, 'utf8')).replace('1', '7'));
    await utimes(file, atime, mtime);
    expect(otherDataset(before, await fingerprint())).toBe('photos: 1 changed (cat/1.png)');
    await writeFile(file, 'picture cat/1.png');
    expect(otherDataset(before, await fingerprint())).toBeUndefined();
    await rename(join(photos, 'cat', '2.png'), join(photos, 'dog', '2.png'));
    expect(otherDataset(before, await fingerprint())).toBe('photos: 1 added (dog/2.png), 1 removed (cat/2.png)');
    await rename(photos, join(root, 'moved'));
    await rename(join(root, 'moved', 'dog', '2.png'), join(root, 'moved', 'cat', '2.png'));
    expect(otherDataset(before, await fingerprintOf(await openFolder(join(root, 'moved'))))).toBeUndefined();
  });

  it('in JSON lines sees a picture outside of the list that is named by it', async () => {
    const list = join(root, 'list.jsonl');
    await writeFile(
      list,
      '{"picture": "photos/cat/1.png", "label": "cat"}\n{"picture": "photos/dog/1.png", "label": "dog"}\n',
    );
    const fingerprint = async () => fingerprintOf(await openJsonl(list));
    const before = await fingerprint();
    await writeFile(join(root, 'photos', 'cat', '2.png'), 'not in the list');
    expect(otherDataset(before, await fingerprint())).toBeUndefined();
    await writeFile(join(root, 'photos', 'dog', '1.png'), 'another dog');
    expect(otherDataset(before, await fingerprint())).toBe('list.jsonl: 1 changed (photos/dog/1.png)');
  });
});
