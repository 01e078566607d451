import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { NeurodexError, silentReporter } from '@neurodex/core';
import { openIdx, openJsonl, openParquet, ParquetDecoder, readAnnotations } from '@neurodex/datasets';
import { extractArchive, zipEntries } from '@neurodex/datasets/download';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTar, makeZip } from '../../../datasets/src/download/archives.fixture.ts';
import { readManifest } from '../artifact/catalogue-manifest.ts';
import { readIndexManifest } from '../artifact/manifest.ts';
import { readPreparedManifest } from '../artifact/prepared.ts';
import { readTensors } from '../build/initial-parameters.ts';
import { judgeRuns } from '../jobs/evaluate-runs.ts';
import { listRuns } from '../jobs/list-runs.ts';
import { readGrid } from '../study/grid.ts';
import { resolveConfiguration } from './configuration.ts';

/** What libraries and engines say, and no user should read. */
const INTERNALS =
  /unknown error|unexpected (token|end|non-wh)|in json at|dataview|invalid array|array length|typed array|out of (bounds|range)|offset is|is not (a function|iterable|defined)|cannot read prop|cannot convert|undefined|\[object|thrift|varint|zlib|\bZ_[A-Z]|ERR_[A-Z]|TAR_[A-Z]|must match pattern|\/\^|call stack|incorrect header|invalid (stored|distance|block|code|bit|literal)|signature: 0x|bigint|syntaxerror|rangeerror|typeerror|\bnode:|\.js:\d/i;

let folder = '';
const decoder = new ParquetDecoder(1500);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-readers-'));
});
afterAll(async () => {
  await decoder.close();
  await rm(folder, { recursive: true, force: true });
});

interface Reader {
  readonly name: string;
  readonly sound: () => Promise<Uint8Array> | Uint8Array;
  /** What is said of parts that are left out. */
  read(path: string): Promise<readonly string[] | undefined>;
}

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value, null, 1));
const reasons = (skipped: readonly { path: string; reason: string }[]) =>
  skipped.map(({ path, reason }) => `${path}: ${reason}`);
const header = (...sizes: number[]) => [0, 0, 8, sizes.length, ...sizes.flatMap((n) => [0, 0, n >> 8, n & 255])];
const idx = Buffer.from([...header(3, 4, 4), ...Array.from({ length: 48 }, (_, i) => i)]);

async function judged(run: string, qrels: string): Promise<string[]> {
  const warnings: string[] = [];
  const reporter = { ...silentReporter, warn: (message: string) => void warnings.push(message) };
  await judgeRuns({
    qrels: { name: basename(qrels), path: qrels },
    runs: [{ name: basename(run), path: run }],
    reporter,
  });
  return warnings;
}

/** A sound file beside the one that is changed. */
async function beside(path: string, name: string, content: string): Promise<string> {
  const at = join(dirname(path), name);
  await writeFile(at, content);
  return at;
}

const RUN = 'q1 Q0 d1 1 2.5 tag\nq1 Q0 d2 2 1e-3 tag\nq2 Q0 d1 1 0x1p3 tag\n';
const QRELS = 'q1 0 d1 1\nq1 0 d2 0\nq2 0 d3 2\n';
const readIn = (path: string) => ({ cwd: dirname(path), file: path });

