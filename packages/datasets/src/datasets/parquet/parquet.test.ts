import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentReporter } from '@neurodex/core';
import type { SchemaElement } from 'hyparquet';
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { failure, sha256 } from '../../download/downloads.fixture.ts';
import { datasetContract } from '../dataset.contract.ts';
import type { Dataset } from '../dataset.ts';
import { NO_RULES } from '../rules.ts';
import { ParquetDecoder } from './decoder.ts';
import { CLASSES, fixtures, labels, pictures, SCHEMA, writeParquet } from './parquet.fixture.ts';
import { openParquet, openParquetShards, type ParquetOptions, type ParquetShard } from './parquet.ts';
import { openParquetSource } from './source.ts';

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

describe('a file', () =>
  datasetContract(() => open(join(fixtures, 'imagenette/160px/train/0000.parquet')), { entries: 12 }));
describe('a folder of shards', () => datasetContract(() => open(join(fixtures, 'tiny-imagenet')), { entries: 8 }));

describe('published formats', () => {
  test('imagenette', async () => {
    const { pictures, skipped } = await open(join(fixtures, 'imagenette/160px/train'));
    expect(pictures.map(({ labels }) => labels[0])).toEqual([
      ...['tench', 'English springer', 'cassette player', 'chain saw', 'church', 'French horn', 'garbage truck'],
      ...['gas pump', 'golf ball', 'parachute', 'tench', 'English springer'],
    ]);
    expect(pictures[3]?.path).toBe('0000/03');
    expect(skipped).toEqual([]);
  });

  test('tiny-imagenet', async () => {
    const { pictures } = await open(join(fixtures, 'tiny-imagenet/data'));
    expect(pictures.map(({ path, labels }) => `${path} ${labels}`)).toEqual([
      'train-00000-of-00001-1359597a978bc4fa/0 n01443537',
      'train-00000-of-00001-1359597a978bc4fa/1 n01443537',
      'train-00000-of-00001-1359597a978bc4fa/2 n01629819',
      'train-00000-of-00001-1359597a978bc4fa/3 n12267677',
      'train-00000-of-00001-1359597a978bc4fa/4 n02236044',
      'train-00000-of-00001-1359597a978bc4fa/5 n01770393',
      'valid-00000-of-00001-70d52db3c749a935/0 n01742172',
      'valid-00000-of-00001-70d52db3c749a935/1 n12267677',
    ]);
  });

  test('imagenet-1k; the hidden labels of its test split are none', async () => {
    const train = await open(join(fixtures, 'imagenet-1k/data/train-00000-of-00001.parquet'));
    expect(train.pictures[1]?.labels).toEqual(['comic book']);
    expect(train.pictures[2]?.labels).toEqual(['junco, snowbird']);
    const hidden = await open(join(fixtures, 'imagenet-1k/data/test-00000-of-00001.parquet'));
    expect(hidden.pictures.map((picture) => picture.labels)).toEqual([[], [], []]);
    expect(hidden.skipped).toEqual([]);
    const both = await open(join(fixtures, 'imagenet-1k'));
    expect(both.pictures).toHaveLength(12);
    expect(both.skipped.map(({ reason }) => reason)).toEqual(
      Array(3).fill('it has no label, while other pictures have'),
    );
  });

  test('every codec, page and dictionary is read as their own programs read it', async () => {
    const expected = JSON.parse(await readFile(join(fixtures, 'codecs/expected.json'), 'utf8')) as Record<
      string,
      unknown[]
    >;
    expect(Object.keys(expected)).toHaveLength(10);
    for (const [name, rows] of Object.entries(expected)) {
      const dataset = await open(join(fixtures, 'codecs', name));
      const found: unknown[] = [];
      for (const { labels, captions = [], read } of dataset.pictures) {
        found.push({ labels, captions, sha256: sha256(await read()) });
      }
      expect(found, name).toEqual(rows);
    }
  });
});

