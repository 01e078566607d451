import { describe, expect, it } from 'vitest';
import {
  asFile,
  type Column,
  type DataPage,
  dataPage,
  dictionaryPage,
  metadataOf,
  varint,
} from './parquet-bytes.fixture.ts';
import { guarded } from './table-guard.ts';

/** Reads a column of these pages; the guard looks at them first. */
async function read(pages: readonly Uint8Array[], column: Column = {}): Promise<void> {
  const bytes = Uint8Array.from(pages.flatMap((page) => [...page]));
  const { schema, metadata } = metadataOf(bytes.length, column);
  const got = await guarded(asFile(bytes), metadata, schema, 1).slice(0, bytes.length);
  expect(new Uint8Array(got)).toEqual(bytes);
}
const refused = async (what: string, pages: readonly Uint8Array[], column?: Column): Promise<void> =>
  await expect(read(pages, column)).rejects.toThrow(new RangeError(what));

/** Levels of four values, the last of which is null, in bits; and three numbers of 32 bits. */
const LEVELS = [3, 0b0111];
const sound: DataPage = {
  values: 4,
  nulls: 1,
  rows: 4,
  definition: 2,
  bytes: [...LEVELS, ...Array<number>(12).fill(7)],
};
const page = (change: Partial<DataPage> = {}) => dataPage({ ...sound, ...change });

describe('a page passes', () => {
  it('as it should be, and after another one', async () => {
    await read([page()]);
    await read([page(), page()]);
  });

  it.each<[string, Partial<DataPage>]>([
    ['without rows, as one that goes on in the next page', { rows: 0 }],
    ['with nulls alone', { nulls: 4, bytes: LEVELS }],
    ['without values', { values: 0, nulls: 0, rows: 0, definition: 0, bytes: [] }],
    ['with more bytes than it needs', { bytes: [...sound.bytes, 0] }],
  ])('%s', async (_, change) => {
    await read([page(change)]);
  });
});

describe('a page is refused', () => {
  it.each<[string, Partial<DataPage>]>([
    ['fewer values than none', { values: -1, nulls: -1, rows: -1 }],
    ['fewer nulls than none', { nulls: -1 }],
    ['more nulls than values', { nulls: 5 }],
    ['fewer rows than none', { rows: -1 }],
    ['more rows than values', { rows: 5 }],
    ['repetition of less than no bytes', { repetition: -1, definition: 3 }],
    ['definition of less than no bytes', { definition: -1 }],
    ['levels that are longer than the page', { definition: 15, full: 20 }],
    ['levels that are longer than the page is when it is decompressed', { definition: 2, full: 1 }],
  ])('with %s', async (_, change) => {
    await refused('a page has other values than it says', [page(change)]);
  });

  it('of another kind', async () => {
    for (const type of [0, 1]) await refused('a page is of another kind', [page({ type })]);
  });

  it('that is longer than its column', async () => {
    await refused('a page is longer than its column', [page({ size: 15 })]);
    await refused('a page is longer than its column', [page({ size: -1 })]);
    await refused('a page is longer than its column', [page(), page({ size: 15 })]);
  });

  it('of 2²⁸ bytes and more once it is decompressed', async () => {
    await read([page({ full: 2 ** 28 })]);
    await refused('a page is longer than its column', [page({ full: 2 ** 28 + 1 })]);
    await refused('a page is longer than its column', [page({ full: -1 })]);
  });

  it('with levels that its column has not', async () => {
    const column: Column = { path: ['REQUIRED'] };
    const plain = { nulls: 0, definition: 0, bytes: Array<number>(16).fill(7) };
    await read([page(plain)], column);
    const what = 'a page has levels that its column has not';
    await refused(what, [page({ ...plain, definition: 1 })], column);
    await refused(what, [page({ ...plain, repetition: 1 })], column);
    await refused(what, [page({ repetition: 1, bytes: [0, ...sound.bytes] })]);
  });

  it.each<[NonNullable<Column['type']>, number, number]>([
    ['BOOLEAN', 9, 2],
    ['INT32', 3, 12],
    ['FLOAT', 3, 12],
    ['DOUBLE', 3, 24],
    ['BYTE_ARRAY', 3, 12],
    ['INT96', 3, 3],
  ])('of %s when it is too short for its values', async (type, values, bytes) => {
    const column: Column = { type, path: ['REQUIRED'] };
    const of = (length: number) => dataPage({ values, rows: values, bytes: Array<number>(length).fill(0) });
    await read([of(bytes)], column);
    await refused('a page is cut off', [of(bytes - 1)], column);
  });

  it('with more values than a column may have, in one page or in several', async () => {
    const empty = (values: number) =>
      dataPage({ values, nulls: values, definition: varint(2 * values).length + 1, bytes: [...varint(2 * values), 0] });
    const most = 2 ** 24;
    await read([empty(most)]);
    await read([empty(most - 1), empty(1)]);
    await refused('a page has other values than it says', [empty(most + 1)]);
    await refused('a column has more values than it may have', [empty(most), empty(1)]);
  });
});