const READERS: readonly Reader[] = [
  {
    name: 'config.json',
    sound: () => json({ preset: 'quick', training: { batchSize: 32 }, model: { width: 64 } }),
    read: async (path) => void (await resolveConfiguration(readIn(path))),
  },
  {
    name: 'grid.json',
    sound: () => readFile(here('../../../../examples/study-fashion-mnist.json')),
    read: async (path) => void (await readGrid(path)),
  },
  {
    name: 'run.txt',
    sound: () => Buffer.from(RUN),
    read: async (path) => judged(path, await beside(path, 'q.txt', QRELS)),
  },
  {
    name: 'qrels.txt',
    sound: () => Buffer.from(QRELS),
    read: async (path) => judged(await beside(path, 'r.txt', RUN), path),
  },
  {
    name: 'a-images-idx3-ubyte',
    sound: () => idx,
    read: async (path) => reasons((await openIdx({ images: path })).skipped),
  },
  {
    name: 'b-images-idx3-ubyte.gz',
    sound: () => gzipSync(idx),
    read: async (path) => reasons((await openIdx({ images: path })).skipped),
  },
  {
    name: 'lines.jsonl',
    sound: () => Buffer.from('{"picture": "lines.jsonl", "label": "a"}\n{"picture": "x.png", "labels": ["b"]}\n'),
    read: async (path) => reasons((await openJsonl(path)).skipped),
  },
  {
    name: 'archive.zip',
    sound: () =>
      makeZip([
        { name: 'a/b.txt', content: 'x'.repeat(200) },
        { name: 'c', content: 'y' },
      ]),
    read: async (path) => {
      await rm(`${path}.out`, { recursive: true, force: true });
      for await (const entry of zipEntries(path)) await entry.read();
      await extractArchive(path, `${path}.out`);
      return undefined;
    },
  },
  {
    name: 'archive.tgz',
    sound: () =>
      makeTar(
        [
          { name: 'a/b.txt', content: 'x'.repeat(200) },
          { name: 'c', content: 'y' },
        ],
        { gzip: true },
      ),
    read: async (path) => {
      await rm(`${path}.out`, { recursive: true, force: true });
      await extractArchive(path, `${path}.out`);
      return undefined;
    },
  },
  ...['pyarrow-snappy-dictionary', 'pyarrow-zstd-dictionary', 'datasets-labels'].map((name) => ({
    name: `${name}.parquet`,
    sound: () => readFile(here(`../../../datasets/src/datasets/fixtures/parquet/codecs/${name}.parquet`)),
    read: async (path: string) => {
      const { pictures, skipped } = await openParquet(path, { decoder });
      const failed: string[] = [];
      for (const { read } of pictures.slice(0, 3)) {
        await read().catch((error: unknown) => failed.push((error as Error).message));
      }
      return [...reasons(skipped), ...failed];
    },
  })),
  {
    name: 'instances_val2014.json',
    sound: () =>
      json({
        images: [{ id: 1, file_name: 'a.jpg', width: 4, height: 5 }],
        categories: [{ id: 2, name: 'cat' }],
        annotations: [{ id: 3, image_id: 1, category_id: 2, bbox: [0, 0, 2, 2], area: 4, iscrowd: 0 }],
      }),
    read: async (path) => void (await readAnnotations(path)),
  },
  {
    name: 'run.jsonl',
    sound: () =>
      Buffer.from('{"kind":"start","time":"t"}\n{"kind":"step","step":1,"loss":1}\n{"kind":"end","reason":"done"}\n'),
    read: async (path) => void (await listRuns({ places: [path], reporter: silentReporter })),
  },
  {
    name: 'index.json',
    sound: () =>
      json({
        format: 'neurodex-index',
        version: 1,
        neurodex: '0',
        created: 't',
        seed: 0,
        dataset: { name: 'a', source: 'b' },
      }),
    read: async (path) => void (await readIndexManifest(dirname(path))),
  },
  {
    name: 'catalogue.json',
    sound: () =>
      json({
        format: 'neurodex-catalogue',
        version: 1,
        size: 8,
        rows: 1,
        hasClasses: true,
        shards: [{ file: 'a.parquet', rows: 1 }],
      }),
    read: async (path) => void (await readManifest(dirname(path))),
  },
  {
    name: 'dataset.json',
    sound: () => json({ format: 'neurodex-dataset', version: 1 }),
    read: async (path) => void (await readPreparedManifest(dirname(path))),
  },
  {
    name: 'model.safetensors',
    sound: () => {
      const text = Buffer.from(
        '{"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}',
      );
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(text.length));
      return Buffer.concat([length, text, Buffer.alloc(8)]);
    },
    read: async (path) => void (await readTensors(path)),
  },
];

type Change = { readonly at: number; readonly to: number; readonly kind: 'set' | 'cut' | 'insert' | 'remove' };
const changes: fc.Arbitrary<Change[]> = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    to: fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('{}[]",:0-\0\n'))),
    kind: fc.constantFrom('set', 'set', 'set', 'cut', 'insert', 'remove'),
  }),
  { minLength: 1, maxLength: 5 },
);

function changed(sound: Uint8Array, list: readonly Change[]): Buffer {
  let bytes = Buffer.from(sound);
  for (const { at, to, kind } of list) {
    const place = Math.floor(at * bytes.length);
    if (kind === 'set' && bytes.length > 0) bytes[place] = to;
    else if (kind === 'cut') bytes = bytes.subarray(0, place);
    else if (kind === 'insert')
      bytes = Buffer.concat([bytes.subarray(0, place), Buffer.from([to]), bytes.subarray(place)]);
    else if (kind === 'remove') bytes = Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + 1)]);
  }
  return bytes;
}

describe('every reader names its file and the cause in words', () => {
  it.each(READERS)('$name', { timeout: 120_000 }, async ({ name, sound, read }) => {
    const original = await sound();
    const at = join(folder, name.replace(/\W/g, '_'));
    await mkdir(at, { recursive: true });
    const path = join(at, name);
    let failed = 0;
    await fc.assert(
      fc.asyncProperty(changes, async (list) => {
        await writeFile(path, changed(original, list));
        try {
          for (const reason of (await read(path)) ?? []) expect(reason).not.toMatch(INTERNALS);
        } catch (error) {
          if (!(error instanceof NeurodexError)) throw error;
          failed++;
          expect(error.message).toContain(name === 'index.json' || name === 'run.jsonl' ? at : name);
          expect(`${error.message}\n${error.hint}`).not.toMatch(INTERNALS);
        }
      }),
      { numRuns: 150 },
    );
    // A reader that takes anything was not tested.
    if (!['run.jsonl', 'dataset.json'].includes(name)) expect(failed).toBeGreaterThan(0);
  });
});
