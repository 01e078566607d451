import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetMetadata } from 'hyparquet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readManifest, writeManifest } from './catalogue-manifest.ts';
import { PART_LIMITS, type PartLimits, partColumns } from './catalogue-writer.ts';
import { catalogueIn, tableAt } from './disk-target.ts';
import type { CatalogueRow } from './part-writer.ts';
import { sourceDigest } from './small-catalogue.fixture.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'neurodex-writer-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const VECTORS = { v: { length: 10, producer: 'a1'.repeat(32) } };
const row = (i: number, thumbnail = 100, vector?: number): CatalogueRow => ({
  id: i,
  path: `${i}`,
  labels: [],
  role: 'catalogue',
  identifier: `${i}`,
  sha256: sourceDigest(i),
  thumbnail: new Uint8Array(thumbnail).fill(i),
  ...(vector === undefined ? {} : { vectors: { v: new Float32Array(vector) } }),
  column: async () => Uint8Array.of(1, 2, 3),
});
const ABOUT = { hasClasses: false, givenRoles: false, notices: [], skipped: [] };

/** @returns rows of each row group, part by part */
async function groupsOf(rows: readonly CatalogueRow[], limits: Partial<PartLimits>): Promise<number[][]> {
  const at = mkdtempSync(join(folder, 'limits-'));
  const layout = { size: 1, ...(rows.some(({ vectors }) => vectors !== undefined) ? { vectors: VECTORS } : {}) };
  const writer = await catalogueIn(at, layout, { ...PART_LIMITS, ...limits });
  for (const each of rows) await writer.append(each);
  const { parts } = await writer.finish(ABOUT);
  return parts.map(({ pictures, pixels, rows: listed }) => {
    const metadata = parquetMetadata(new Uint8Array(readFileSync(join(at, pictures.file))).buffer);
    const groups = metadata.row_groups.map(({ num_rows }) => Number(num_rows));
    expect(groups.reduce((sum, each) => sum + each, 0)).toBe(listed);
    expect(pixels.bytes).toBe(3 * listed);
    return groups;
  });
}
const rows = (n: number, ...more: number[]) => Array.from({ length: n }, (_, i) => row(i, ...more));

describe('a row group is full', () => {
  it('when it has as many rows as it may', async () => {
    expect(await groupsOf(rows(5), { groupRows: 2 })).toEqual([[2, 2, 1]]);
    expect(await groupsOf(rows(4), { groupRows: 2 })).toEqual([[2, 2]]);
  });

  it('when another row would be more bytes: those of the thumbnail, of the vectors, and 768', async () => {
    expect(await groupsOf(rows(4), { groupBytes: 2 * 868 })).toEqual([[2, 2]]);
    expect(await groupsOf(rows(4), { groupBytes: 2 * 868 - 1 })).toEqual([[1, 1, 1, 1]]);
    expect(await groupsOf(rows(4, 100, 10), { groupBytes: 2 * 908 })).toEqual([[2, 2]]);
    expect(await groupsOf(rows(4, 100, 10), { groupBytes: 2 * 908 - 1 })).toEqual([[1, 1, 1, 1]]);
  });

  it('when a single row is too large', async () => {
    expect(await groupsOf([row(0, 900), row(1, 10), row(2, 10)], { groupBytes: 1600 })).toEqual([[1, 2]]);
  });
});

describe('a part is full', () => {
  it('when another group would be more rows than it may have', async () => {
    expect(await groupsOf(rows(6), { groupRows: 2, partRows: 4 })).toEqual([[2, 2], [2]]);
    expect(await groupsOf(rows(6), { groupRows: 2, partRows: 3 })).toEqual([[2], [2], [2]]);
    expect(await groupsOf(rows(3), { groupRows: 2, partRows: 1 })).toEqual([[2], [1]]);
  });

  it('when another group would be more bytes than it may have', async () => {
    const alone = await tableAt(join(folder, 'alone.parquet'));
    await alone.writeRowGroup(rows(2));
    const { bytes } = alone;
    await alone.close();
    const limits = (partBytes: number) => ({ groupRows: 2, partBytes });
    expect(await groupsOf(rows(4), limits(bytes + 2 * 868))).toEqual([[2, 2]]);
    expect(await groupsOf(rows(4), limits(bytes + 2 * 868 - 1))).toEqual([[2], [2]]);
  });
});

