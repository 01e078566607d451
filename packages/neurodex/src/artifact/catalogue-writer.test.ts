import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetMetadata } from 'hyparquet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CatalogueWriter, SHARD_LIMITS, type ShardLimits } from './catalogue-writer.ts';
import { type ShardRow, ShardWriter } from './shard.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'neurodex-writer-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const row = (i: number, thumbnail = 100, vector?: number): Omit<ShardRow, 'row'> => ({
  path: `${i}`,
  labels: [],
  role: 'catalogue',
  identifier: `${i}`,
  thumbnail: new Uint8Array(thumbnail).fill(i),
  ...(vector === undefined ? {} : { vectors: { v: new Float32Array(vector) } }),
});
const ABOUT = { hasClasses: false, notices: [], skipped: [] };

/** @returns rows of each row group, shard by shard */
async function groupsOf(rows: readonly Omit<ShardRow, 'row'>[], limits: Partial<ShardLimits>): Promise<number[][]> {
  const at = mkdtempSync(join(folder, 'limits-'));
  const writer = await CatalogueWriter.create(at, 1, { ...SHARD_LIMITS, ...limits });
  if (rows.some(({ vectors }) => vectors !== undefined)) {
    writer.declareVectors({ v: { length: 10, producer: 'a1'.repeat(32) } });
  }
  for (const each of rows) {
    await writer.appendPixels(Uint8Array.of(1, 2, 3));
    await writer.appendRow(each);
  }
  const { shards } = await writer.finish(ABOUT);
  return shards.map(({ file, rows: listed }) => {
    const metadata = parquetMetadata(new Uint8Array(readFileSync(join(at, file))).buffer);
    const groups = metadata.row_groups.map(({ num_rows }) => Number(num_rows));
    expect(groups.reduce((sum, each) => sum + each, 0)).toBe(listed);
    return groups;
  });
}
const rows = (n: number, ...more: number[]) => Array.from({ length: n }, (_, i) => row(i, ...more));

describe('a row group is full', () => {
  it('when it has as many rows as it may', async () => {
    expect(await groupsOf(rows(5), { groupRows: 2 })).toEqual([[2, 2, 1]]);
    expect(await groupsOf(rows(4), { groupRows: 2 })).toEqual([[2, 2]]);
  });

  it('when another row would be more bytes: those of the thumbnail, of the vectors, and 512', async () => {
    expect(await groupsOf(rows(4), { groupBytes: 2 * 612 })).toEqual([[2, 2]]);
    expect(await groupsOf(rows(4), { groupBytes: 2 * 612 - 1 })).toEqual([[1, 1, 1, 1]]);
    expect(await groupsOf(rows(4, 100, 10), { groupBytes: 2 * 652 })).toEqual([[2, 2]]);
    expect(await groupsOf(rows(4, 100, 10), { groupBytes: 2 * 652 - 1 })).toEqual([[1, 1, 1, 1]]);
  });

  it('when a single row is too large', async () => {
    expect(await groupsOf([row(0, 900), row(1, 10), row(2, 10)], { groupBytes: 1100 })).toEqual([[1, 2]]);
  });
});

describe('a shard is full', () => {
  it('when another group would be more rows than it may have', async () => {
    expect(await groupsOf(rows(6), { groupRows: 2, shardRows: 4 })).toEqual([[2, 2], [2]]);
    expect(await groupsOf(rows(6), { groupRows: 2, shardRows: 3 })).toEqual([[2], [2], [2]]);
    expect(await groupsOf(rows(3), { groupRows: 2, shardRows: 1 })).toEqual([[2], [1]]);
  });

  it('when another group would be more bytes than it may have', async () => {
    const alone = await ShardWriter.create(join(folder, 'alone.parquet'));
    await alone.writeRowGroup(rows(2).map((each, i) => ({ ...each, row: i })));
    const { bytes } = alone;
    await alone.close();
    const limits = (shardBytes: number) => ({ groupRows: 2, shardBytes });
    expect(await groupsOf(rows(4), limits(bytes + 2 * 612))).toEqual([[2, 2]]);
    expect(await groupsOf(rows(4), limits(bytes + 2 * 612 - 1))).toEqual([[2], [2]]);
  });
});

it('says what it wrote, and nothing of what there is not', async () => {
  const writer = await CatalogueWriter.create(join(folder, 'new', 'catalogue'), 1);
  await writer.appendPixels(Uint8Array.of(1, 2, 3));
  await writer.appendRow(row(0));
  const manifest = await writer.finish(ABOUT);
  await writer.close();
  expect(Object.keys(manifest)).toEqual([
    'format',
    'version',
    'size',
    'rows',
    'hasClasses',
    'shards',
    'pixels',
    'notices',
    'skipped',
  ]);
  expect(manifest).toMatchObject({
    format: 'neurodex-catalogue',
    version: 3,
    size: 1,
    rows: 1,
    hasClasses: false,
    shards: [{ file: 'part-00000.parquet', rows: 1 }],
    // SHA-256 of the bytes 1, 2, 3.
    pixels: {
      file: 'pixels.u8',
      bytes: 3,
      sha256: '039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81',
    },
  });
  const written = JSON.parse(readFileSync(join(folder, 'new', 'catalogue', 'catalogue.json'), 'utf8'));
  expect(written).toEqual(manifest);
});

