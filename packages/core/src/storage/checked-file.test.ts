import { mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CheckedFile } from './checked-file.ts';
import { replaced } from './damaged.ts';
import { CHUNK_BYTES, type ChunkedDigest, digestFile } from './hashed-file.ts';

const BYTES = Uint8Array.from({ length: 2 * CHUNK_BYTES + 100 }, (_, i) => (i * 7 + (i >> 9)) & 255);

let folder = '';
let path = '';
let listed: ChunkedDigest;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-checked-'));
  path = join(folder, 'data');
  await writeFile(path, BYTES);
  listed = await digestFile(path);
});
afterEach(() => rm(folder, { recursive: true }));

const flip = async (at: number): Promise<void> => {
  const bytes = Uint8Array.from(BYTES);
  bytes[at] = (bytes[at] as number) ^ 1;
  await writeFile(path, bytes);
};
const damage = (what = 'has changed since it was written') => ({
  code: 'index-damaged',
  message: expect.stringContaining(`${path} ${what}`),
});

describe('a sound file', () => {
  it('gives any piece, again and again, whether it is held open or not', async () => {
    for (const hold of [false, true]) {
      const file = new CheckedFile(path, listed, { hold });
      await fc.assert(
        fc.asyncProperty(fc.nat(BYTES.length), fc.nat(BYTES.length), async (a, b) => {
          const [start, end] = [Math.min(a, b), Math.max(a, b)];
          expect(Buffer.from(await file.slice(start, end)).equals(BYTES.subarray(start, end))).toBe(true);
          const target = new Uint8Array(end - start);
          file.readSync(target, start);
          expect(Buffer.from(target).equals(BYTES.subarray(start, end))).toBe(true);
        }),
        { numRuns: 30 },
      );
      await file.close();
    }
  });

  it('refuses places outside of it', async () => {
    const file = new CheckedFile(path, listed);
    for (const [start, end] of [
      [-1, 3],
      [0, BYTES.length + 1],
      [5, 4],
      [0.5, 2],
      [Number.NaN, 2],
    ])
      await expect(file.slice(start as number, end)).rejects.toMatchObject({ code: 'index-damaged' });
  });
});

describe('a file that was changed', () => {
  it('is refused where the change is, and nowhere else', async () => {
    await flip(CHUNK_BYTES + 5);
    const file = new CheckedFile(path, listed);
    expect((await file.slice(0, 10)).byteLength).toBe(10);
    await expect(file.slice(CHUNK_BYTES + 9, CHUNK_BYTES + 10)).rejects.toMatchObject(damage());
    expect(() => file.readSync(new Uint8Array(4), CHUNK_BYTES)).toThrow(expect.objectContaining(damage()));
    const whole = new CheckedFile(path, { bytes: listed.bytes, sha256: listed.sha256 });
    await expect(whole.slice(0, 10)).rejects.toMatchObject(damage());
  });

  it('is noticed after it was read once', async () => {
    const file = new CheckedFile(path, listed, { hold: true });
    await file.slice(0);
    await flip(3);
    await expect(file.slice(0, 10)).rejects.toMatchObject(damage());
    await file.close();
  });

  it('is refused by its length before anything is read', async () => {
    await truncate(path, 99);
    const what = `has 99 bytes where ${BYTES.length} are listed`;
    expect(() => new CheckedFile(path, listed, { hold: true })).toThrow(expect.objectContaining(damage(what)));
    await expect(new CheckedFile(path, listed).slice(0, 1)).rejects.toMatchObject(damage(what));
  });
});

describe('a file whose name was given to another one', () => {
  const replace = async () => {
    await writeFile(join(folder, 'new'), Uint8Array.from(BYTES).fill(9));
    await rename(join(folder, 'new'), path);
  };

  it('goes on as it was where it is held open', async () => {
    const file = new CheckedFile(path, listed, { hold: true });
    await replace();
    expect(Buffer.from(await file.slice(0)).equals(BYTES)).toBe(true);
    await file.close();
  });

  it('is refused where it is not, in the words of whoever knows that it was replaced', async () => {
    const file = new CheckedFile(path, listed, { replaced: () => replaced(folder) });
    await file.slice(0, 10);
    await replace();
    await expect(file.slice(0, 10)).rejects.toMatchObject({ code: 'index-replaced' });
  });
});

it('what is no file is never opened', () => {
  expect(() => new CheckedFile('/dev/zero', listed, { hold: true })).toThrow('/dev/zero is not a file');
  expect(() => new CheckedFile(folder, listed, { hold: true })).toThrow('is not a file');
});
