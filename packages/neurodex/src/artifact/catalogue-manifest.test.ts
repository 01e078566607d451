import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileHasher } from '@neurodex/core/storage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CatalogueManifest, filesOf, readManifest, writeManifest } from './catalogue-manifest.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'neurodex-manifest-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const SHA = 'a1'.repeat(32);
/** A file with one digest of 32 bytes for each 2¹⁸ bytes. */
const listed = (file: string, bytes: number, pieces = Math.ceil(bytes / 2 ** 18)) => ({
  file,
  bytes,
  sha256: SHA,
  chunks: Buffer.alloc(32 * pieces).toString('base64'),
});

/** 5 rows of 3 × 3 pixels, embedded as 2 × 7 numbers, with a view each. */
const MANIFEST: CatalogueManifest = {
  format: 'neurodex-catalogue',
  version: 3,
  size: 3,
  rows: 5,
  hasClasses: true,
  shards: [
    { ...listed('part-00000.parquet', 2 ** 18), rows: 2 },
    { ...listed('part-00001.parquet', 2 ** 18 + 1), rows: 3 },
  ],
  pixels: listed('pixels.u8', 5 * 27),
  embeddings: { ...listed('embeddings.f32', 5 * 2 * 2 * 7 * 4), tokens: 2, channels: 7, views: 1, encoder: SHA },
  vectors: { bovw: { length: 4, producer: SHA } },
  notices: [{ work: 'w', author: 'a', licence: 'l', url: 'u' }],
  skipped: [{ path: 'p', reason: 'r', group: 'g', expected: true }],
  duplicates: { sets: 1, copies: 1, differentLabels: 0, leftOut: 0, acrossSplits: 0, examples: [['a', 'b']] },
};

type Json = Record<string, unknown>;
async function reading(change: (manifest: Json) => void): Promise<CatalogueManifest> {
  const manifest = structuredClone(MANIFEST) as unknown as Json;
  change(manifest);
  writeFileSync(join(folder, 'catalogue.json'), JSON.stringify(manifest));
  return await readManifest(folder);
}
const damaged = (what: string) => ({
  code: 'index-damaged',
  message: `${join(folder, 'catalogue.json')} ${what}`,
});

it('is read as it was written, also where it is the one that is listed', async () => {
  await writeManifest(folder, MANIFEST);
  const text = readFileSync(join(folder, 'catalogue.json'));
  expect(text.toString()).toBe(`${JSON.stringify(MANIFEST, null, 2)}\n`);
  const hasher = new FileHasher();
  hasher.update(text);
  const { bytes, sha256 } = hasher.digest();
  expect(await readManifest(folder, { bytes, sha256 })).toEqual(MANIFEST);
  await expect(readManifest(folder, { bytes, sha256: SHA })).rejects.toMatchObject({
    code: 'index-damaged',
  });
});

it('need not have embeddings, vectors or duplicates', async () => {
  const { embeddings: _, vectors: __, duplicates: ___, ...least } = MANIFEST;
  await writeManifest(folder, least);
  expect(await readManifest(folder)).toEqual(least);
});

it('lists its shards, its pixels and its embeddings', () => {
  const { embeddings: _, ...without } = MANIFEST;
  const names = ['part-00000.parquet', 'part-00001.parquet', 'pixels.u8', 'embeddings.f32'];
  expect(filesOf(MANIFEST).map(({ file }) => file)).toEqual(names);
  expect(filesOf(without).map(({ file }) => file)).toEqual(names.slice(0, 3));
});

const partOf = (manifest: Json, key: string): Json => manifest[key] as Json;
const shardOf = (manifest: Json, at: number): Json => (manifest.shards as Json[])[at] ?? {};

