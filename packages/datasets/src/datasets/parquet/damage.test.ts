import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NeurodexError } from '@neurodex/core';
import fc from 'fast-check';
import { parquetMetadata } from 'hyparquet';
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { failure } from '../../download/downloads.fixture.ts';
import type { Dataset } from '../dataset.ts';
import { ParquetDecoder } from './decoder.ts';
import { CLASSES, fixtures, huggingFace, image, labels, pictures, SCHEMA, writeParquet } from './parquet.fixture.ts';
import { openParquet, type ParquetOptions } from './parquet.ts';

const decoder = new ParquetDecoder();
afterAll(() => decoder.close());

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-parquet-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = (path: string, options: ParquetOptions = {}): Promise<Dataset> =>
  openParquet(path, { decoder, ...options });
const write = (name: string, columns: ColumnSource[], features?: object) =>
  writeParquet(join(folder, name), columns, features);

describe('bad rows', () => {
  test('a label that is no class, or a caption that is no text, is skipped with its row', async () => {
    const path = await write('bad.parquet', [pictures('a', 'b', 'c', 'd'), labels(0, 2, 1, -7)]);
    const { pictures: kept, skipped } = await open(path);
    expect(kept.map(({ path: name, labels }) => `${name} ${labels}`)).toEqual(['bad/0 cat', 'bad/2 dog']);
    expect(skipped).toEqual([
      { path: `${path}, row 1`, reason: 'its label 2 is none of the 2 classes' },
      { path: `${path}, row 3`, reason: 'its label -7 is none of the 2 classes' },
    ]);
    const captions: ColumnSource = { name: 'captions', data: [{ a: 1 }], type: 'JSON' };
    expect(await failure(open(await write('captions.parquet', [pictures('a'), captions])))).toMatchObject({
      code: 'source-empty',
      message: expect.stringMatching(/row 0: its captions hold an object, not a text/),
    });
  });

  test('a picture without bytes is refused when it is read, by its row', async () => {
    const data = [image('a'), { bytes: null, path: null }, null, { bytes: Buffer.from(''), path: 'x' }];
    const columnData = [
      { name: 'image', data },
      { name: 'label', data: [0, 0, 1, 1] },
    ];
    const path = join(folder, 'null.parquet');
    await writeFile(
      path,
      new Uint8Array(parquetWriteBuffer({ columnData, schema: SCHEMA, kvMetadata: huggingFace(CLASSES) })),
    );
    const { pictures } = await open(path);
    expect(Buffer.from((await pictures[0]?.read()) ?? []).toString()).toBe('a');
    for (const [i, picture] of pictures.slice(1).entries()) {
      const error = await failure(picture.read());
      expect(error).toMatchObject({ code: 'picture-empty', details: { file: path, row: i + 1 } });
      expect(error.message).toBe(`null/${i + 1} (row ${i + 1} of ${path}) has no bytes`);
    }
  });

  test('all of them: the first is told', async () => {
    const path = await write('none.parquet', [pictures('a'), labels(9)]);
    expect(await failure(open(path))).toMatchObject({
      code: 'source-empty',
      message: expect.stringMatching(/row 0: its label 9/),
    });
    const empty = await write('empty.parquet', [pictures(), labels()]);
    expect(await failure(open(empty))).toMatchObject({
      code: 'source-empty',
      message: expect.stringMatching(/no rows/),
    });
  });
});

