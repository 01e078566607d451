import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diskTarget } from './disk-target.ts';
import { type CatalogueRow, isPartFile, type PartColumns, PartWriter } from './part-writer.ts';
import { soundRow } from './small-catalogue.fixture.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'neurodex-part-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const WIDTHS = { pixels: 3, embeddings: 8, states: 4 } as const;
const LAYOUT: PartColumns = { vectors: {}, columns: WIDTHS };

/** Every byte of its columns is its number, and how wide the column is. */
const row = (id: number): CatalogueRow => ({
  ...soundRow(id),
  column: async (name) => new Uint8Array(WIDTHS[name]).fill(10 * id + WIDTHS[name]),
});
const sha256Of = (file: string): string =>
  createHash('sha256')
    .update(readFileSync(join(folder, file)))
    .digest('hex');

async function write(ids: readonly number[], layout = LAYOUT, groups = [ids]) {
  const writer = await PartWriter.create(diskTarget(folder), layout);
  for (const group of groups) await writer.writeRowGroup(group.map(row));
  return await writer.finish();
}

describe('a part', () => {
  it('is a table and its columns, in files that are named by its first picture and their digests', async () => {
    const part = await write([7, 8, 12]);
    expect([part.first, part.last, part.rows]).toEqual([7, 12, 3]);
    const endings = {
      pictures: 'parquet',
      pixels: 'pixels.u8',
      embeddings: 'embeddings.f32',
      states: 'states.f32',
    } as const;
    for (const [column, ending] of Object.entries(endings) as [keyof typeof endings, string][]) {
      const { file, bytes, sha256, chunks } = part[column] ?? expect.unreachable();
      expect(sha256).toBe(sha256Of(file));
      expect(file).toBe(`part-0000000007-${sha256.slice(0, 12)}.${ending}`);
      expect(bytes).toBe(readFileSync(join(folder, file)).length);
      // One piece each: its digest is that of the file.
      expect(Buffer.from(chunks, 'base64').toString('hex')).toBe(sha256);
    }
    for (const name of ['pixels', 'embeddings', 'states'] as const) {
      const expected = [7, 8, 12].flatMap((id) => Array<number>(WIDTHS[name]).fill((10 * id + WIDTHS[name]) % 256));
      expect([...readFileSync(join(folder, part[name]?.file ?? ''))]).toEqual(expected);
    }
    expect(readdirSync(folder)).toHaveLength(4);
  });

  it('has no column that is not in its layout', async () => {
    const part = await write([1, 2], { vectors: {}, columns: { pixels: 3 } });
    expect(Object.keys(part).sort()).toEqual(['first', 'last', 'pictures', 'pixels', 'rows']);
    expect(readdirSync(folder).sort()).toEqual([part.pictures.file, part.pixels.file].sort());
  });

  it('of the same rows has the same names and bytes, and of others other names', async () => {
    const first = await write([1, 2]);
    const files = readdirSync(folder).sort();
    const contents = files.map((file) => readFileSync(join(folder, file)));
    expect(await write([1, 2])).toEqual(first);
    expect(readdirSync(folder).sort()).toEqual(files);
    expect(files.map((file) => readFileSync(join(folder, file)))).toEqual(contents);
    const other = await write([1, 3]);
    for (const column of ['pictures', 'pixels', 'embeddings', 'states'] as const)
      expect(other[column]?.file).not.toBe(first[column]?.file);
    // Those of the first part are as they were.
    expect(files.map((file) => readFileSync(join(folder, file)))).toEqual(contents);
  });

  it('counts the rows of all its groups', async () => {
    const writer = await PartWriter.create(diskTarget(folder), LAYOUT);
    expect([writer.rows, writer.bytes]).toEqual([0, 0]);
    await writer.writeRowGroup([row(0), row(1)]);
    const { bytes } = writer;
    await writer.writeRowGroup([row(2)]);
    expect(writer.rows).toBe(3);
    expect(writer.bytes).toBeGreaterThan(bytes);
    expect(await writer.finish(true)).toMatchObject({ first: 0, last: 2, rows: 3 });
  });

  it('takes the place of one that was cut off', async () => {
    for (const ending of ['parquet', 'pixels.u8']) writeFileSync(join(folder, `new.${ending}`), 'of a killed process');
    const part = await write([4]);
    expect(part.pixels.bytes).toBe(3);
    expect(readdirSync(folder).filter((name) => name.startsWith('new'))).toEqual([]);
  });
});

describe('it refuses', () => {
  it.each([
    [[[3, 2]], 'picture 2 after picture 3'],
    [[[3, 3]], 'picture 3 after picture 3'],
    [[[1, 5], [4]], 'picture 4 after picture 5'],
  ])('ids that do not rise: %j', async (groups, message) => {
    const writer = await PartWriter.create(diskTarget(folder), LAYOUT);
    const writing = async () => {
      for (const group of groups) await writer.writeRowGroup(group.map(row));
    };
    await expect(writing()).rejects.toThrow(new RangeError(message));
    await writer.close();
    expect(readdirSync(folder).every((name) => name.startsWith('new.'))).toBe(true);
  });

  it.each([
    ['pixels', 2],
    ['pixels', 4],
    ['embeddings', 0],
    ['states', 8],
  ] as const)('%s of %i bytes', async (wrong, length) => {
    const writer = await PartWriter.create(diskTarget(folder), LAYOUT);
    const bad: CatalogueRow = {
      ...row(1),
      column: async (name) => new Uint8Array(name === wrong ? length : WIDTHS[name]),
    };
    await expect(writer.writeRowGroup([row(0), bad])).rejects.toThrow(
      new RangeError(`${length} bytes of ${wrong}, not ${WIDTHS[wrong]}`),
    );
    await writer.close();
  });

  it('to write once it is closed', async () => {
    const writer = await PartWriter.create(diskTarget(folder), LAYOUT);
    await writer.writeRowGroup([row(0)]);
    await writer.close();
    await writer.close();
    await expect(writer.finish()).rejects.toThrow();
  });

  it('a folder that is not there', async () => {
    const nowhere = join(folder, 'nowhere');
    await expect(PartWriter.create(diskTarget(nowhere), LAYOUT)).rejects.toMatchObject({ code: 'output-unwritable' });
    expect(existsSync(nowhere)).toBe(false);
  });
});

it('its files are told from others, complete or not', async () => {
  const { pictures, pixels, embeddings, states } = await write([3]);
  for (const listed of [pictures, pixels, embeddings, states]) expect(isPartFile(listed?.file ?? '')).toBe(true);
  for (const ending of ['parquet', 'pixels.u8', 'embeddings.f32', 'states.f32'])
    expect(isPartFile(`new.${ending}`)).toBe(true);
  const others = [
    'catalogue.json',
    'new',
    'new.txt',
    'renew.parquet',
    'part-0000000003.parquet',
    'part-0000000003-0123456789ab.txt',
    'part-0000000003-0123456789ab.parquet.bak',
    'part-003-0123456789ab.parquet',
    'part-0000000003-0123456789AB.parquet',
    'my part-0000000003-0123456789ab.parquet',
  ];
  for (const name of others) expect(isPartFile(name), name).toBe(false);
});