it('passes on what it is told about the catalogue', async () => {
  const writer = await CatalogueWriter.create(folder, 1);
  const vectors = { v: { length: 10, producer: 'a1'.repeat(32) } };
  writer.declareVectors(vectors);
  await writer.appendPixels(Uint8Array.of(1, 2, 3));
  await writer.appendRow(row(0, 100, 10));
  const about = {
    hasClasses: true,
    notices: [{ work: 'w', author: 'a', licence: 'l', url: 'u' }],
    skipped: [{ path: 'p', reason: 'r' }],
    duplicates: { sets: 1, copies: 1, differentLabels: 0, leftOut: 0, acrossSplits: 0, examples: [] },
    embeddings: {
      file: 'e',
      bytes: 4,
      sha256: 'a1'.repeat(32),
      chunks: '',
      tokens: 1,
      channels: 1,
      views: 0,
      encoder: 'a1'.repeat(32),
    },
  };
  expect(await writer.finish(about)).toMatchObject({ ...about, vectors });
});

describe('it refuses', () => {
  const refusal = (words: string) => new RangeError(words);

  it('pixels of another size', async () => {
    const writer = await CatalogueWriter.create(folder, 2);
    for (const bytes of [11, 13]) {
      await expect(writer.appendPixels(new Uint8Array(bytes))).rejects.toThrow(
        refusal(`a picture of size 2 has 12 bytes, not ${bytes}`),
      );
    }
    await writer.close();
  });

  it('more rows than pixels, and more pixels than rows', async () => {
    const writer = await CatalogueWriter.create(folder, 1);
    await writer.appendRow(row(0));
    await expect(writer.finish(ABOUT)).rejects.toThrow(refusal('1 rows, but pixels of 0'));
    for (let i = 0; i < 2; i++) await writer.appendPixels(new Uint8Array(3));
    await expect(writer.finish(ABOUT)).rejects.toThrow(refusal('1 rows, but pixels of 2'));
    await writer.close();
    expect(existsSync(join(folder, 'catalogue.json'))).toBe(false);
  });

  it('vectors that are declared behind a row', async () => {
    const writer = await CatalogueWriter.create(folder, 1);
    await writer.appendRow(row(0));
    expect(() => writer.declareVectors({})).toThrow(refusal('vectors are declared before the first row'));
    await writer.close();
  });
});

it('writes no more once it is closed', async () => {
  const pixels = await CatalogueWriter.create(folder, 1);
  await pixels.appendPixels(new Uint8Array(3));
  await pixels.appendRow(row(0));
  await pixels.close();
  await expect(pixels.finish(ABOUT)).rejects.toThrow();
  // The first of two groups was written: its shard is open.
  const digest = { bytes: 6, sha256: 'b2'.repeat(32), chunks: Buffer.alloc(32).toString('base64') };
  const at = mkdtempSync(join(folder, 'shards-'));
  const shards = CatalogueWriter.over(at, 1, { rows: 2, digest }, { ...SHARD_LIMITS, groupRows: 1 });
  for (let i = 0; i < 2; i++) await shards.appendRow(row(i));
  await shards.close();
  await expect(shards.finish(ABOUT)).rejects.toThrow();
  expect(existsSync(join(at, 'catalogue.json'))).toBe(false);
});

describe('over pixels that are complete', () => {
  const digest = { bytes: 3, sha256: 'b2'.repeat(32), chunks: Buffer.alloc(32).toString('base64') };

  it('it writes the rows, and lists the digest that it was given', async () => {
    const limits = { ...SHARD_LIMITS, groupRows: 1, shardRows: 1 };
    const writer = CatalogueWriter.over(folder, 1, { rows: 2, digest }, limits);
    await writer.appendRow(row(0));
    await writer.appendRow(row(1));
    const { pixels, shards } = await writer.finish(ABOUT);
    expect(pixels).toEqual({ file: 'pixels.u8', ...digest });
    expect(shards.map(({ file }) => file)).toEqual(['part-00000.parquet', 'part-00001.parquet']);
    expect(existsSync(join(folder, 'pixels.u8'))).toBe(false);
  });

  it('it takes no more of them, and wants a row for each', async () => {
    const writer = CatalogueWriter.over(folder, 1, { rows: 1, digest });
    await expect(writer.appendPixels(new Uint8Array(3))).rejects.toThrow('the pixels of this folder are complete');
    await expect(writer.finish(ABOUT)).rejects.toThrow('0 rows, but pixels of 1');
    await writer.close();
  });
});