it('says what it wrote, and nothing of what there is not', async () => {
  const writer = await catalogueIn(join(folder, 'new', 'catalogue'), { size: 1 });
  await writer.append(row(4));
  await writer.append(row(9));
  const manifest = await writer.finish(ABOUT);
  await writer.close();
  expect(Object.keys(manifest)).toEqual([
    'format',
    'version',
    'size',
    'rows',
    'builtIds',
    'learnedIds',
    'hasClasses',
    'givenRoles',
    'parts',
    'notices',
    'skipped',
  ]);
  const sha256 = createHash('sha256')
    .update(Uint8Array.of(1, 2, 3, 1, 2, 3))
    .digest('hex');
  expect(manifest).toMatchObject({
    format: 'neurodex-catalogue',
    version: 4,
    size: 1,
    rows: 2,
    builtIds: 10,
    learnedIds: 10,
    hasClasses: false,
    givenRoles: false,
    parts: [
      {
        first: 4,
        last: 9,
        rows: 2,
        pictures: { file: expect.stringMatching(/^part-0000000004-[0-9a-f]{12}\.parquet$/) },
        pixels: { file: `part-0000000004-${sha256.slice(0, 12)}.pixels.u8`, bytes: 6, sha256 },
      },
    ],
  });
  const written = JSON.parse(readFileSync(join(folder, 'new', 'catalogue', 'catalogue.json'), 'utf8'));
  expect(written).toEqual(manifest);
});

it('passes on what it is told about the catalogue', async () => {
  const layout = {
    size: 1,
    vectors: VECTORS,
    embeddings: { tokens: 1, channels: 1, views: 0, encoder: 'a1'.repeat(32) },
    states: { width: 2 },
    clusters: { branching: 4, leafSize: 2, zeroPadding: true },
  };
  const writer = await catalogueIn(folder, layout);
  const bytes = { pixels: 3, embeddings: 4, states: 8 };
  await writer.append({ ...row(0, 100, 10), cluster: '1', column: async (name) => new Uint8Array(bytes[name]) });
  const about = {
    hasClasses: true,
    givenRoles: true,
    notices: [{ work: 'w', author: 'a', licence: 'l', url: 'u' }],
    skipped: [{ path: 'p', reason: 'r' }],
    duplicates: { sets: 1, copies: 1, differentLabels: 0, leftOut: 0, acrossSplits: 0, examples: [] },
  };
  const manifest = await writer.finish(about);
  expect(manifest).toMatchObject({ ...about, ...layout });
  expect(manifest.parts[0]).toMatchObject({ embeddings: { bytes: 4 }, states: { bytes: 8 } });
  expect(partColumns(layout)).toEqual({ vectors: VECTORS, columns: bytes });
  expect(await readManifest(folder)).toEqual(manifest);
});

it('describes a catalogue without writing its manifest, for whoever puts it in the place of another', async () => {
  const writer = await catalogueIn(folder, { size: 1 });
  for (const id of [0, 7]) await writer.append(row(id));
  const described = await writer.describe({ ...ABOUT, learnedIds: 3 });
  expect(described).toMatchObject({ rows: 2, builtIds: 8, learnedIds: 3 });
  expect(existsSync(join(folder, 'catalogue.json'))).toBe(false);
  await writeManifest(folder, described);
  expect(await readManifest(folder)).toEqual(described);
});

it('of no pictures is a manifest alone', async () => {
  const writer = await catalogueIn(folder, { size: 1 });
  expect(await writer.finish(ABOUT)).toMatchObject({ rows: 0, builtIds: 0, learnedIds: 0, parts: [] });
  expect(readdirSync(folder)).toEqual(['catalogue.json']);
});

describe('it refuses', () => {
  const refusal = (words: string) => new RangeError(words);

  it('pixels of another size', async () => {
    for (const bytes of [11, 13]) {
      const writer = await catalogueIn(folder, { size: 2 });
      await writer.append({ ...row(0), column: async () => new Uint8Array(bytes) });
      await expect(writer.finish(ABOUT)).rejects.toThrow(refusal(`${bytes} bytes of pixels, not 12`));
      await writer.close();
    }
    expect(existsSync(join(folder, 'catalogue.json'))).toBe(false);
  });

  it('a picture whose number does not rise', async () => {
    const writer = await catalogueIn(folder, { size: 1 });
    for (const id of [3, 3]) await writer.append(row(id));
    await expect(writer.finish(ABOUT)).rejects.toThrow(refusal('picture 3 after picture 3'));
    await writer.close();
    expect(existsSync(join(folder, 'catalogue.json'))).toBe(false);
  });
});

it('writes no more once it is closed', async () => {
  // The first of two groups was written: its part is open.
  const writer = await catalogueIn(folder, { size: 1 }, { ...PART_LIMITS, groupRows: 1 });
  for (let i = 0; i < 2; i++) await writer.append(row(i));
  await writer.close();
  await expect(writer.finish(ABOUT)).rejects.toThrow();
  expect(existsSync(join(folder, 'catalogue.json'))).toBe(false);
});
