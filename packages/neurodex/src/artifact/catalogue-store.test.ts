import { appendFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OpenBytes, openFileBytes } from '@neurodex/core/storage';
import { ROLES } from '@neurodex/datasets';
import fc from 'fast-check';
import { parquetMetadata } from 'hyparquet';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { noMount, onTinyDisk } from '../../../core/src/storage/tiny-disk.fixture.ts';
import { pixelsOf } from '../pictures/picture-store.ts';
import { openPictureRows, openPictures, readThumbnails, verifyPictures } from './catalogue-store.ts';
import { CatalogueWriter, SHARD_LIMITS, type ShardLimits } from './catalogue-writer.ts';
import type { ShardRow } from './shard.ts';
import { ShardReader } from './shard.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-store-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

type Row = Omit<ShardRow, 'row'>;

const SIZE = 2;
const pixels = (row: number) => Uint8Array.from({ length: SIZE * SIZE * 3 }, (_, i) => (row * 31 + i) & 255);

/** Bytes that differ from row to row and do not repeat, as PNG files do; the store does not look inside. */
const thumbnail = (row: number, bytes: number) =>
  Uint8Array.from({ length: bytes }, (_, i) => (Math.imul(row * 65_537 + i, 2_654_435_761) >>> 13) & 255);

const row = (i: number, bytes = 100 + (i % 7)): Row => ({
  path: `class ${i % 3}/${i}.png`,
  labels: [`class ${i % 3}`],
  role: i % 2 === 0 ? 'catalogue' : 'test',
  ...(i % 2 === 0 ? { identifier: String(i) } : {}),
  thumbnail: thumbnail(i, bytes),
});

async function write(rows: readonly Row[], limits: ShardLimits = SHARD_LIMITS, at = folder) {
  const writer = await CatalogueWriter.create(at, SIZE, limits);
  try {
    for (const [i, entry] of rows.entries()) {
      await writer.appendPixels(pixels(i));
      await writer.appendRow(entry);
    }
    return await writer.finish({
      hasClasses: true,
      notices: [{ work: 'Emoji', author: 'A. Painter', licence: 'CC-BY-4.0', url: 'https://example.org' }],
      skipped: [{ path: 'broken.jpg', reason: 'is empty (0 bytes)' }],
    });
  } finally {
    await writer.close();
  }
}

const many = (n: number, bytes?: number) => Array.from({ length: n }, (_, i) => row(i, bytes));

