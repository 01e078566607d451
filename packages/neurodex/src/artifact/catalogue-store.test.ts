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
import { filesOf } from './catalogue-manifest.ts';
import { openPictureRows, openPictures, readThumbnails, verifyPictures } from './catalogue-store.ts';
import { PART_LIMITS, type PartLimits } from './catalogue-writer.ts';
import { catalogueIn } from './disk-target.ts';
import { sourceDigest } from './small-catalogue.fixture.ts';
import { TableReader } from './table.ts';
import type { TableRow } from './table-writer.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-store-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const SIZE = 2;
const pixels = (row: number) => Uint8Array.from({ length: SIZE * SIZE * 3 }, (_, i) => (row * 31 + i) & 255);

/** Bytes that differ from row to row and do not repeat, as PNG files do; the store does not look inside. */
const thumbnail = (row: number, bytes: number) =>
  Uint8Array.from({ length: bytes }, (_, i) => (Math.imul(row * 65_537 + i, 2_654_435_761) >>> 13) & 255);

const row = (i: number, bytes = 100 + (i % 7)): TableRow => ({
  id: i,
  path: `class ${i % 3}/${i}.png`,
  labels: [`class ${i % 3}`],
  role: i % 2 === 0 ? 'catalogue' : 'test',
  ...(i % 2 === 0 ? { identifier: String(i) } : {}),
  sha256: sourceDigest(i),
  thumbnail: thumbnail(i, bytes),
});

async function write(rows: readonly TableRow[], limits: PartLimits = PART_LIMITS, at = folder) {
  const writer = await catalogueIn(at, { size: SIZE }, limits);
  try {
    for (const [i, entry] of rows.entries()) await writer.append({ ...entry, column: async () => pixels(i) });
    return await writer.finish({
      hasClasses: true,
      givenRoles: true,
      notices: [{ work: 'Emoji', author: 'A. Painter', licence: 'CC-BY-4.0', url: 'https://example.org' }],
      skipped: [{ path: 'broken.jpg', reason: 'is empty (0 bytes)' }],
    });
  } finally {
    await writer.close();
  }
}

const many = (n: number, bytes?: number) => Array.from({ length: n }, (_, i) => row(i, bytes));