describe('what contradicts itself is refused', () => {
  it.each<[string, (manifest: Json) => void]>([
    ['lists one file twice', (m) => Object.assign(partOf(m, 'pixels'), { file: 'part-00001.parquet' })],
    ['lists one file twice', (m) => Object.assign(partOf(m, 'embeddings'), { file: 'pixels.u8' })],
    [
      'does not list one digest for each piece of part-00000.parquet',
      (m) => Object.assign(shardOf(m, 0), { chunks: Buffer.alloc(64).toString('base64') }),
    ],
    [
      'does not list one digest for each piece of part-00001.parquet',
      (m) => Object.assign(shardOf(m, 1), { chunks: Buffer.alloc(32).toString('base64') }),
    ],
    ['does not list one digest for each piece of pixels.u8', (m) => Object.assign(partOf(m, 'pixels'), { chunks: '' })],
    ['says 5 rows, but its shards have 6', (m) => Object.assign(shardOf(m, 0), { rows: 3 })],
    ['says 5 rows, but its shards have 4', (m) => Object.assign(shardOf(m, 0), { rows: 1 })],
    ['says 134 bytes of pixels, where its rows need 135', (m) => Object.assign(partOf(m, 'pixels'), { bytes: 134 })],
    ['says 135 bytes of pixels, where its rows need 240', (m) => Object.assign(m, { size: 4 })],
    [
      'says 561 bytes of embeddings, where its rows need 560',
      (m) => Object.assign(partOf(m, 'embeddings'), { bytes: 561 }),
    ],
    [
      'says 560 bytes of embeddings, where its rows need 840',
      (m) => Object.assign(partOf(m, 'embeddings'), { views: 2 }),
    ],
    [
      'says 560 bytes of embeddings, where its rows need 280',
      (m) => Object.assign(partOf(m, 'embeddings'), { tokens: 1 }),
    ],
    [
      'says 560 bytes of embeddings, where its rows need 640',
      (m) => Object.assign(partOf(m, 'embeddings'), { channels: 8 }),
    ],
  ])('%s', async (what, change) => {
    await expect(reading(change)).rejects.toMatchObject(damaged(what));
  });
});

describe('what is no description is refused, by its key', () => {
  const malformed = (key: string) =>
    damaged(`does not describe a catalogue: ${key} is missing or has a value that it cannot have`);

  it.each<[string, (manifest: Json) => void]>([
    ['size', (m) => Object.assign(m, { size: 0 })],
    ['rows', (m) => Object.assign(m, { rows: -1 })],
    ['shards.0.rows', (m) => Object.assign(shardOf(m, 0), { rows: 0 })],
    ['shards.1.bytes', (m) => Object.assign(shardOf(m, 1), { bytes: -1 })],
    ['pixels.file', (m) => Object.assign(partOf(m, 'pixels'), { file: '../pixels.u8' })],
    ['pixels.file', (m) => Object.assign(partOf(m, 'pixels'), { file: '.pixels' })],
    ['pixels.sha256', (m) => Object.assign(partOf(m, 'pixels'), { sha256: SHA.toUpperCase() })],
    ['embeddings.tokens', (m) => Object.assign(partOf(m, 'embeddings'), { tokens: 0 })],
    ['embeddings.channels', (m) => Object.assign(partOf(m, 'embeddings'), { channels: 0 })],
    ['embeddings.views', (m) => Object.assign(partOf(m, 'embeddings'), { views: -1 })],
    ['vectors.bovw.length', (m) => Object.assign(m, { vectors: { bovw: { length: 0, producer: SHA } } })],
    ['skipped.0.expected', (m) => Object.assign(m, { skipped: [{ path: 'p', reason: 'r', expected: false }] })],
    ['duplicates.sets', (m) => Object.assign(partOf(m, 'duplicates'), { sets: -1 })],
  ])('%s', async (key, change) => {
    await expect(reading(change)).rejects.toMatchObject(malformed(key));
  });

  it('with the version that is read named where it has another', async () => {
    const file = join(folder, 'catalogue.json');
    await expect(reading((m) => Object.assign(m, { version: 4 }))).rejects.toMatchObject({
      code: 'index-newer',
      message: `${file} has version 4; this Neurodex reads version 3`,
      hint: expect.stringContaining('build the index again'),
    });
    await expect(reading((m) => Object.assign(m, { version: 2 }))).rejects.toMatchObject({ code: 'index-older' });
  });

  it('a folder without it is no index', async () => {
    await expect(readManifest(folder)).rejects.toMatchObject({ code: 'index-missing' });
  });
});