describe('what was written is read back', () => {
  test('rows, pixels and thumbnails, over several shards and row groups', async () => {
    const rows = many(47);
    const manifest = await write(rows, { ...SHARD_LIMITS, groupRows: 5, shardRows: 20 });
    expect(manifest.shards.map((shard) => [shard.file, shard.rows])).toEqual([
      ['part-00000.parquet', 20],
      ['part-00001.parquet', 20],
      ['part-00002.parquet', 7],
    ]);
    expect((await readdir(folder)).sort()).toEqual([
      'catalogue.json',
      'part-00000.parquet',
      'part-00001.parquet',
      'part-00002.parquet',
      'pixels.u8',
    ]);
    const store = await openPictures(folder);
    expect(store.rows).toEqual(rows.map(({ thumbnail: _, ...entry }, i) => ({ ...entry, row: i })));
    expect(store.size).toBe(SIZE);
    expect(store.hasClasses).toBe(true);
    expect(store.notices[0]?.author).toBe('A. Painter');
    expect(store.skipped).toEqual([{ path: 'broken.jpg', reason: 'is empty (0 bytes)' }]);
    rows.forEach((_, i) => {
      expect(pixelsOf(store, i)).toEqual(pixels(i));
    });
    const asked = [46, 0, 19, 20, 21, 0];
    expect(await readThumbnails(folder, asked)).toEqual(asked.map((i) => rows[i]?.thumbnail));
    expect((await openPictureRows(folder)).rows).toEqual(store.rows);
    await expect(verifyPictures(folder)).resolves.toEqual(manifest);
  });

  test('any name, any labels', async () => {
    const name = fc.string({ unit: 'binary', maxLength: 300 });
    const entry = fc.record({
      path: name,
      labels: fc.array(name, { maxLength: 4 }),
      role: fc.constantFrom(...ROLES),
      identifier: fc.stringMatching(/^\d{1,6}$/),
      thumbnail: fc.uint8Array({ maxLength: 300 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 12 }), async (entries) => {
        const at = await mkdtemp(join(folder, 'property-'));
        const rows: Row[] = entries.map(({ identifier, ...rest }) =>
          rest.role === 'catalogue' ? { ...rest, identifier } : rest,
        );
        await write(rows, { ...SHARD_LIMITS, groupRows: 4, shardRows: 8 }, at);
        const { rows: pictures } = await openPictures(at);
        expect(pictures).toEqual(rows.map(({ thumbnail: _, ...rest }, i) => ({ ...rest, row: i })));
        const thumbnails = await readThumbnails(at, [...rows.keys()]);
        expect(thumbnails).toEqual(rows.map((rest) => Uint8Array.from(rest.thumbnail)));
      }),
      {
        numRuns: 60,
        examples: [
          [
            [
              {
                path: '\ufeffnaïve 🦜.png',
                labels: ['', '\u0000'],
                role: 'train',
                identifier: '1',
                thumbnail: new Uint8Array(0),
              },
            ],
          ],
        ],
      },
    );
  });

  test('every row of a group of many pages gives its own thumbnail', async () => {
    const rows = many(300, 3000);
    await write(rows);
    const thumbnails = await readThumbnails(folder, [...rows.keys()]);
    thumbnails.forEach((bytes, i) => {
      expect(Buffer.compare(bytes, rows[i]?.thumbnail ?? bytes.subarray(1)), `row ${i}`).toBe(0);
    });
  });

  test('shards and row groups also end by their bytes', async () => {
    const { shards } = await write(many(40, 10_000), {
      groupRows: 500,
      groupBytes: 50_000,
      shardRows: 5_000,
      shardBytes: 200_000,
    });
    expect(shards.length).toBe(3);
    for (const shard of shards) {
      expect(shard.bytes).toBeLessThan(200_000);
      const file = await readFile(join(folder, shard.file));
      for (const group of parquetMetadata(new Uint8Array(file)).row_groups) {
        expect(Number(group.total_byte_size)).toBeLessThan(55_000);
      }
    }
  });
});

/** Opens files and adds up the bytes that are read. */
function counting() {
  const read = { bytes: 0, files: 0 };
  const open: OpenBytes = async (path) => {
    read.files++;
    const file = await openFileBytes(path);
    return {
      ...file,
      slice(start, end = file.byteLength) {
        read.bytes += end - start;
        return file.slice(start, end);
      },
    };
  };
  return { read, open };
}

test('one thumbnail costs a footer and the pages it lies in, whatever the size of the catalogue', async () => {
  const rows = many(1500, 4000);
  const { shards } = await write(rows, { ...SHARD_LIMITS, shardRows: 1000 });
  const whole = shards.reduce((sum, shard) => sum + shard.bytes, 0);
  expect(whole).toBeGreaterThan(6_000_000);
  for (const asked of [0, 499, 500, 999, 1499]) {
    const { read, open } = counting();
    const shard = asked < 1000 ? shards[0] : shards[1];
    const file = await open(join(folder, shard?.file ?? ''));
    const inside = asked % 1000;
    const bytes = await new ShardReader(file, shard?.rows ?? 0, {}).thumbnail(inside);
    expect(bytes).toEqual(rows[asked]?.thumbnail);
    await file.close();
    // Footer 64 KiB and once more what of it is metadata, one page of pictures 64 KiB, the page of names of its row
    // group, the page index.
    expect(read.bytes).toBeLessThan(180_000);
  }
});

