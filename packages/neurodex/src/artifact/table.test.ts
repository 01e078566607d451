import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FileMetaData, parquetMetadata } from 'hyparquet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tableAt } from './disk-target.ts';
import { asFile } from './parquet-bytes.fixture.ts';
import { TableReader } from './table.ts';
import type { TableRow } from './table-writer.ts';

const VECTORS = { v: { length: 2 }, w: { length: 1 } };
const SHA = 'c3'.repeat(32);
const ROWS: readonly TableRow[] = [
  {
    id: 4,
    path: '\ufeffa.png',
    labels: ['x', 'y'],
    captions: ['one', ''],
    objects: [{ category: 'x', box: [1, 2, 3.5, 4], area: 5.25, crowd: true }],
    role: 'catalogue',
    identifier: '07',
    sha256: 'a1'.repeat(32),
    thumbnail: Uint8Array.of(1, 2, 3),
    vectors: { v: Float32Array.of(0.5, -1), w: Float32Array.of(3) },
  },
  { id: 5, path: 'b.png', labels: [], role: 'test', sha256: 'b2'.repeat(32), thumbnail: new Uint8Array() },
  {
    id: 9,
    path: 'c.png',
    labels: ['x'],
    objects: [],
    captions: [],
    role: 'catalogue',
    // It follows from the cluster, and is not stored beside it.
    identifier: '1.20',
    cluster: '1.2',
    sha256: SHA,
    thumbnail: Uint8Array.of(9),
  },
];

let folder = '';
let bytes: Uint8Array;
let metadata: FileMetaData;
let digest: { readonly bytes: number };
const counts: number[][] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'neurodex-table-'));
  const path = join(folder, 'part.parquet');
  const writer = await tableAt(path, VECTORS);
  counts.splice(0, counts.length, [writer.rows, writer.bytes]);
  await writer.writeRowGroup(ROWS.slice(0, 2));
  counts.push([writer.rows, writer.bytes]);
  await writer.writeRowGroup(ROWS.slice(2));
  counts.push([writer.rows, writer.bytes]);
  digest = await writer.finish();
  bytes = new Uint8Array(readFileSync(path));
  metadata = parquetMetadata(bytes.buffer as ArrayBuffer);
});
afterEach(() => rmSync(folder, { recursive: true }));

const reader = () => new TableReader(asFile(bytes), 3, VECTORS);

describe('what a table holds', () => {
  it('is the rows, without what they do not have', async () => {
    const expected = ROWS.map(
      ({ thumbnail: _, vectors: __, sha256: ___, role, objects, captions, identifier, cluster, ...rest }) => ({
        ...rest,
        split: role,
        identifier: cluster === undefined ? (identifier ?? null) : null,
        cluster: cluster ?? null,
        captions: captions ?? null,
        objects: objects?.map(({ box, ...object }) => ({ ...object, bbox: [...box] })) ?? null,
      }),
    );
    const columns = await reader().rows();
    const names = ['path', 'labels', 'captions', 'objects', 'split', 'identifier', 'cluster', 'id'];
    const row = (at: number) => Object.fromEntries(names.map((name) => [name, columns[name]?.[at] ?? null]));
    const plain = ROWS.map((_, at) => JSON.parse(JSON.stringify(row(at), (_key, value) => value ?? null)));
    expect(plain).toEqual(expected);
  });

  it('is the thumbnails, one by one or in a run', async () => {
    expect(await Promise.all([0, 1, 2].map((i) => reader().thumbnail(i)))).toEqual(ROWS.map((row) => row.thumbnail));
    expect(await reader().thumbnails(0, 2)).toEqual([Uint8Array.of(1, 2, 3), new Uint8Array()]);
    expect(await reader().thumbnails(1, 3)).toEqual([new Uint8Array(), Uint8Array.of(9)]);
    expect(await reader().thumbnail(3)).toBeUndefined();
  });

  it('is the digest of the file of each row', async () => {
    expect(await reader().digests()).toEqual(ROWS.map(({ sha256 }) => sha256));
  });

  it('is a column of vectors for each name', async () => {
    const lists = async (name: string) =>
      (await reader().vectors(name)).map((each) => Array.from((each ?? []) as ArrayLike<number>));
    expect(await lists('v')).toEqual([[0.5, -1], [], []]);
    expect(await lists('w')).toEqual([[3], [], []]);
  });

  it('is in groups', async () => {
    expect(await reader().groups()).toEqual([2, 1]);
  });
});

it('a writer counts the rows and the bytes', () => {
  const [empty = [], one = [], two = []] = counts;
  expect([empty[0], one[0], two[0]]).toEqual([0, 2, 3]);
  // "PAR1" and the pages; the groups lie one behind another.
  expect(empty[1]).toBe(0);
  expect(one[1]).toBeGreaterThan(100);
  expect(two[1]).toBeGreaterThan((one[1] ?? NaN) + 50);
  expect(Number(metadata.row_groups[1]?.columns[0]?.meta_data?.data_page_offset)).toBe(one[1]);
  expect(digest.bytes).toBe(statSync(join(folder, 'part.parquet')).size);
  expect(digest.bytes).toBeGreaterThan(two[1] ?? NaN);
});

