import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openFileBytes } from './byte-source.ts';
import { CHUNK_BYTES, digestFile, HashedFile } from './hashed-file.ts';
import { inOrder } from './in-order.ts';
import { noMount, onTinyDisk } from './tiny-disk.fixture.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-files-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('HashedFile', () => {
  test('holds the pieces in order, small and larger than its buffer, under their digest', async () => {
    const pieces = [10, 700_000, 0, 400_000, 2_500_000, 1, 1 << 20].map((n, i) =>
      Uint8Array.from({ length: n }, (_, j) => (j * 7 + i) & 255),
    );
    const path = join(folder, 'a.bin');
    const file = await HashedFile.create(path);
    let total = 0;
    for (const piece of pieces) {
      await file.append(piece);
      total += piece.length;
      expect(file.bytes).toBe(total);
    }
    const digest = await file.finish();
    const written = await readFile(path);
    expect(written.equals(Buffer.concat(pieces))).toBe(true);
    const pieceOf = (i: number) => written.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES);
    const chunks = Array.from({ length: Math.ceil(total / CHUNK_BYTES) }, (_, i) =>
      createHash('sha256').update(pieceOf(i)).digest(),
    );
    expect(digest).toEqual({
      bytes: total,
      sha256: createHash('sha256').update(written).digest('hex'),
      chunks: Buffer.concat(chunks).toString('base64'),
    });
    expect(await digestFile(path)).toEqual(digest);
  });

  test('the caller may use its bytes again', async () => {
    const file = await HashedFile.create(join(folder, 'a.bin'));
    const bytes = Uint8Array.of(1, 2);
    await file.append(bytes);
    bytes.fill(9);
    await file.finish();
    expect([...(await readFile(join(folder, 'a.bin')))]).toEqual([1, 2]);
  });

  test('never writes over a file', async () => {
    await writeFile(join(folder, 'a.bin'), 'mine');
    await expect(HashedFile.create(join(folder, 'a.bin'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(HashedFile.create(join(folder, 'none', 'a.bin'))).rejects.toMatchObject({ code: 'output-unwritable' });
    expect(await readFile(join(folder, 'a.bin'), 'utf8')).toBe('mine');
  });

  test.skipIf(noMount)(`a disk that is full is named${noMount ? ` (${noMount})` : ''}`, () =>
    onTinyDisk(async (at) => {
      const path = join(at, 'a.bin');
      const file = await HashedFile.create(path);
      await expect(file.append(new Uint8Array(2 << 20))).rejects.toMatchObject({
        code: 'disk-full',
        message: expect.stringContaining(path),
      });
      await file.close();
    }),
  );
});

describe('openFileBytes', () => {
  test('reads slices, to the end by default', async () => {
    const path = join(folder, 'a.bin');
    await writeFile(path, Uint8Array.of(0, 1, 2, 3, 4));
    const file = await openFileBytes(path);
    expect(file.byteLength).toBe(5);
    expect([...new Uint8Array(await file.slice(1, 3))]).toEqual([1, 2]);
    expect([...new Uint8Array(await file.slice(3))]).toEqual([3, 4]);
    expect((await file.slice(2, 2)).byteLength).toBe(0);
    expect([...new Uint8Array(await file.slice(4, 99))]).toEqual([4]);
    await file.close();
  });
});

describe('inOrder', () => {
  const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
    const out: T[] = [];
    for await (const item of items) out.push(item);
    return out;
  };

  test('gives results in the order of the items, whichever is ready first', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3)), fc.integer({ min: 1, max: 6 }), async (delays, width) => {
        let inWork = 0;
        let most = 0;
        const results = await collect(
          inOrder(delays.entries(), width, async ([i, delay]) => {
            most = Math.max(most, ++inWork);
            for (let turn = 0; turn < delay; turn++) await new Promise(setImmediate);
            inWork--;
            return i;
          }),
        );
        expect(results).toEqual([...delays.keys()]);
        expect(most).toBeLessThanOrEqual(width);
      }),
      { numRuns: 50 },
    );
  });

  test('results that nobody takes count as in work: a slow reader holds the work back', async () => {
    let started = 0;
    for await (const i of inOrder(Array(100).keys(), 4, async (item) => {
      started++;
      return item;
    })) {
      await new Promise(setImmediate);
      expect(started - i).toBeLessThanOrEqual(4);
    }
    expect(started).toBe(100);
  });

  test('an error comes in its turn, and everything in work is waited for', async () => {
    let inWork = 0;
    const seen: number[] = [];
    const run = async () => {
      for await (const i of inOrder(Array(20).keys(), 5, async (item) => {
        inWork++;
        await new Promise((done) => setTimeout(done, item === 3 ? 0 : 3));
        inWork--;
        if (item === 3) throw new Error('three');
        return item;
      })) {
        seen.push(i);
      }
    };
    await expect(run()).rejects.toThrow('three');
    expect(seen).toEqual([0, 1, 2]);
    expect(inWork).toBe(0);
  });
});
