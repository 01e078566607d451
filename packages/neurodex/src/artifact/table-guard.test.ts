import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tableAt } from './disk-target.ts';
import { type TableColumns, TableReader } from './table.ts';
import type { VectorColumns } from './table-schema.ts';
import { thriftEnd, unsignedAt } from './thrift-guard.ts';

const ROWS = 60;
const VECTORS = { v: { length: 5 } };

let folder = '';
let sound: Buffer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-guard-'));
  const path = join(folder, 'part.parquet');
  const writer = await tableAt(path, VECTORS);
  for (let group = 0; group < 2; group++)
    await writer.writeRowGroup(
      Array.from({ length: ROWS / 2 }, (_, i) => ({
        id: (group * ROWS) / 2 + i,
        path: `class ${i % 3}/${i}.png`,
        labels: i % 4 === 0 ? [] : [`class ${i % 3}`, 'all'],
        role: i % 2 === 0 ? ('catalogue' as const) : ('train' as const),
        ...(i % 2 === 0 ? { identifier: `${i}`, vectors: { v: Float32Array.of(0, i, 0, 0, 1) } } : {}),
        captions: ['one', `two ${i}`],
        objects: [{ category: 'a', box: [0, 1, 2, i] as const, area: 3, crowd: i % 2 === 1 }],
        sha256: `${i}`.padStart(64, '0'),
        thumbnail: new Uint8Array(200 * i).fill(i),
      })),
    );
  await writer.finish();
  sound = await readFile(path);
});
afterAll(() => rm(folder, { recursive: true }));

const reader = (bytes: Uint8Array, rows = ROWS, vectors = VECTORS as VectorColumns) =>
  new TableReader(
    {
      byteLength: bytes.length,
      slice: (start, end = bytes.length) => Uint8Array.from(bytes.subarray(start, end)).buffer,
    },
    rows,
    vectors,
  );

const readAll = async (bytes: Uint8Array): Promise<unknown[]> => {
  const file = reader(bytes);
  return [await file.rows(), await file.vectors('v'), await file.thumbnail(17), await file.thumbnails(30, 60)];
};

describe('bytes that a Parquet reader is given', () => {
  it('pass as they were written', async () => {
    const [rows, vectors, thumbnail, thumbnails] = (await readAll(sound)) as [TableColumns, ...unknown[][]];
    expect(rows.path).toHaveLength(ROWS);
    expect(rows.captions?.[31]).toEqual(['one', 'two 1']);
    expect(Array.from(vectors?.[34] as Float32Array)).toEqual([0, 4, 0, 0, 1]);
    expect(thumbnail).toEqual(new Uint8Array(3400).fill(17));
    expect(thumbnails).toHaveLength(30);
  });

  // A flip in a page header is a negative length, a run of a billion values, a list that is longer than the file.
  it('are read or refused within seconds, whatever is changed in them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(sound.length - 1), fc.uint8Array({ minLength: 1, maxLength: 6 }), async (at, noise) => {
        const bytes = Uint8Array.from(sound);
        bytes.set(noise.subarray(0, sound.length - at), at);
        const began = process.memoryUsage().heapUsed;
        await readAll(bytes).catch((error) => expect(error).toBeInstanceOf(Error));
        expect(process.memoryUsage().heapUsed - began).toBeLessThan(2 ** 29);
      }),
      { numRuns: 1500 },
    );
  }, 60_000);

  it('of another table are refused', async () => {
    await expect(reader(sound, ROWS - 1).rows()).rejects.toThrow(RangeError);
    await expect(reader(sound, ROWS, {}).rows()).rejects.toThrow('it has other columns');
  });
});

describe('structures of Thrift', () => {
  // Field 1, a list (type 9) of i32 (type 5): header 0x19, then size and type.
  it('end where they should', () => {
    expect(thriftEnd(Uint8Array.of(0x15, 0x02, 0x00), 0)).toBe(3);
    expect(thriftEnd(Uint8Array.of(0x19, 0x25, 0x02, 0x04, 0x00, 9, 9), 0)).toBe(5);
    expect(thriftEnd(Uint8Array.of(0x18, 0x03, 1, 2, 3, 0x00), 0)).toBe(6);
  });

  it('that are cut off, longer than what is left, or nested for ever are refused', () => {
    const refused = [
      Uint8Array.of(0x15),
      Uint8Array.of(0x19, 0xf5, 0xff, 0xff, 0xff, 0xff, 0x07, 0x00),
      Uint8Array.of(0x18, 0x7f, 1, 0),
      Uint8Array.from({ length: 1000 }, () => 0x1c),
      Uint8Array.from({ length: 1000 }, () => 0x19),
      Uint8Array.of(0x15, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 0x00),
      Uint8Array.of(0x1d, 0x00),
    ];
    for (const bytes of refused) expect(() => thriftEnd(bytes, 0)).toThrow(RangeError);
  });

  it('numbers are those of LEB128', () => {
    expect(unsignedAt(Uint8Array.of(0xe5, 0x8e, 0x26), 0)).toEqual([624485, 3]);
    expect(() => unsignedAt(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f), 0)).toThrow(RangeError);
    expect(() => unsignedAt(Uint8Array.of(0x80), 0)).toThrow(RangeError);
  });
});