describe('the file says', () => {
  it('its columns, lists as Parquet lays them out', () => {
    type Rest = [
      type?: string | undefined,
      annotation?: string | undefined,
      logical?: string | undefined,
      children?: number,
    ];
    type Line = [name: string, ...Rest];
    const text = (name: string): Line => [name, 'BYTE_ARRAY', 'UTF8', 'STRING'];
    const list = (name: string, ...element: Line[]): Line[] => [
      [name, undefined, 'LIST', 'LIST', 1],
      ['list', undefined, undefined, undefined, 1],
      ...element,
    ];
    const expected: Line[] = [
      ['schema', undefined, undefined, undefined, 12],
      ['image', undefined, undefined, undefined, 2],
      ['bytes', 'BYTE_ARRAY'],
      text('path'),
      text('path'),
      ...list('labels', text('element')),
      ...list('captions', text('element')),
      ...list(
        'objects',
        ['element', undefined, undefined, undefined, 4],
        text('category'),
        ...list('bbox', ['element', 'DOUBLE']),
        ['area', 'DOUBLE'],
        ['crowd', 'BOOLEAN'],
      ),
      text('split'),
      text('identifier'),
      text('cluster'),
      ['id', 'INT32'],
      text('sha256'),
      ...list('v', ['element', 'FLOAT']),
      ...list('w', ['element', 'FLOAT']),
    ];
    expect(
      metadata.schema.map(({ name, type, converted_type, logical_type, num_children }) => [
        name,
        type,
        converted_type,
        logical_type?.type,
        num_children,
      ]),
    ).toEqual(expected.map((line) => Array.from({ length: 5 }, (_, i) => line[i])));
    for (const { name, repetition_type } of metadata.schema.slice(1)) {
      expect(repetition_type).toBe(name === 'list' ? 'REPEATED' : 'OPTIONAL');
    }
  });

  it('who made it, and its features for the library datasets', () => {
    expect(metadata.created_by).toBe('neurodex');
    const string = { dtype: 'string', _type: 'Value' };
    const double = { dtype: 'float64', _type: 'Value' };
    const floats = (length: number) => ({ feature: { dtype: 'float32', _type: 'Value' }, length, _type: 'Sequence' });
    const found = metadata.key_value_metadata?.find(({ key }) => key === 'huggingface')?.value ?? '';
    expect(JSON.parse(found)).toEqual({
      info: {
        features: {
          image: { _type: 'Image' },
          path: string,
          labels: { feature: string, _type: 'Sequence' },
          captions: { feature: string, _type: 'Sequence' },
          objects: [
            {
              category: string,
              bbox: { feature: double, _type: 'Sequence' },
              area: double,
              crowd: { dtype: 'bool', _type: 'Value' },
            },
          ],
          split: string,
          identifier: string,
          cluster: string,
          id: { dtype: 'int32', _type: 'Value' },
          sha256: string,
          v: floats(2),
          w: floats(1),
        },
      },
    });
  });

  it('that pictures are as they are, and that neither they nor vectors have statistics', () => {
    for (const { columns } of metadata.row_groups) {
      const [image, , path] = columns;
      expect(image?.meta_data).toMatchObject({ path_in_schema: ['image', 'bytes'], codec: 'UNCOMPRESSED' });
      expect(image?.meta_data?.encodings).not.toContain('RLE_DICTIONARY');
      expect(image?.meta_data?.statistics).toBeUndefined();
      expect(path?.meta_data).toMatchObject({ path_in_schema: ['path'], codec: 'SNAPPY' });
      expect(path?.meta_data?.statistics).toBeDefined();
      for (const vector of columns.slice(-2)) expect(vector.meta_data?.statistics).toBeUndefined();
    }
  });
});

it('pictures have no dictionary, also where some are equal', async () => {
  const path = join(folder, 'equal.parquet');
  const writer = await tableAt(path);
  const thumbnail = new Uint8Array(100).fill(7);
  await writer.writeRowGroup(
    Array.from(
      { length: 40 },
      (_, id): TableRow => ({ id, path: 'p', labels: [], role: 'test', sha256: SHA, thumbnail }),
    ),
  );
  await writer.finish();
  const { row_groups } = parquetMetadata(new Uint8Array(readFileSync(path)).buffer);
  const [image, , name] = row_groups[0]?.columns ?? [];
  expect(image?.meta_data?.encodings).not.toContain('RLE_DICTIONARY');
  // Texts that are equal have one.
  expect(name?.meta_data?.encodings).toContain('RLE_DICTIONARY');
});

it('a file that is read is looked at first', async () => {
  const cut = bytes.slice(0, -1);
  await expect(new TableReader(asFile(cut), 3, VECTORS).rows()).rejects.toThrow(RangeError);
  await expect(new TableReader(asFile(bytes), 2, VECTORS).rows()).rejects.toThrow('it has 3 rows, not 2');
  const { v } = VECTORS;
  await expect(new TableReader(asFile(bytes), 3, { v }).groups()).rejects.toThrow('it has other columns');
});

it('its metadata is read once', async () => {
  let reads = 0;
  const source = asFile(bytes);
  const slice: typeof source.slice = (start, end) => {
    reads++;
    return source.slice(start, end);
  };
  const one = new TableReader({ ...source, slice }, 3, VECTORS);
  await one.groups();
  const first = reads;
  await one.groups();
  expect([first > 0, reads]).toEqual([true, first]);
});

it('a writer that is closed writes no more', async () => {
  const writer = await tableAt(join(folder, 'closed.parquet'));
  await writer.close();
  await expect(writer.finish()).rejects.toThrow();
});
