import { createHash } from 'node:crypto';
import { mkdtemp, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CheckedFile } from './checked-file.ts';
import { replaced } from './damaged.ts';
import { CHUNK_BYTES, type ChunkedDigest, digestFile, FileHasher } from './hashed-file.ts';
import { timesOpen } from './open-files.fixture.ts';

let root = '';
let path = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-chunks-'));
  path = join(root, 'data');
});
afterEach(() => rm(root, { recursive: true }));

const bytesOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 13 + (i >> 8)) & 255);
const write = async (bytes: Uint8Array): Promise<ChunkedDigest> => {
  await writeFile(path, bytes);
  return await digestFile(path);
};
const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

describe('about a chunk of bytes', () => {
  const lengths = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES];

  it.each(lengths)('%i have the digests of their chunks, however they come', async (length) => {
    const bytes = bytesOf(length);
    const parts = [];
    for (let at = 0; at < length; at += CHUNK_BYTES) parts.push(sha256(bytes.subarray(at, at + CHUNK_BYTES)));
    const expected = {
      bytes: length,
      sha256: sha256(bytes).toString('hex'),
      chunks: Buffer.concat(parts).toString('base64'),
    };
    expect(await write(bytes)).toEqual(expected);
    for (const step of [CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1]) {
      const hash = new FileHasher();
      for (let at = 0; at < length; at += step) hash.update(bytes.subarray(at, at + step));
      expect(hash.digest()).toEqual(expected);
    }
  });

  it.each(lengths)('of %i any piece can be read', async (length) => {
    const bytes = bytesOf(length);
    const listed = await write(bytes);
    const edges = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES].filter((at) => at <= length);
    const kept = new CheckedFile(path, listed);
    for (const start of edges) {
      for (const end of edges.filter((at) => at >= start)) {
        for (const file of [kept, new CheckedFile(path, listed)]) {
          expect(Buffer.from(await file.slice(start, end)).equals(bytes.subarray(start, end))).toBe(true);
        }
        for (const file of [kept, new CheckedFile(path, listed)]) {
          const target = new Uint8Array(end - start);
          file.readSync(target, start);
          expect(Buffer.from(target).equals(bytes.subarray(start, end))).toBe(true);
        }
      }
    }
    expect(timesOpen(path)).toBe(0);
  });

  it('a change is found by whoever reads of that chunk, and by nobody else', async () => {
    const bytes = bytesOf(3 * CHUNK_BYTES);
    const listed = await write(bytes);
    bytes[CHUNK_BYTES] = (bytes[CHUNK_BYTES] ?? 0) ^ 1;
    await writeFile(path, bytes);
    const read = (start: number, end: number) => new CheckedFile(path, listed).slice(start, end);
    const refused = { code: 'index-damaged', message: expect.stringContaining('SHA-256 differs') };
    expect((await read(0, CHUNK_BYTES)).byteLength).toBe(CHUNK_BYTES);
    expect((await read(2 * CHUNK_BYTES, 3 * CHUNK_BYTES)).byteLength).toBe(CHUNK_BYTES);
    for (const [start, end] of [
      [CHUNK_BYTES - 1, CHUNK_BYTES + 1],
      [2 * CHUNK_BYTES - 1, 2 * CHUNK_BYTES],
      [2 * CHUNK_BYTES - 1, 2 * CHUNK_BYTES + 1],
      [0, 3 * CHUNK_BYTES],
    ] as const) {
      await expect(read(start, end)).rejects.toMatchObject(refused);
      const target = new Uint8Array(end - start);
      expect(() => new CheckedFile(path, listed).readSync(target, start)).toThrow(expect.objectContaining(refused));
    }
    // What was compared before does not excuse what was not.
    const file = new CheckedFile(path, listed);
    await file.slice(0, 1);
    await file.slice(2 * CHUNK_BYTES, 2 * CHUNK_BYTES + 1);
    await expect(file.slice(0)).rejects.toMatchObject(refused);
    expect(timesOpen(path)).toBe(0);
  });
});