test('opening the rows does not read the pictures', async () => {
  await write(many(1000, 4000));
  const { read, open } = counting();
  const file = await open(join(folder, 'part-00000.parquet'));
  expect(await new ShardReader(file, 1000, {}).rows()).toHaveLength(1000);
  await file.close();
  expect(read.bytes).toBeLessThan(200_000);
});

test('rows that are not there are refused', async () => {
  await write(many(3));
  for (const bad of [-1, 3, 0.5, Number.NaN]) {
    await expect(readThumbnails(folder, [0, bad])).rejects.toThrow(RangeError);
  }
});

test('the Parquet file says what its columns are, for datasets and Arrow', async () => {
  await write(many(3));
  const metadata = parquetMetadata(new Uint8Array(await readFile(join(folder, 'part-00000.parquet'))));
  const { value } = metadata.key_value_metadata?.find(({ key }) => key === 'huggingface') ?? {};
  expect(JSON.parse(value ?? '').info.features).toMatchObject({
    image: { _type: 'Image' },
    labels: { feature: { dtype: 'string', _type: 'Value' } },
  });
  expect(metadata.row_groups[0]?.columns.map((column) => column.meta_data?.path_in_schema.join('.'))).toEqual([
    'image.bytes',
    'image.path',
    'path',
    'labels.list.element',
    'captions.list.element',
    'objects.list.element.category',
    'objects.list.element.bbox.list.element',
    'objects.list.element.area',
    'objects.list.element.crowd',
    'split',
    'identifier',
    'row',
  ]);
});

describe('a writer', () => {
  test('refuses pixels of another size, and rows without pixels', async () => {
    const writer = await CatalogueWriter.create(folder, SIZE);
    await expect(writer.appendPixels(new Uint8Array(5))).rejects.toThrow(RangeError);
    await writer.appendRow(row(0));
    await expect(writer.finish({ hasClasses: false, notices: [], skipped: [] })).rejects.toThrow(RangeError);
    await writer.close();
    await expect(openPictures(folder)).rejects.toMatchObject({ code: 'index-missing' });
  });

  test.skipIf(noMount)(`that fills the disk says so${noMount ? ` (${noMount})` : ''}`, () =>
    onTinyDisk(async (at) => {
      const limits = { ...SHARD_LIMITS, groupRows: 10 };
      await expect(write(many(400, 1000), limits, at)).rejects.toMatchObject({ code: 'disk-full' });
    }, 256),
  );
});