describe('bad files', () => {
  const sound = () => write('sound.parquet', [pictures('a', 'b'), labels(0, 1)]);

  test('are told with what is wrong', async () => {
    const whole = await readFile(await sound());
    for (const [name, bytes] of [
      ['cut.parquet', whole.subarray(0, -20)],
      ['head.parquet', whole.subarray(0, 30)],
      ['empty.parquet', Buffer.alloc(0)],
      ['text.parquet', Buffer.from('picture,label\n'.repeat(10))],
      ['half.parquet', Buffer.concat([whole.subarray(0, 20), whole.subarray(60)])],
    ] as const) {
      const path = join(folder, name);
      await writeFile(path, bytes);
      const error = await failure(open(path).then(({ pictures }) => Promise.all(pictures.map(({ read }) => read()))));
      expect(['source-unusable', 'source-empty', 'picture-damaged'], name).toContain(error.code);
      expect(error.message).toContain(path);
    }
    expect((await failure(open(join(folder, 'none.parquet')))).code).toBe('source-missing');
    await mkdir(join(folder, 'nothing'));
    expect((await failure(open(join(folder, 'nothing')))).message).toMatch(/holds no \.parquet files/);
  });

  test('an unknown codec is told by its name', async () => {
    const columns = [{ ...pictures('a'), codec: 'LZO' as const }, labels(0)];
    const bytes = parquetWriteBuffer({ columnData: columns, compressors: { LZO: (page: Uint8Array) => page } });
    const path = join(folder, 'lzo.parquet');
    await writeFile(path, new Uint8Array(bytes));
    expect(await failure(open(path))).toMatchObject({
      code: 'source-unusable',
      message: `${path} is compressed with LZO, which cannot be read`,
    });
  });

  test('one shard of several costs only itself', async () => {
    await sound();
    await write('other.parquet', [pictures('c'), labels(1)]);
    await writeFile(join(folder, 'broken.parquet'), 'PAR1 not really PAR1');
    const { pictures: found, skipped } = await open(folder);
    expect(found.map(({ path }) => path)).toEqual(['other/0', 'sound/0', 'sound/1']);
    expect(skipped).toEqual([
      { path: join(folder, 'broken.parquet'), reason: expect.stringMatching(/is not a Parquet file that can be read/) },
    ]);
  });

  test('a damaged row group costs only itself, and is tried once', async () => {
    const path = join(fixtures, 'codecs/pyarrow-zstd-dictionary.parquet');
    const bytes = await readFile(path);
    // Somewhere in the pictures of the second of four row groups.
    bytes.fill(0xff, 7000, 7200);
    const broken = join(folder, 'broken.parquet');
    await writeFile(broken, bytes);
    const { pictures } = await open(broken);
    expect(pictures).toHaveLength(40);
    const outcomes: string[] = [];
    for (const { read } of pictures)
      outcomes.push(
        await read().then(
          () => 'read',
          (error: NeurodexError) => error.code,
        ),
      );
    expect(outcomes.filter((outcome) => outcome === 'read').length).toBeGreaterThanOrEqual(29);
    expect(outcomes.slice(11, 22)).toEqual(Array(11).fill('picture-damaged'));
  });

  test('bytes that lead the reader in a circle are left in time', async () => {
    const impatient = new ParquetDecoder(300);
    try {
      const numbers = Array.from({ length: 20 }, (_, i) => (i % 3 === 0 ? null : i % 2));
      const columnData: ColumnSource[] = [
        { ...pictures(...numbers.map((_, i) => `p${i}`)), codec: 'UNCOMPRESSED' },
        { name: 'label', data: numbers, codec: 'UNCOMPRESSED' },
      ];
      const bytes = new Uint8Array(
        parquetWriteBuffer({ columnData, schema: SCHEMA, kvMetadata: huggingFace(CLASSES) }),
      );
      await writeFile(join(folder, 'plain.parquet'), bytes);
      const column = parquetMetadata(bytes.buffer).row_groups[0]?.columns.at(-1)?.meta_data;
      const start = Number(column?.data_page_offset);
      // Runs of levels whose length is taken for a thousand times what it is, or for none at all.
      const path = join(folder, 'circle.parquet');
      let reason = '';
      for (let at = start; at < start + Number(column?.total_compressed_size) && !/in a circle/.test(reason); at++) {
        const changed = Buffer.from(bytes);
        changed[at] = 0x80;
        await writeFile(path, changed);
        const outcome = await openParquet(path, { decoder: impatient }).catch((error: NeurodexError) => error);
        reason = 'message' in outcome ? outcome.message : '';
      }
      expect(reason).toMatch(
        /circle\.parquet, rows 0 to 19: its row group cannot be read \(its bytes lead the reader in a circle\)/,
      );
      // The next file finds a reader that works.
      const sane = await openParquet(join(folder, 'plain.parquet'), { decoder: impatient });
      expect(Buffer.from((await sane.pictures[0]?.read()) ?? []).toString()).toBe('p1');
    } finally {
      await impatient.close();
    }
  });
});

describe('damaged bytes', () => {
  test('end in our words or in a picture, and never go on for ever', { timeout: 120_000 }, async () => {
    const impatient = new ParquetDecoder(700);
    const files = [
      'pyarrow-snappy-dictionary',
      'pyarrow-zstd-dictionary',
      'pyarrow-v2-pages',
      'pyarrow-delta',
      'datasets-labels',
    ];
    const sound = await Promise.all(files.map((name) => readFile(join(fixtures, 'codecs', `${name}.parquet`))));
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.nat(files.length - 1),
          fc.array(fc.record({ at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), to: fc.nat(255) }), {
            minLength: 1,
            maxLength: 8,
          }),
          async (which, changes) => {
            const bytes = Buffer.from(sound[which] as Buffer);
            for (const { at, to } of changes) bytes[Math.floor(at * bytes.length)] = to;
            const path = join(folder, 'fuzzed.parquet');
            await writeFile(path, bytes);
            const problems: unknown[] = [];
            try {
              const dataset = await openParquet(path, { decoder: impatient });
              for (const { read } of dataset.pictures) await read().catch((error: unknown) => problems.push(error));
            } catch (error) {
              problems.push(error);
            }
            for (const problem of problems) {
              expect(problem).toBeInstanceOf(NeurodexError);
              expect((problem as NeurodexError).code).toMatch(
                /^(picture-(damaged|empty|missing)|source-(unusable|empty))$/,
              );
              expect((problem as NeurodexError).message).toContain(path);
            }
          },
        ),
        { numRuns: 100 },
      );
    } finally {
      await impatient.close();
    }
  });
});