describe('what was written is read back', () => {
  test('rows, pixels and thumbnails, over several parts and row groups', async () => {
    const rows = many(47);
    const manifest = await write(rows, { ...PART_LIMITS, groupRows: 5, partRows: 20 });
    expect(manifest.parts.map(({ first, last, rows }) => [first, last, rows])).toEqual([
      [0, 19, 20],
      [20, 39, 20],
      [40, 46, 7],
    ]);
    const names = [0, 20, 40].flatMap((first) =>
      ['parquet', 'pixels.u8'].map((ending) => `part-${String(first).padStart(10, '0')}.${ending}`),
    );
    const withoutDigest = (name: string): string => name.replace(/-[0-9a-f]{12}\./, '.');
    expect(filesOf(manifest).map(({ file }) => withoutDigest(file))).toEqual(names);
    const files = ['catalogue.json', ...filesOf(manifest).map(({ file }) => file)];
    expect((await readdir(folder)).sort()).toEqual(files.sort());
    const store = await openPictures(folder);
    expect(store.rows).toEqual(rows.map(({ thumbnail: _, sha256: __, ...entry }, i) => ({ ...entry, row: i })));
    expect(await store.digests()).toEqual(rows.map(({ sha256 }) => sha256));
    expect(store.size).toBe(SIZE);
    expect(store.hasClasses).toBe(true);
    expect(store.notices[0]?.author).toBe('A. Painter');
    expect(store.skipped).toEqual([{ path: 'broken.jpg', reason: 'is empty (0 bytes)' }]);
    // One by one, and then all of them.
    for (const [i] of rows.entries()) expect(store.pixelsOf?.(i)).toEqual(pixels(i));
    for (const [i] of rows.entries()) expect(pixelsOf(store, i)).toEqual(pixels(i));
    expect(store.pixels).toHaveLength(47 * SIZE * SIZE * 3);
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
        const rows = entries.map(({ identifier, ...rest }, i): TableRow => {
          const entry = { ...rest, id: 3 * i, sha256: sourceDigest(i) };
          return rest.role === 'catalogue' ? { ...entry, identifier } : entry;
        });
        await write(rows, { ...PART_LIMITS, groupRows: 4, partRows: 8 }, at);
        const { rows: pictures } = await openPictures(at);
        expect(pictures).toEqual(rows.map(({ thumbnail: _, sha256: __, ...rest }, i) => ({ ...rest, row: i })));
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

  test('parts and row groups also end by their bytes', async () => {
    const { parts } = await write(many(40, 10_000), {
      groupRows: 500,
      groupBytes: 50_000,
      partRows: 5_000,
      partBytes: 200_000,
    });
    expect(parts.length).toBe(3);
    for (const { pictures } of parts) {
      expect(pictures.bytes).toBeLessThan(200_000);
      const file = await readFile(join(folder, pictures.file));
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
  const { parts } = await write(rows, { ...PART_LIMITS, groupRows: 500, partRows: 1000 });
  const whole = parts.reduce((sum, { pictures }) => sum + pictures.bytes, 0);
  expect(whole).toBeGreaterThan(6_000_000);
  for (const asked of [0, 499, 500, 999, 1499]) {
    const { read, open } = counting();
    const part = (asked < 1000 ? parts[0] : parts[1]) ?? expect.unreachable();
    const file = await open(join(folder, part.pictures.file));
    const inside = asked % 1000;
    const bytes = await new TableReader(file, part.rows, {}).thumbnail(inside);
    expect(bytes).toEqual(rows[asked]?.thumbnail);
    await file.close();
    // Footer 64 KiB and once more what of it is metadata, one page of pictures 64 KiB, the page of names of its row
    // group, the page index.
    expect(read.bytes).toBeLessThan(180_000);
  }
});

test('opening the rows does not read the pictures', async () => {
  const { parts } = await write(many(1000, 4000));
  const { read, open } = counting();
  const file = await open(join(folder, parts[0]?.pictures.file ?? ''));
  expect((await new TableReader(file, 1000, {}).rows()).path).toHaveLength(1000);
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
  const { parts } = await write(many(3));
  const metadata = parquetMetadata(new Uint8Array(await readFile(join(folder, parts[0]?.pictures.file ?? ''))));
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
    'cluster',
    'id',
    'sha256',
  ]);
});

describe('a writer', () => {
  test('refuses pixels of another size', async () => {
    const writer = await catalogueIn(folder, { size: SIZE });
    await writer.append({ ...row(0), column: async () => new Uint8Array(5) });
    await expect(writer.finish({ hasClasses: false, givenRoles: false, notices: [], skipped: [] })).rejects.toThrow(
      RangeError,
    );
    await writer.close();
    await expect(openPictures(folder)).rejects.toMatchObject({ code: 'index-missing' });
  });

  test.skipIf(noMount)(`that fills the disk says so${noMount ? ` (${noMount})` : ''}`, () =>
    onTinyDisk(async (at) => {
      const limits = { ...PART_LIMITS, groupRows: 10 };
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
  /** The table of the first part, and what is in the second. */
  let [first, table, pixelFile] = ['', '', ''];
  beforeEach(async () => {
    const { parts } = await write(many(30), { ...PART_LIMITS, groupRows: 5, partRows: 20 });
    first = parts[0]?.pictures.file ?? '';
    table = parts[1]?.pictures.file ?? '';
    pixelFile = parts[1]?.pixels.file ?? '';
  });

  test('a missing file is named', async () => {
    for (const file of [pixelFile, table, 'catalogue.json']) {
      await rm(join(folder, file));
      await expect(opening()).rejects.toMatchObject(code('index-missing', file));
    }
  });

  test('a file that was cut short, or grew, is named', async () => {
    for (const file of [pixelFile, table]) {
      const path = join(folder, file);
      const { size } = await stat(path);
      await appendFile(path, 'x');
      await expect(opening()).rejects.toMatchObject(code('index-damaged', file));
      await truncate(path, size - 1);
      await expect(opening()).rejects.toMatchObject(code('index-damaged', file));
      await expect(verifyPictures(folder)).rejects.toMatchObject(code('index-damaged', file));
      if (file === pixelFile) {
        await expect(openPictureRows(folder)).rejects.toMatchObject(code('index-damaged', file));
        await rm(folder, { recursive: true });
        await write(many(30), { ...PART_LIMITS, groupRows: 5, partRows: 20 });
      }
    }
  });

  test('a changed byte of the pixels or of a table is noticed before it is used, and when verified', async () => {
    const flip = async (file: string) => {
      const bytes = await readFile(join(folder, file));
      bytes[40] = (bytes[40] ?? 0) ^ 1;
      await writeFile(join(folder, file), bytes);
    };
    await flip(pixelFile);
    const store = await opening();
    expect(store.pixelsOf?.(19)).toEqual(pixels(19));
    expect(() => store.pixelsOf?.(20)).toThrow(expect.objectContaining(code('index-damaged', pixelFile)));
    expect(() => store.pixels).toThrow(expect.objectContaining(code('index-damaged', pixelFile)));
    await expect(verifyPictures(folder)).rejects.toMatchObject(code('index-damaged', pixelFile));
    await flip(first);
    await expect(opening()).rejects.toMatchObject(code('index-damaged', first));
    await expect(verifyPictures(folder)).rejects.toMatchObject(code('index-damaged', first));
  });

  test('whatever else stands in a table, opening it says index-damaged, and never hangs', async () => {
    const path = join(folder, table);
    const sound = await readFile(path);
    await fc.assert(
      fc.asyncProperty(fc.nat(sound.length - 1), fc.uint8Array({ minLength: 1, maxLength: 200 }), async (at, noise) => {
        const bytes = Uint8Array.from(sound);
        bytes.set(noise.subarray(0, sound.length - at), at);
        await writeFile(path, bytes);
        const outcome = await openPictureRows(folder).catch((error: unknown) => error);
        if (!sound.equals(bytes)) expect(outcome).toMatchObject(code('index-damaged', table));
      }),
      { numRuns: 200 },
    );
  });

  test('parts that were exchanged are noticed', async () => {
    await writeFile(join(folder, first), await readFile(join(folder, table)));
    await edit((manifest) => {
      const [one, two] = manifest.parts as Record<string, object>[];
      Object.assign(one ?? {}, { ...two, first: 0, last: 19, pictures: { ...two?.pictures, file: first } });
      Object.assign(manifest, { rows: 10, parts: [one] });
    });
    await expect(openPictureRows(folder)).rejects.toMatchObject(code('index-damaged', first));
  });

  test('a manifest that is no JSON, no catalogue or contradicts itself', async () => {
    const path = join(folder, 'catalogue.json');
    const sound = await readFile(path, 'utf8');
    const changes: ((manifest: Record<string, unknown>) => void)[] = [
      (manifest) => delete manifest.format,
      (manifest) => delete manifest.parts,
      (manifest) => Object.assign(manifest, { rows: 31 }),
      (manifest) => Object.assign(manifest, { size: 3 }),
      (manifest) => Object.assign(manifest, { version: 'one' }),
      (manifest) => Object.assign((manifest.parts as { pixels: object }[])[0]?.pixels ?? {}, { file: '../elsewhere' }),
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
    await edit((manifest) => Object.assign(manifest, { version: 6, parts: 'of another kind' }));
    await expect(opening()).rejects.toMatchObject(code('index-newer', 'catalogue.json'));
    await expect(readThumbnails(folder, [0])).rejects.toMatchObject(code('index-newer', 'catalogue.json'));
  });
});
