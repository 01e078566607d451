import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { parquetMetadata, type SchemaElement } from 'hyparquet';
import { ByteWriter, type ColumnSource, ParquetWriter, parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDownloads } from '../download/downloads.ts';
import { TestHub } from '../download/hub.fixture.ts';
import { hubParquetFiles } from '../download/hugging-face.ts';
import { PATIENCE } from '../download/retry.ts';
import { NeurodexError } from '../errors.ts';
import { datasetContract } from './dataset.contract.ts';
import type { Dataset } from './dataset.ts';
import { openParquet, openParquetShards, type ParquetOptions, type ParquetShard, remoteShards } from './parquet.ts';
import { ParquetDecoder } from './parquet-decoder.ts';

const fixtures = fileURLToPath(new URL('./fixtures/parquet/', import.meta.url));
const decoder = new ParquetDecoder();
afterAll(() => decoder.close());

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-parquet-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = (path: string, options: ParquetOptions = {}): Promise<Dataset> =>
  openParquet(path, { decoder, ...options });
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const failure = async (work: Promise<unknown>): Promise<NeurodexError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(NeurodexError);
  return error as NeurodexError;
};

const huggingFace = (features: object) => [{ key: 'huggingface', value: JSON.stringify({ info: { features } }) }];
const CLASSES = { image: { _type: 'Image' }, label: { names: ['cat', 'dog'], _type: 'ClassLabel' } };
const image = (content: string | null) => ({
  bytes: content === null ? null : Buffer.from(content),
  path: `${content}.jpg`,
});

const SCHEMA: SchemaElement[] = [
  { name: 'schema', num_children: 2 },
  { name: 'image', num_children: 2, repetition_type: 'OPTIONAL' },
  { name: 'bytes', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
  { name: 'path', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
  { name: 'label', type: 'INT32', repetition_type: 'OPTIONAL' },
];

const write = async (name: string, columnData: ColumnSource[], features: object = CLASSES): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, new Uint8Array(parquetWriteBuffer({ columnData, kvMetadata: huggingFace(features) })));
  return path;
};
const pictures = (...contents: (string | null)[]): ColumnSource => ({ name: 'image', data: contents.map(image) });
const labels = (...data: number[]): ColumnSource => ({ name: 'label', data, type: 'INT32' });

describe('a file', () => datasetContract(() => open(join(fixtures, 'imagenette/160px/train/0000.parquet'))));
describe('a folder of shards', () => datasetContract(() => open(join(fixtures, 'tiny-imagenet'))));

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

