import type { AsyncBuffer, FileMetaData, SchemaElement } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { asFile, dataPage, List, thrift } from './parquet-bytes.fixture.ts';
import { checkFooter, guarded } from './table-guard.ts';

describe('the footer of a file', () => {
  const footer = (...bytes: number[]) => checkFooter(asFile(Uint8Array.from(bytes)));
  const MAGIC = [80, 65, 82, 49];

  it('is a structure, whose length stands behind it', async () => {
    await footer(0, 1, 0, 0, 0, ...MAGIC);
    await footer(0xff, 0xff, 0x13, 7, 0, 3, 0, 0, 0, ...MAGIC);
    await expect(footer(0xff, 0x13, 1, 0, 0, 0, ...MAGIC)).rejects.toThrow(RangeError);
  });

  it('is not cut off', async () => {
    for (const bytes of [[], [0], [1, 0, 0, 0, 80, 65, 82]]) {
      await expect(footer(...bytes)).rejects.toThrow(new RangeError('it is cut off'));
    }
  });

  it('is no longer than the file', async () => {
    await expect(footer(0, 2, 0, 0, 0, ...MAGIC)).rejects.toThrow(
      new RangeError('its metadata is longer than it may be'),
    );
  });

  it('is of 2²⁶ bytes, at most', async () => {
    const asked: (number | undefined)[][] = [];
    const of = (length: number): AsyncBuffer => ({
      byteLength: 2 ** 27,
      slice: async (start, end) => {
        asked.push([start, end]);
        if (end !== 2 ** 27) return new ArrayBuffer(1);
        const tail = new DataView(new ArrayBuffer(8));
        tail.setUint32(0, length, true);
        return tail.buffer;
      },
    });
    await checkFooter(of(2 ** 26));
    expect(asked).toEqual([
      [2 ** 27 - 8, 2 ** 27],
      [2 ** 26 - 8, 2 ** 27 - 8],
    ]);
    await expect(checkFooter(of(2 ** 26 + 1))).rejects.toThrow('its metadata is longer than it may be');
    expect(asked).toHaveLength(3);
  });
});

/** A page of two numbers of 32 bits, as a column that is required has it; and one that says it has three. */
const PAGE = dataPage({ values: 2, rows: 2, bytes: [1, 0, 0, 0, 2, 0, 0, 0] });
const BAD = dataPage({ values: 3, rows: 2, bytes: [1, 0, 0, 0, 2, 0, 0, 0] });
const P = PAGE.length;

const SCHEMA: readonly SchemaElement[] = [
  { name: 'schema', num_children: 2 },
  { name: 'a', type: 'INT32', repetition_type: 'REQUIRED' },
  { name: 'b', type: 'INT32', repetition_type: 'REQUIRED' },
];

const pageIndex = (...pages: readonly (readonly [offset: number, size: number])[]) =>
  thrift({ 1: List.of14(pages.map(([offset, size]) => thrift({ 1: offset, 2: size, 3: 0 }))) });
const INDEX = pageIndex([4, P], [4 + P, P]);

interface Column {
  meta_data?: Record<string, unknown>;
  file_path?: string;
  offset_index_offset?: bigint;
  offset_index_length?: number;
}
interface Change {
  readonly schema?: readonly SchemaElement[];
  readonly rows?: bigint;
  readonly groups?: readonly bigint[];
  /** Of the last column, `b`. */
  readonly about?: Record<string, unknown>;
  readonly column?: Partial<Column>;
  readonly columns?: (columns: Column[]) => Column[];
}

/** 4 bytes of a mark, two pages of column a, one of column b, and the index of a. */
function file(pages: readonly Uint8Array[] = [PAGE, PAGE, PAGE], index: Uint8Array = INDEX, change: Change = {}) {
  const bytes = Uint8Array.of(80, 65, 82, 49, ...pages.flatMap((page) => [...page]), ...index);
  const base = { type: 'INT32', codec: 'UNCOMPRESSED', num_values: 2n };
  const end = 4 + pages.reduce((sum, page) => sum + page.length, 0);
  const columns: Column[] = [
    {
      meta_data: { ...base, path_in_schema: ['a'], data_page_offset: 4n, total_compressed_size: BigInt(2 * P) },
      offset_index_offset: BigInt(end),
      offset_index_length: index.length,
    },
    {
      meta_data: {
        ...base,
        path_in_schema: ['b'],
        data_page_offset: BigInt(4 + 2 * P),
        total_compressed_size: BigInt(P),
        ...change.about,
      },
      ...change.column,
    },
  ];
  const { groups = [2n], columns: changed = (each) => each } = change;
  const metadata = {
    schema: change.schema ?? SCHEMA,
    num_rows: change.rows ?? 2n,
    row_groups: groups.map((num_rows) => ({ num_rows, columns: changed(columns) })),
  } as unknown as FileMetaData;
  return { bytes, open: (rows = 2) => guarded(asFile(bytes), metadata, SCHEMA, rows) };
}

