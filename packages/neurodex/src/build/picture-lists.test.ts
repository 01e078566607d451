import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FINGERPRINT_LENGTH } from '../pictures/fingerprint.ts';
import type { StoredPicture } from '../pictures/picture-store.ts';
import {
  DECODED_LIST,
  type DecodedEntry,
  DecodedListWriter,
  digestAt,
  readDecodedList,
  readSplitList,
  spanAt,
  spansOf,
  writeSplitList,
} from './picture-lists.ts';

let folders: { catalogue: string; work: string };
beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'picture-lists-'));
  folders = { catalogue: join(folder, 'catalogue'), work: join(folder, 'work') };
  await mkdir(folders.work);
});
afterEach(() => rm(join(folders.work, '..'), { recursive: true }));

const entries: readonly DecodedEntry[] = [
  {
    picture: { path: 'a.png', labels: ['cat', 'grey'], captions: ['A cat.'], role: 'test' },
    keys: {
      ...{ file: 'f1', pixels: 'p1', fingerprint: Uint8Array.from({ length: FINGERPRINT_LENGTH }, (_, i) => i) },
      ...{ edge: 20, width: 30, height: 20, bytes: 1000, format: 'JPEG' },
    },
    thumbnail: 10,
  },
  {
    picture: { path: 'b\n.png', labels: [] },
    keys: {
      ...{ file: 'f2', pixels: 'p2', fingerprint: new Uint8Array(FINGERPRINT_LENGTH).fill(255) },
      ...{ edge: 8, width: null, height: null, bytes: null, format: null },
    },
    thumbnail: 7,
  },
];

async function written() {
  const writer = await DecodedListWriter.create(folders);
  for (const entry of entries) await writer.append(entry);
  return { count: entries.length, list: await writer.finish() };
}

describe('the list of decoded pictures', () => {
  it('gives back what is known of each, and where its thumbnail lies', async () => {
    const { pictures, keys, thumbnails } = await readDecodedList(folders, await written());
    expect(pictures).toEqual(entries.map(({ picture }) => picture));
    expect(keys).toEqual(entries.map((entry) => entry.keys));
    expect([spanAt(thumbnails, 0), spanAt(thumbnails, 1)]).toEqual([
      [0, 10],
      [10, 17],
    ]);
    expect(() => spanAt(thumbnails, 2)).toThrow('the start of a thumbnail');
  });

  it('is refused where it has changed', async () => {
    const set = await written();
    const file = join(folders.work, DECODED_LIST);
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('cat', 'dog'));
    await expect(readDecodedList(folders, set)).rejects.toMatchObject({ code: 'index-damaged', details: { file } });
  });
});

describe('the list of pictures with their roles', () => {
  it('gives back the rows that stay, with their thumbnails', async () => {
    const rows: StoredPicture[] = [
      { row: 0, id: 0, path: 'b.png', labels: ['x'], role: 'catalogue' },
      { row: 1, id: 1, path: 'c.png', labels: [], captions: ['It is c.'], role: 'validation' },
    ];
    const all = Float64Array.of(0, 10, 10, 17, 17, 30);
    const thumbnails = spansOf(all, [1, 2]);
    const digests = Uint8Array.from({ length: 64 }, (_, i) => 200 + i);
    const metadata = [undefined, { taken: 1_714_979_289_120, takenOffset: 120, keywords: ['sea'] }];
    const list = await writeSplitList(folders, { rows, thumbnails, digests, metadata });
    const read = await readSplitList(folders, { list, count: 2 });
    expect(read.rows).toEqual(rows);
    expect(read.metadata).toEqual(metadata);
    expect([...read.thumbnails]).toEqual([10, 17, 17, 30]);
    expect([...read.digests]).toEqual([...digests]);
    expect(digestAt(read.digests, 1)).toBe(Buffer.from(digests.subarray(32)).toString('hex'));
  });
});