describe('a damaged catalogue', () => {
  const opening = () => openPictures(folder);
  const code = (expected: string, file: string) => ({
    code: expected,
    message: expect.stringContaining(join(folder, file)),
    hint: expect.stringMatching(/./),
  });
  const edit = async (change: (manifest: Record<string, unknown>) => void) => {
    const path = join(folder, 'catalogue.json');
    const manifest = JSON.parse(await readFile(path, 'utf8'));
    change(manifest);
    await writeFile(path, JSON.stringify(manifest));
  };
  beforeEach(async () => {
    await write(many(30), { ...SHARD_LIMITS, groupRows: 5, shardRows: 20 });
  });

  test('a missing file is named', async () => {
    for (const file of ['pixels.u8', 'part-00001.parquet', 'catalogue.json']) {
      await rm(join(folder, file));
      await expect(opening()).rejects.toMatchObject(code('index-missing', file));
    }
  });

  test('a file that was cut short, or grew, is named', async () => {
    for (const file of ['pixels.u8', 'part-00001.parquet']) {
      const path = join(folder, file);
      const { size } = await stat(path);
      await appendFile(path, 'x');
      await expect(opening()).rejects.toMatchObject(code('index-damaged', file));
      await truncate(path, size - 1);
      await expect(opening()).rejects.toMatchObject(code('index-damaged', file));
      await expect(verifyPictures(folder)).rejects.toMatchObject(code('index-damaged', file));
      if (file === 'pixels.u8') {
        await expect(openPictureRows(folder)).rejects.toMatchObject(code('index-damaged', file));
        await rm(folder, { recursive: true });
        await write(many(30), { ...SHARD_LIMITS, groupRows: 5, shardRows: 20 });
      }
    }
  });

  test('a changed byte of the pixels or of a shard is noticed before it is used, and when verified', async () => {
    const flip = async (file: string) => {
      const bytes = await readFile(join(folder, file));
      bytes[40] = (bytes[40] ?? 0) ^ 1;
      await writeFile(join(folder, file), bytes);
    };
    await flip('pixels.u8');
    const store = await opening();
    expect(() => store.pixels).toThrow(expect.objectContaining(code('index-damaged', 'pixels.u8')));
    await expect(verifyPictures(folder)).rejects.toMatchObject(code('index-damaged', 'pixels.u8'));
    await flip('part-00000.parquet');
    await expect(opening()).rejects.toMatchObject(code('index-damaged', 'part-00000.parquet'));
    await expect(verifyPictures(folder)).rejects.toMatchObject(code('index-damaged', 'part-00000.parquet'));
  });

  test('whatever else stands in a shard, opening it says index-damaged, and never hangs', async () => {
    const path = join(folder, 'part-00001.parquet');
    const sound = await readFile(path);
    await fc.assert(
      fc.asyncProperty(fc.nat(sound.length - 1), fc.uint8Array({ minLength: 1, maxLength: 200 }), async (at, noise) => {
        const bytes = Uint8Array.from(sound);
        bytes.set(noise.subarray(0, sound.length - at), at);
        await writeFile(path, bytes);
        const outcome = await openPictureRows(folder).catch((error: unknown) => error);
        if (!sound.equals(bytes)) expect(outcome).toMatchObject(code('index-damaged', 'part-00001.parquet'));
      }),
      { numRuns: 200 },
    );
  });

  test('shards that were exchanged are noticed', async () => {
    const second = await readFile(join(folder, 'part-00001.parquet'));
    await writeFile(join(folder, 'part-00000.parquet'), second);
    await edit((manifest) => {
      const [first, last] = manifest.shards as Record<string, unknown>[];
      Object.assign(first ?? {}, { ...last, file: 'part-00000.parquet' });
      manifest.rows = 20;
      manifest.pixels = { ...(manifest.pixels as object), bytes: 20 * SIZE * SIZE * 3 };
    });
    await truncate(join(folder, 'pixels.u8'), 20 * SIZE * SIZE * 3);
    await expect(openPictureRows(folder)).rejects.toMatchObject(code('index-damaged', 'part-00000.parquet'));
  });

  test('a manifest that is no JSON, no catalogue or contradicts itself', async () => {
    const path = join(folder, 'catalogue.json');
    const sound = await readFile(path, 'utf8');
    const changes: ((manifest: Record<string, unknown>) => void)[] = [
      (manifest) => delete manifest.format,
      (manifest) => delete manifest.shards,
      (manifest) => Object.assign(manifest, { rows: 31 }),
      (manifest) => Object.assign(manifest, { size: 3 }),
      (manifest) => Object.assign(manifest, { version: 'one' }),
      (manifest) => Object.assign(manifest.pixels as object, { file: '../elsewhere' }),
    ];
    for (const change of changes) {
      await writeFile(path, sound);
      await edit(change);
      await expect(opening()).rejects.toMatchObject(code('index-damaged', 'catalogue.json'));
    }
    for (const text of ['', '{"format": "neuro', 'null', '[]', '7']) {
      await writeFile(path, text);
      await expect(opening()).rejects.toMatchObject(code('index-damaged', 'catalogue.json'));
    }
  });

  test('a newer version says so', async () => {
    await edit((manifest) => Object.assign(manifest, { version: 4, shards: 'of another kind' }));
    await expect(opening()).rejects.toMatchObject(code('index-newer', 'catalogue.json'));
    await expect(readThumbnails(folder, [0])).rejects.toMatchObject(code('index-newer', 'catalogue.json'));
  });
});