describe('the metadata of a file', () => {
  const refused = (what: string, change: Change, rows?: number) =>
    expect(() => file(undefined, undefined, change).open(rows)).toThrow(new RangeError(what));
  const passes = (change: Change, rows?: number) => file(undefined, undefined, change).open(rows);
  const schemaWith = (change: Partial<SchemaElement>, at = 2): Change => ({
    schema: SCHEMA.map((element, i) => (i === at ? { ...element, ...change } : element)),
  });

  it('has the columns of a catalogue, however they are annotated', () => {
    passes({});
    passes(schemaWith({ logical_type: { type: 'STRING' } }));
    passes(schemaWith({ repetition_type: 'REQUIRED' }, 0));
    passes(schemaWith({ num_children: 0 }));
    for (const other of [
      schemaWith({ name: 'c' }),
      schemaWith({ type: 'FLOAT' }),
      schemaWith({ repetition_type: 'OPTIONAL' }),
      schemaWith({ num_children: 1 }),
      schemaWith({ converted_type: 'UTF8' }),
      { schema: SCHEMA.slice(0, 2) },
    ]) {
      refused('it has other columns', other);
    }
  });

  it('has as many rows as are listed, also in its groups, of which none is empty', () => {
    passes({ groups: [1n, 1n] });
    passes({ groups: [0n, 0n] });
    refused('it has 2 rows, not 3', {}, 3);
    refused('it has 2 rows, not 1', {}, 1);
    refused('it has 2 rows, not 2', { rows: 3n });
    refused('it has 3 rows, not 2', { groups: [1n, 2n] });
    refused('it has 3 rows, not 2', { groups: [2n, 0n] });
  });

  it('has all columns in each group, in their order', () => {
    refused('a row group has other columns', { columns: (columns) => columns.slice(1) });
    refused('a row group has other columns', { columns: (columns) => [...columns, ...columns] });
    refused('a column is another one', { columns: ([a = {}, b = {}]) => [b, a] });
    refused('a column is another one', { about: { path_in_schema: ['a'] } });
    refused('a column is another one', { about: { type: 'FLOAT' } });
    refused('a column is another one', { about: { path_in_schema: [] } });
  });

  it('says where each of them is, in the file', () => {
    const what = 'a column is not in it';
    const length = file().bytes.length;
    refused(what, { column: { meta_data: undefined as never } });
    refused(what, { column: { file_path: 'elsewhere' } });
    passes({ about: { data_page_offset: BigInt(length - 5), total_compressed_size: 5n } });
    refused(what, { about: { data_page_offset: BigInt(length - 5), total_compressed_size: 6n } });
    refused(what, { about: { data_page_offset: -1n } });
    refused(what, { about: { total_compressed_size: -1n } });
    // A dictionary comes first.
    refused(what, { about: { dictionary_page_offset: BigInt(length) } });
    passes({ about: { dictionary_page_offset: 0n } });
    passes({ column: { offset_index_offset: BigInt(length - 5), offset_index_length: 5 } });
    passes({ column: { offset_index_offset: BigInt(length) } });
    refused(what, { column: { offset_index_offset: BigInt(length - 5), offset_index_length: 6 } });
    refused(what, { column: { offset_index_offset: BigInt(length + 1) } });
    refused(what, { column: { offset_index_offset: 5n, offset_index_length: -1 } });
    passes({ about: { num_values: BigInt(2 ** 24) } });
    refused(what, { about: { num_values: BigInt(2 ** 24 + 1) } });
  });

  it('has columns as they are, or compressed with Snappy', () => {
    passes({ about: { codec: 'SNAPPY' } });
    refused('it is compressed otherwise', { about: { codec: 'GZIP' } });
  });

  it('has no column that is a group', () => {
    const schema: SchemaElement[] = [
      { name: 'schema', num_children: 1 },
      { name: 'g', repetition_type: 'OPTIONAL', num_children: 1, type: 'INT32' },
      { name: 'a', type: 'INT32', repetition_type: 'OPTIONAL' },
    ];
    const about = { path_in_schema: ['g'], type: 'INT32', codec: 'SNAPPY' };
    const columns = [{ meta_data: about }, { meta_data: { ...about, path_in_schema: ['g', 'a'] } }];
    const metadata = { schema, num_rows: 1n, row_groups: [{ num_rows: 1n, columns }] } as unknown as FileMetaData;
    expect(() => guarded(asFile(new Uint8Array(9)), metadata, schema, 1)).toThrow('a column is another one');
  });
});

