import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { failure } from '../../download/downloads.fixture.ts';
import { createDownloads } from '../../download/downloads.ts';
import { TestHub } from '../../download/hub.fixture.ts';
import { hubParquetFiles } from '../../download/hugging-face.ts';
import { PATIENCE } from '../../download/retry.ts';
import { ParquetDecoder } from './decoder.ts';
import { CLASSES, huggingFace, SCHEMA } from './parquet.fixture.ts';
import { openParquetShards, remoteShards } from './parquet.ts';

const decoder = new ParquetDecoder();
afterAll(() => decoder.close());

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-parquet-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

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