describe('on a hub', () => {
  const ROWS = 10;
  const PICTURE = 40_000;
  const noise = (seed: number): Buffer => {
    const bytes = Buffer.alloc(PICTURE);
    let state = seed + 1;
    for (let i = 0; i < PICTURE; i += 4) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      bytes.writeUInt32LE(state, i);
    }
    return bytes;
  };
  /** A shard of four row groups of ten pictures. */
  const shard = (first: number): Uint8Array => {
    const writer = new ByteWriter();
    const parquet = new ParquetWriter({
      writer,
      schema: SCHEMA,
      kvMetadata: huggingFace(CLASSES),
    });
    for (let group = 0; group < 4; group++) {
      const numbers = Array.from({ length: ROWS }, (_, i) => first + group * ROWS + i);
      parquet.write({
        columnData: [
          { name: 'image', data: numbers.map((n) => ({ bytes: noise(n), path: `${n}.jpg` })), codec: 'UNCOMPRESSED' },
          { name: 'label', data: numbers.map((n) => n % 2) },
        ],
        rowGroupSize: ROWS,
      });
    }
    parquet.finish();
    return new Uint8Array(writer.getBytes());
  };

  let hub: TestHub;
  beforeEach(async () => {
    hub = await TestHub.start();
  });
  afterEach(() => hub.close());

  const publish = async (token?: string) => {
    const files = Object.fromEntries(
      [0, 1, 2].map((i) => [`data/train-0000${i}-of-00003.parquet`, shard(i * 4 * ROWS)] as const),
    );
    const repo = 'ILSVRC/imagenet-1k';
    hub.publish({ repo, commit: 'a'.repeat(40), revisions: ['main'], files, ...(token ? { token } : {}) });
    const environment = { HF_ENDPOINT: hub.api.origin, ...(token ? { HF_TOKEN: token } : {}) };
    const downloads = createDownloads({ cache: join(folder, 'cache'), environment }, { ...PATIENCE, firstWait: 1 });
    const remote = await hubParquetFiles(downloads, { repo, split: 'train', gated: token !== undefined }, environment);
    return {
      size: Math.max(...Object.values(files).map(({ length }) => length)),
      shards: remoteShards(downloads, remote),
    };
  };

  test('few pictures cost few bytes: two row groups of one shard of three', async () => {
    const { size, shards } = await publish('hf_token');
    hub.api.seen.length = 0;
    hub.storage.seen.length = 0;
    const before = hub.bytesSent;
    const dataset = await openParquetShards(shards, 'imagenet', { decoder, maxPictures: 15 });
    expect(dataset.pictures).toHaveLength(15);
    const listed = hub.bytesSent - before;
    // The end of one file, and the labels of two row groups.
    expect(listed).toBeLessThan((1 << 17) + 2000);
    for (const [i, { read, labels }] of dataset.pictures.entries()) {
      expect(Buffer.from(await read()).equals(noise(i))).toBe(true);
      expect(labels).toEqual([i % 2 === 0 ? 'cat' : 'dog']);
    }
    const read = hub.bytesSent - before - listed;
    const group = ROWS * PICTURE;
    expect(read).toBeGreaterThan(2 * group);
    expect(read).toBeLessThan(2.02 * group);
    expect(hub.bytesSent).toBeLessThan(size * 0.7);
    // One shard of three was touched at all, and the token went to the hub alone.
    expect(new Set(hub.storage.seen.map(({ path }) => path)).size).toBe(1);
    expect(hub.storage.seen.every(({ headers }) => headers.authorization === undefined)).toBe(true);
    // Reading the same pictures again costs their row group and no more.
    await dataset.pictures[14]?.read();
    expect(hub.bytesSent - before - listed).toBe(read);
  });

  test('by ranges, several pictures at a time cost each row group once', async () => {
    const { shards } = await publish();
    const [first] = shards;
    const { whole: _, ...ranged } = first as (typeof shards)[number];
    const dataset = await openParquetShards([ranged], 'imagenet', { decoder });
    expect(dataset.pictures).toHaveLength(40);
    const before = hub.bytesSent;
    for (let i = 0; i < 40; i += 4) {
      const found = await Promise.all(dataset.pictures.slice(i, i + 4).map(({ read }) => read()));
      for (const [j, bytes] of found.entries()) expect(Buffer.from(bytes).equals(noise(i + j))).toBe(true);
    }
    expect(hub.bytesSent - before).toBeGreaterThan(40 * PICTURE);
    expect(hub.bytesSent - before).toBeLessThan(40 * PICTURE * 1.02);
  });

  test('all pictures are a download of all files, once; most of a file is a download of that one', async () => {
    const { size, shards } = await publish();
    const before = hub.bytesSent;
    const dataset = await openParquetShards(shards, 'imagenet', { decoder });
    expect(dataset.pictures).toHaveLength(120);
    expect(Buffer.from((await dataset.pictures[79]?.read()) ?? []).equals(noise(79))).toBe(true);
    const spent = hub.bytesSent - before;
    expect(spent).toBeGreaterThan(2.9 * size);
    expect(spent).toBeLessThanOrEqual(3 * size);
    // In the cache now: what another run needs of the first two files comes from there, but for their footers.
    const again = await openParquetShards(shards, 'imagenet', { decoder, maxPictures: 65 });
    expect(again.pictures).toHaveLength(65);
    expect(hub.bytesSent - before - spent).toBeLessThanOrEqual(2 << 17);
  });

  test('a shard that changes while it is read stops the work', async () => {
    const { shards } = await publish();
    const dataset = await openParquetShards(shards, 'imagenet', { decoder, maxPictures: 12 });
    for (const [path, file] of hub.storage.files) hub.storage.files.set(path, { ...file, etag: '"other"' });
    const error = await failure(dataset.pictures[0]?.read() as Promise<unknown>);
    expect(error.code).toBe('download-changed');
  });
});