test('of a large row group with a page index only some pages are read at a time', async () => {
  const path = join(fixtures, 'codecs/pyarrow-page-index.parquet');
  const expected = JSON.parse(await readFile(join(fixtures, 'codecs/expected.json'), 'utf8')) as Record<
    string,
    { sha256: string }[]
  >;
  let largest = 0;
  const shard: ParquetShard = {
    name: 'large',
    source: path,
    open: async () => {
      const file = new Uint8Array(await readFile(path)).buffer;
      const slice = async (start: number, end = file.byteLength) => {
        largest = Math.max(largest, end - start);
        return file.slice(start, end);
      };
      return { byteLength: file.byteLength, slice, close: async () => {} };
    },
  };
  const { pictures } = await openParquetShards([shard], path, { decoder, blockBytes: 6000 });
  largest = 0;
  const digests: string[] = [];
  for (const { read } of pictures) digests.push(sha256(await read()));
  expect(digests).toEqual(expected['pyarrow-page-index.parquet']?.map((row) => row.sha256));
  expect(largest).toBeLessThan(5000);
});

describe('columns', () => {
  test('texts, numbers without names, lists, captions, bytes without a struct, and other names', async () => {
    const bytes: ColumnSource = { name: 'picture', data: [Buffer.from('a'), Buffer.from('b')], type: 'BYTE_ARRAY' };
    const text = await open(await write('text.parquet', [bytes, { name: 'label', data: ['x', 'y'] }], {}));
    expect(text.pictures.map(({ labels }) => labels)).toEqual([['x'], ['y']]);
    expect(Buffer.from((await text.pictures[1]?.read()) ?? []).toString()).toBe('b');
    const numbers = await open(await write('number.parquet', [bytes, labels(7, -1)], {}));
    expect(numbers.pictures.map(({ labels }) => labels)).toEqual([['7'], ['-1']]);
    const declared = { img: { _type: 'Image' }, fine_label: CLASSES.label };
    const columns = [
      { ...pictures('a', 'b'), name: 'img' },
      { ...labels(1, 0), name: 'fine_label' },
    ];
    expect((await open(await write('cifar.parquet', columns, declared))).pictures[0]?.labels).toEqual(['dog']);
    const captioned = await write('caption.parquet', [pictures('a'), { name: 'caption', data: [' A cat. '] }], {});
    expect((await open(captioned)).pictures[0]).toMatchObject({ labels: [], captions: ['A cat.'] });
  });

  const two = pictures('a', 'b');
  const messages = ({ layout = [] }: Dataset) => layout.map(({ message }) => message);

  test.each(['class', 'category', 'Label', 'fine_label', 'target'])(
    'labels in %s are read, and that is said',
    async (name) => {
      const dataset = await open(await write('usual.parquet', [two, { name, data: ['x', 'y'] }], {}));
      expect(dataset.pictures.map((picture) => picture.labels)).toEqual([['x'], ['y']]);
      expect(messages(dataset)).toEqual([`the labels are read from the column ${name}`]);
    },
  );

  test('several that may be the label are refused, unless one is declared or asked for', async () => {
    const columns = [two, { name: 'category', data: ['x', 'y'] }, { name: 'class', data: ['1', '2'] }];
    const path = await write('several.parquet', columns, {});
    expect(await failure(open(path))).toMatchObject({
      code: 'source-unusable',
      message: expect.stringMatching(/several columns that may be the label \(category and class\); --label-column/),
    });
    const asked = await open(path, { labelColumn: 'class' });
    expect(asked.pictures.map((picture) => picture.labels)).toEqual([['1'], ['2']]);
    expect(messages(asked)).toContain('the column category is not read');
    expect((await failure(open(path, { labelColumn: 'clas' }))).message).toMatch(
      /no column clas, .* \(its columns: image, category, class\)/,
    );
    const cifar = [two, { ...labels(1, 0), name: 'fine_label' }, { ...labels(1, 1), name: 'coarse_label' }];
    const declared = { image: { _type: 'Image' }, fine_label: CLASSES.label, coarse_label: CLASSES.label };
    const fine = await open(await write('cifar100.parquet', cifar, declared));
    expect(fine.pictures.map((picture) => picture.labels)).toEqual([['dog'], ['cat']]);
    expect(messages(fine)).toEqual([
      'the labels are read from the column fine_label',
      'the column coarse_label is not read',
    ]);
  });

  test('labels of other types: truth values, bytes of a text, a number that the file gives no name', async () => {
    const truth = await open(
      await write('truth.parquet', [two, { name: 'label', data: [true, false], type: 'BOOLEAN' }], {}),
    );
    expect(truth.pictures.map((picture) => picture.labels)).toEqual([['true'], ['false']]);
    const bytes: ColumnSource = { name: 'label', data: [Buffer.from('ü'), Buffer.from('y')], type: 'BYTE_ARRAY' };
    const text = await open(await write('bytes.parquet', [two, bytes], {}));
    expect(text.pictures.map((picture) => picture.labels)).toEqual([['ü'], ['y']]);
    const numbers = await open(await write('unnamed.parquet', [two, labels(3, 4)], { label: { _type: 'ClassLabel' } }));
    expect(messages(numbers)).toEqual(['the labels in the column label are numbers, and the file names no classes']);
  });

  test('a label that is a struct is refused, not lost', async () => {
    const schema: SchemaElement[] = [
      { name: 'schema', num_children: 2 },
      ...SCHEMA.slice(1, 4),
      { name: 'label', num_children: 1, repetition_type: 'OPTIONAL' },
      { name: 'name', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
    ];
    const path = join(folder, 'struct.parquet');
    const columnData = [two, { name: 'label', data: [{ name: 'x' }, { name: 'y' }] }];
    await writeFile(path, new Uint8Array(parquetWriteBuffer({ schema, columnData })));
    expect(await failure(open(path))).toMatchObject({
      code: 'source-unusable',
      message: expect.stringMatching(/a column label that is neither a class name, .* but holds name; --label-column/),
    });
  });

  test('no label that is known: the columns there are, as a doubt', async () => {
    const dataset = await open(await write('none.parquet', [two, { name: 'animal', data: ['x', 'y'] }], {}));
    expect(dataset.layout).toEqual([{ message: expect.stringMatching(/--label-column .*: animal$/), doubtful: true }]);
  });

  test('splits that are put together are named; files beside the shards are counted', async () => {
    await mkdir(join(folder, 'data'));
    await write('data/train-00000-of-00001.parquet', [two, labels(0, 1)]);
    await write('data/test-00000-of-00001.parquet', [two, labels(0, 1)]);
    await writeFile(join(folder, 'README.md'), 'x');
    await writeFile(join(folder, 'a.jpg'), 'x');
    const source = await openParquetSource({
      source: folder,
      rules: NO_RULES,
      seed: 0,
      cache: folder,
      environment: {},
      downloads: () => {
        throw new Error('nothing is to be downloaded');
      },
      reporter: silentReporter,
    });
    expect(messages(source)).toEqual(['the splits test and train are put together, and the pictures are split anew']);
    expect(source.skipped.map(({ path, reason }) => `${path}: ${reason}`).sort()).toEqual([
      'README.md: not a Parquet file',
      'a.jpg: a picture file beside Parquet files, of which only those are read',
    ]);
  });

  test('paths of files beside it; none that lead elsewhere', async () => {
    await mkdir(join(folder, 'p'), { recursive: true });
    await writeFile(join(folder, 'p', 'a.bin'), 'here');
    const path = await write(
      'paths.parquet',
      [{ name: 'picture', data: ['p/a.bin', 'p/none.bin', '../x', '/etc/passwd'] }],
      {},
    );
    const { pictures } = await open(path);
    expect(Buffer.from((await pictures[0]?.read()) ?? []).toString()).toBe('here');
    for (const [i, message] of [
      [1, /does not exist/],
      [2, /row 2 of .*paths\.parquet\) names \.\.\/x, outside/],
      [3, /outside of/],
    ] as const) {
      const error = await failure((pictures[i] as (typeof pictures)[number]).read());
      expect(error.code).toBe('picture-missing');
      expect(error.message).toMatch(message);
    }
  });

  test.each([
    ['no pictures', [labels(0)], CLASSES, /has no column of pictures called image or picture \(its columns: label\)/],
    ['a picture that is a number', [{ name: 'image', data: [1], type: 'INT32' }], {}, /no column of pictures/],
  ] as const)('%s is told with the columns there are', async (_, columns, features, message) => {
    const path = await write('columns.parquet', [...columns] as ColumnSource[], features);
    expect(await failure(open(path))).toMatchObject({
      code: 'source-unusable',
      message: expect.stringMatching(message),
    });
  });
});