describe('a dictionary', () => {
  it('has as many values as its bytes have room for', async () => {
    await read([dictionaryPage(3, Array<number>(12).fill(0))]);
    await read([dictionaryPage(0, [])]);
    await refused('a dictionary is cut off', [dictionaryPage(3, Array<number>(11).fill(0))]);
    await refused('a dictionary is cut off', [dictionaryPage(-1, [])]);
    await refused('a dictionary is cut off', [dictionaryPage(undefined, [0, 0, 0, 0])]);
    await read([dictionaryPage(3, [0, 0, 0])], { type: 'INT96' });
    await refused('a dictionary is cut off', [dictionaryPage(4, [0, 0, 0])], { type: 'INT96' });
  });

  it('counts among the values of its column', async () => {
    const most = 2 ** 24;
    const values = dataPage({
      values: most,
      nulls: most,
      definition: varint(2 * most).length + 1,
      bytes: [...varint(2 * most), 0],
    });
    await read([dictionaryPage(0, []), values]);
    await refused('a column has more values than it may have', [dictionaryPage(1, [0, 0, 0, 0]), values]);
  });
});

describe('levels are runs', () => {
  /** Definition levels of one bit for nulls alone. */
  const runs = (values: number, bytes: readonly number[], path?: Column['path']) =>
    read(
      [dataPage({ values, nulls: values, definition: bytes.length, bytes: [...bytes] })],
      path === undefined ? {} : { path },
    );
  const bad = async (what: string, ...args: Parameters<typeof runs>) =>
    await expect(runs(...args)).rejects.toThrow(new RangeError(what));

  it('of one value each, or of bits in eights', async () => {
    await runs(4, [8, 0]);
    await runs(4, [6, 0, 2, 1]);
    await runs(4, [3, 0]);
    await runs(12, [3, 0, 8, 0]);
    await runs(12, [8, 0, 3, 0]);
    await runs(9, [5, 0, 0]);
    await runs(1, [3, 0]);
    await runs(4, [8, 0, 99]);
  });

  it('as long as the values', async () => {
    await bad('a run has another length', 4, [10, 0]);
    await bad('a run has another length', 4, [6, 0, 4, 0]);
    await bad('a run has another length', 8, [5, 0, 0]);
    await bad('a run has another length', 4, [0, 0]);
    await bad('a run has another length', 4, [1, 0]);
  });

  it('that are not cut off', async () => {
    await bad('a run is cut off', 4, [8]);
    await bad('a run is cut off', 4, [3]);
    await bad('a run is cut off', 9, [5, 0]);
    await bad('no length stands at byte 2', 4, [6, 0]);
    await bad('no length stands at byte 0', 4, []);
  });

  it('of as many bits as the deepest level takes', async () => {
    // Two optional groups and an optional value: 0 … 3 in two bits, so that eight of them take two bytes.
    const deep: Column['path'] = ['OPTIONAL', 'OPTIONAL', 'OPTIONAL'];
    await runs(8, [3, 0, 0], deep);
    await bad('a run is cut off', 8, [3, 0], deep);
    const deeper: Column['path'] = [...deep, 'OPTIONAL'];
    await runs(8, [3, 0, 0, 0], deeper);
    await bad('a run is cut off', 8, [3, 0, 0], deeper);
  });

  it('of repetition, before those of definition', async () => {
    const column: Column = { path: ['REPEATED', 'REQUIRED'] };
    const of = (repetition: readonly number[], definition: readonly number[]) =>
      dataPage({
        values: 4,
        nulls: 4,
        repetition: repetition.length,
        definition: definition.length,
        bytes: [...repetition, ...definition],
      });
    await read([of([8, 0], [6, 0, 2, 0])], column);
    await refused('a run has another length', [of([10, 0], [8, 0])], column);
    await refused('a run has another length', [of([8, 0], [10, 0])], column);
    // What is missing at the end of one does not come from the other.
    await refused('a run is cut off', [of([8], [8, 0])], column);
  });
});