describe('bytes that are asked for', () => {
  it('are those of the file', async () => {
    const { bytes, open } = file();
    expect(open().byteLength).toBe(bytes.length);
    expect(new Uint8Array(await open().slice(4, 4 + P))).toEqual(PAGE);
    expect(new Uint8Array(await open().slice(4))).toEqual(bytes.subarray(4));
    expect(new Uint8Array(await open().slice(4 + 3 * P))).toEqual(INDEX);
  });

  it.each([
    [-1, 5],
    [5, 4],
    [4.5, 8],
    [4, 8.5],
    [4, 1000],
    [Number.NaN, 8],
  ])('lie in the file: %d to %d do not', async (start, end) => {
    await expect(file().open().slice(start, end)).rejects.toThrow(
      new RangeError(`it points to bytes ${start} to ${end}`),
    );
  });

  it('are pages of the columns that they lie in, from where they begin', async () => {
    const pagesEnd = 4 + 3 * P;
    const second = file([PAGE, PAGE, BAD]).open();
    await second.slice(4, 4 + 2 * P);
    await second.slice(4 + P, 4 + 2 * P);
    for (const from of [4, 4 + P, 4 + 2 * P]) {
      await expect(second.slice(from, pagesEnd)).rejects.toThrow('a page is cut off');
    }
    const first = file([BAD, PAGE, PAGE]).open();
    await first.slice(4 + P, 4 + 2 * P);
    await first.slice(4 + 2 * P, pagesEnd);
    await first.slice(4 + 2 * P);
    await expect(first.slice(4, 4 + P)).rejects.toThrow('a page is cut off');
    // What stands before a column is not a page of it.
    await expect(first.slice(0, 4 + P)).rejects.toThrow('a page is cut off');
    await file()
      .open()
      .slice(0, 4 + P);
  });

  it('are whole pages, which end where their column does', async () => {
    await expect(
      file()
        .open()
        .slice(4, 4 + P - 1),
    ).rejects.toThrow('a page is longer than its column');
    const long = dataPage({ values: 2, rows: 2, size: 9, full: 9, bytes: [1, 0, 0, 0, 2, 0, 0, 0] });
    await expect(file([PAGE, long, PAGE]).open().slice(4)).rejects.toThrow('a page is longer than its column');
  });

  it('are otherwise the list of the pages of a column, which are in it', async () => {
    const at = (pages: readonly (readonly [number, number])[]) => {
      const index = pageIndex(...pages);
      return file(undefined, index)
        .open()
        .slice(4 + 3 * P, 4 + 3 * P + index.length);
    };
    await at([]);
    await at([[4, 2 * P]]);
    for (const pages of [
      [[3, P]],
      [[4 + P, P + 1]],
      [[4, 0]],
      [[4, -1]],
      [
        [4, P],
        [4 + 2 * P, P],
      ],
    ] as const) {
      await expect(at(pages)).rejects.toThrow(new RangeError('a page is not in its column'));
    }
  });

  it('are nothing else', async () => {
    const nowhere = new RangeError('it points to what is no column');
    await expect(file().open().slice(1, 4)).rejects.toThrow(nowhere);
    await expect(
      file()
        .open()
        .slice(5 + 3 * P),
    ).rejects.toThrow(nowhere);
    const cut = Uint8Array.of(0x19, 0xfc, 0x7f);
    await expect(
      file(undefined, cut)
        .open()
        .slice(4 + 3 * P),
    ).rejects.toThrow('a list is longer than what is left');
  });
});