describe('a file that is written to after it was read', () => {
  it.each([true, false])('is compared again, with chunks: %j', async (chunked) => {
    const bytes = bytesOf(CHUNK_BYTES + 10);
    const { chunks, ...whole } = await write(bytes);
    const file = new CheckedFile(path, chunked ? { ...whole, chunks } : whole);
    await file.slice(0);
    await utimes(path, new Date(1e9), new Date(1e9));
    expect(Buffer.from(await file.slice(3, 9)).equals(bytes.subarray(3, 9))).toBe(true);
    await utimes(path, new Date(2e9), new Date(2e9));
    const target = new Uint8Array(6);
    file.readSync(target, 3);
    expect([...target]).toEqual([...bytes.subarray(3, 9)]);
    bytes[CHUNK_BYTES + 5] = (bytes[CHUNK_BYTES + 5] ?? 0) ^ 1;
    await writeFile(path, bytes);
    await expect(file.slice(CHUNK_BYTES + 7, CHUNK_BYTES + 8)).rejects.toMatchObject({ code: 'index-damaged' });
    expect(() => file.readSync(target, CHUNK_BYTES)).toThrow(expect.objectContaining({ code: 'index-damaged' }));
  });

  it('and is shorter then, is refused for that', async () => {
    const file = new CheckedFile(path, await write(bytesOf(100)), { hold: true });
    await truncate(path, 10);
    const refused = { code: 'index-damaged', message: `${path} is shorter than it was` };
    await expect(file.slice(0, 20)).rejects.toMatchObject(refused);
    expect(() => file.readSync(new Uint8Array(20), 0)).toThrow(expect.objectContaining(refused));
    await file.close();
  });
});

describe('a file that is held', () => {
  it('is open once until it is closed, and otherwise only while it is read', async () => {
    if (process.platform !== 'linux') return;
    const listed = await write(bytesOf(100));
    const held = new CheckedFile(path, listed, { hold: true });
    const other = new CheckedFile(path, listed, { hold: false });
    held.checkSize();
    other.checkSize();
    await held.slice(0);
    held.readSync(new Uint8Array(3), 0);
    await other.close();
    expect(timesOpen(path)).toBe(1);
    await held.close();
    await held.close();
    expect(timesOpen(path)).toBe(0);
    expect((await held.slice(0)).byteLength).toBe(100);
    await expect(held.slice(0, 101)).rejects.toThrow();
    expect(() => held.readSync(new Uint8Array(101), 0)).toThrow();
    expect(timesOpen(path)).toBe(0);
  });

  it('has the size that it had, whatever takes its name', async () => {
    const listed = await write(bytesOf(100));
    const held = new CheckedFile(path, listed, { hold: true });
    await rename(path, join(root, 'old'));
    const other = new CheckedFile(path, listed);
    expect(() => other.checkSize()).toThrow(expect.objectContaining({ code: 'index-missing' }));
    await writeFile(path, 'short');
    held.checkSize();
    expect(() => other.checkSize()).toThrow(
      expect.objectContaining({ code: 'index-damaged', message: `${path} has 5 bytes where 100 are listed` }),
    );
    expect(timesOpen(path)).toBe(0);
    await held.close();
  });
});

describe('who knows that a file was replaced', () => {
  it('is asked where it is not the one that is listed, and believed', async () => {
    const listed = await write(bytesOf(100));
    const asked = new CheckedFile(path, listed, { replaced: () => replaced(root) });
    const unknown = new CheckedFile(path, listed, { replaced: () => undefined });
    const told = (code: string) => expect.objectContaining({ code });
    expect(() => asked.readSync(new Uint8Array(1), 100)).toThrow(told('index-damaged'));
    await rm(path);
    expect(() => asked.checkSize()).toThrow(told('index-replaced'));
    expect(() => unknown.checkSize()).toThrow(told('index-missing'));
    await writeFile(path, 'short');
    expect(() => asked.checkSize()).toThrow(told('index-replaced'));
    expect(() => unknown.checkSize()).toThrow(told('index-damaged'));
    const folder = new CheckedFile(root, listed, { replaced: () => replaced(root) });
    expect(() => folder.checkSize()).toThrow(expect.objectContaining({ message: `${root} is not a file` }));
  });
});
