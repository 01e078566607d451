import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failure } from '../download/downloads.fixture.ts';
import { openIdx } from './idx/idx.ts';
import { openJsonl } from './jsonl/jsonl.ts';
import { ParquetDecoder } from './parquet/decoder.ts';
import { CLASSES, huggingFace, labels, pictures, writeParquet } from './parquet/parquet.fixture.ts';
import { openParquet } from './parquet/parquet.ts';

let folder = '';
const decoder = new ParquetDecoder();
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-limits-'));
});
afterAll(async () => {
  await decoder.close();
  await rm(folder, { recursive: true, force: true });
});

/** The most by which the process grows while something is done. */
async function growth(work: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage.rss();
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss() - before);
  }, 5);
  await work();
  clearInterval(watch);
  return most;
}

/** A Zstandard frame without a content size (RFC 8878): as many blocks of one repeated byte as asked for, each of 128 KiB. */
function zstdBomb(blocks: number): Uint8Array {
  const block = (last: number): number[] => {
    const header = (131072 << 3) | (1 << 1) | last;
    return [header & 255, (header >> 8) & 255, header >> 16, 0];
  };
  const body = Array.from({ length: blocks }, (_, i) => block(i === blocks - 1 ? 1 : 0)).flat();
  return Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, ...body]);
}

describe('Parquet', () => {
  test('a Zstandard page that becomes a gigabyte is refused before it does', async () => {
    // Longer than the bomb: a page that its codec does not make smaller is written as it is.
    const text = Array.from({ length: 30_000 }, (_, i) => (i * 2654435761) % 4294967296).join(' ');
    const caption: ColumnSource = { name: 'caption', data: [text], type: 'STRING', codec: 'ZSTD' };
    const columns = [pictures('a'), caption];
    const bytes = parquetWriteBuffer({
      columnData: columns,
      kvMetadata: huggingFace(CLASSES),
      compressors: { ZSTD: () => zstdBomb(8192) },
    });
    const path = join(folder, 'bomb.parquet');
    await writeFile(path, new Uint8Array(bytes));
    const grown = await growth(async () => {
      const error = await failure(openParquet(path, { decoder }));
      expect(error.message).toContain(`${path}, row 0: its row group cannot be read (`);
    });
    expect(grown).toBeLessThan(512 << 20);
  });

  test('a text that many rows share is not copied for each without end', async () => {
    const captions: ColumnSource = { name: 'caption', data: Array(400).fill('x'.repeat(1 << 20)), type: 'STRING' };
    const path = await writeParquet(join(folder, 'texts.parquet'), [
      pictures(...Array<string>(400).fill('a')),
      labels(...Array<number>(400).fill(0)),
      captions,
    ]);
    const error = await failure(openParquet(path, { decoder }));
    expect(error.message).toMatch(/its texts have more than 268435456 characters|say that they become/);
  });

  test('values that repeat each other are ended when they fill the memory', async () => {
    const prefix = 'x'.repeat(60_000);
    const captions: ColumnSource = {
      name: 'caption',
      data: Array.from({ length: 4000 }, (_, i) => prefix + i),
      type: 'STRING',
      encoding: 'DELTA_BYTE_ARRAY',
    };
    const path = await writeParquet(join(folder, 'prefixes.parquet'), [
      pictures(...Array<string>(4000).fill('a')),
      captions,
    ]);
    const small = new ParquetDecoder(20_000, 32 << 20);
    try {
      expect((await failure(openParquet(path, { decoder: small }))).message).toContain('its bytes ask for more memory');
    } finally {
      await small.close();
    }
  });

  test('a footer that is larger than any is not read', async () => {
    const bytes = Buffer.alloc((17 << 20) + 12);
    bytes.write('PAR1', 0);
    bytes.writeUInt32LE(17 << 20, bytes.length - 8);
    bytes.write('PAR1', bytes.length - 4);
    const path = join(folder, 'footer.parquet');
    await writeFile(path, bytes);
    expect((await failure(openParquet(path, { decoder }))).message).toBe(
      `${path} has a footer of 17825792 bytes, and at most 16777216 are read`,
    );
  });
});

describe('IDX', () => {
  const zeros = async (name: string, count: number): Promise<string> => {
    const path = join(folder, `${name}-images-idx3-ubyte.gz`);
    const header = Buffer.from([0, 0, 8, 3, 0, count >> 16, (count >> 8) & 255, count & 255, 0, 0, 0, 28, 0, 0, 0, 28]);
    await writeFile(path, gzipSync(Buffer.concat([header, Buffer.alloc(80 << 20)])));
    return path;
  };

  test.each([
    [
      'that are announced',
      106_997,
      /announces 83885648 bytes, and has \d+ compressed; at most 2147483647 are read, and 100 times/,
    ],
    [
      'that are not announced',
      3,
      /has \d+ bytes compressed and more than 67108864 unpacked; at most 2147483647 are read/,
    ],
  ])('zeros in gzip %s are inflated up to the limit, and no further', async (name, count, message) => {
    const path = await zeros(name.replaceAll(' ', '-'), count);
    const grown = await growth(async () => {
      const error = await failure(openIdx({ images: path }));
      expect(error.code).toBe('source-unusable');
      expect(error.message).toMatch(message);
    });
    expect(grown).toBeLessThan(512 << 20);
  });
});

test('JSON lines: a line that is too long, or too deep, is left out with its number', async () => {
  await writeFile(join(folder, 'a.png'), 'x');
  const path = join(folder, 'deep.jsonl');
  const long = JSON.stringify({ picture: 'a.png', x: 'y'.repeat((1 << 24) + 1) });
  const deep = `{"picture": "a.png", "x": ${'['.repeat(5000)}${']'.repeat(5000)}}`;
  await writeFile(path, `${long}\n${deep}\n{"picture": "a.png",}\n{"picture": "a.png"}\n`);
  const { pictures: kept, skipped } = await openJsonl(path);
  expect(kept.map(({ path: name }) => name)).toEqual(['a.png']);
  expect(skipped.map(({ path: at, reason }) => `${at}: ${reason}`)).toEqual([
    'deep.jsonl, line 1: it is longer than 16777216 bytes',
    'deep.jsonl, line 2: it is nested more than 200 levels deep',
    'deep.jsonl, line 3: it is not JSON: column 21: "}" where a key after the comma should stand',
  ]);
});
