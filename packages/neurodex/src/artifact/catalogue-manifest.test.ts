import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileHasher } from '@neurodex/core/storage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type CatalogueManifest,
  columnBytes,
  filesOf,
  manifestText,
  readManifest,
  writeManifest,
} from './catalogue-manifest.ts';
import { digestOfBytes } from './small-catalogue.fixture.ts';

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

const partOf = (first: number, last: number, rows: number, bytes: number) => ({
  first,
  last,
  rows,
  pictures: listed(`part-${first}.parquet`, bytes),
  pixels: listed(`part-${first}.pixels.u8`, rows * 27),
  embeddings: listed(`part-${first}.embeddings.f32`, rows * 2 * 2 * 7 * 4),
  states: listed(`part-${first}.states.f32`, rows * 5 * 4),
});

/** 5 rows of 3 × 3 pixels, embedded as 2 × 7 numbers, with a view each, and a state of 5. The picture 3 was removed. */
const MANIFEST: CatalogueManifest = {
  format: 'neurodex-catalogue',
  version: 4,
  size: 3,
  rows: 5,
  builtIds: 6,
  learnedIds: 4,
  hasClasses: true,
  givenRoles: true,
  parts: [partOf(0, 1, 2, 2 ** 18), partOf(2, 5, 3, 2 ** 18 + 1)],
  embeddings: { tokens: 2, channels: 7, views: 1, encoder: SHA },
  states: { width: 5 },
  clusters: { branching: 32, leafSize: 20, zeroPadding: false },
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

/** Without the columns that not every catalogue has. */
const withPixelsAlone = (): CatalogueManifest => {
  const { embeddings: _, states: __, ...rest } = MANIFEST;
  return { ...rest, parts: rest.parts.map(({ embeddings: _, states: __, ...part }) => part) };
};

it('need not have embeddings, states, clusters, vectors or duplicates', async () => {
  const { clusters: _, vectors: __, duplicates: ___, ...least } = withPixelsAlone();
  await writeManifest(folder, least);
  expect(await readManifest(folder)).toEqual(least);
});

it('may have no picture', async () => {
  await writeManifest(folder, { ...MANIFEST, rows: 0, parts: [] });
  expect((await readManifest(folder)).parts).toEqual([]);
});

it('lists the files of each part: its table, and its columns', () => {
  const names = ['parquet', 'pixels.u8', 'embeddings.f32', 'states.f32'];
  const all = [0, 2].flatMap((first) => names.map((name) => `part-${first}.${name}`));
  expect(filesOf(MANIFEST).map(({ file }) => file)).toEqual(all);
  const without = filesOf(withPixelsAlone()).map(({ file }) => file);
  expect(without).toEqual(all.filter((name) => !name.endsWith('f32')));
});

it('says how many bytes a row has in each column', () => {
  expect(columnBytes(MANIFEST)).toEqual({ pixels: 27, embeddings: 2 * 2 * 7 * 4, states: 20 });
  expect(columnBytes({ size: 2 })).toEqual({ pixels: 12 });
});

describe('what a change writes, until it has its own name', () => {
  const next = () => join(folder, 'catalogue.json.next');
  const digestOf = (text: string) => {
    const { bytes, sha256 } = digestOfBytes(Buffer.from(text));
    return { bytes, sha256 };
  };
  const [old, fresh] = [MANIFEST, { ...MANIFEST, hasClasses: false }];
  beforeEach(async () => {
    await writeManifest(folder, old);
    writeFileSync(next(), manifestText(fresh));
  });

  it('is read where it is the one that is listed, under either name', async () => {
    const listed = digestOf(manifestText(fresh));
    expect(await readManifest(folder, listed)).toEqual(fresh);
    renameSync(next(), join(folder, 'catalogue.json'));
    expect(await readManifest(folder, listed)).toEqual(fresh);
  });

  it('is not read where the other one is listed, or none is', async () => {
    expect(await readManifest(folder, digestOf(manifestText(old)))).toEqual(old);
    expect(await readManifest(folder)).toEqual(old);
    writeFileSync(next(), '{');
    expect(await readManifest(folder, digestOf(manifestText(old)))).toEqual(old);
    mkdirSync(join(folder, 'empty'));
    writeFileSync(join(folder, 'empty', 'catalogue.json.next'), manifestText(fresh));
    await expect(readManifest(join(folder, 'empty'))).rejects.toMatchObject({ code: 'index-missing' });
  });

  it('is damaged where neither is listed', async () => {
    await expect(readManifest(folder, { ...digestOf(manifestText(old)), sha256: SHA })).rejects.toMatchObject({
      code: 'index-damaged',
      message: expect.stringContaining(join(folder, 'catalogue.json')),
    });
  });
});

const factsOf = (manifest: Json, key: string): Json => manifest[key] as Json;
const part = (manifest: Json, at: number): Json => (manifest.parts as Json[])[at] ?? {};
const fileOf = (manifest: Json, at: number, column: string): Json => part(manifest, at)[column] as Json;

describe('what contradicts itself is refused', () => {
  it.each<[string, (manifest: Json) => void]>([
    ['lists one file twice', (m) => Object.assign(fileOf(m, 0, 'pixels'), { file: 'part-2.parquet' })],
    ['lists one file twice', (m) => Object.assign(fileOf(m, 1, 'embeddings'), { file: 'part-0.pixels.u8' })],
    ['lists one file twice', (m) => Object.assign(fileOf(m, 1, 'states'), { file: 'part-0.states.f32' })],
    [
      'does not list one digest for each piece of part-0.parquet',
      (m) => Object.assign(fileOf(m, 0, 'pictures'), { chunks: Buffer.alloc(64).toString('base64') }),
    ],
    [
      'does not list one digest for each piece of part-2.parquet',
      (m) => Object.assign(fileOf(m, 1, 'pictures'), { chunks: Buffer.alloc(32).toString('base64') }),
    ],
    [
      'does not list one digest for each piece of part-2.states.f32',
      (m) => Object.assign(fileOf(m, 1, 'states'), { chunks: '' }),
    ],
    ['says 5 rows, but its parts have 4', (m) => Object.assign(part(m, 1), { rows: 2 })],
    ['says 4 rows, but its parts have 5', (m) => Object.assign(m, { rows: 4 })],
    ['says 5 rows, but its parts have 3', (m) => Object.assign(m, { parts: [part(m, 1)] })],
    ['lists parts whose ids do not follow each other (1 to 5)', (m) => Object.assign(part(m, 1), { first: 1 })],
    [
      'lists parts whose ids do not follow each other (0 to 1)',
      (m) => Object.assign(m, { parts: [part(m, 1), part(m, 0)] }),
    ],
    // Three pictures cannot have two numbers.
    ['lists parts whose ids do not follow each other (4 to 5)', (m) => Object.assign(part(m, 1), { first: 4 })],
    ['lists parts whose ids do not follow each other (2 to 1)', (m) => Object.assign(part(m, 1), { last: 1 })],
    ['says 53 bytes of pixels, where its rows need 54', (m) => Object.assign(fileOf(m, 0, 'pixels'), { bytes: 53 })],
    ['says 54 bytes of pixels, where its rows need 96', (m) => Object.assign(m, { size: 4 })],
    [
      'says 337 bytes of embeddings, where its rows need 336',
      (m) => Object.assign(fileOf(m, 1, 'embeddings'), { bytes: 337 }),
    ],
    [
      'says 224 bytes of embeddings, where its rows need 336',
      (m) => Object.assign(factsOf(m, 'embeddings'), { views: 2 }),
    ],
    [
      'says 224 bytes of embeddings, where its rows need 112',
      (m) => Object.assign(factsOf(m, 'embeddings'), { tokens: 1 }),
    ],
    [
      'says 224 bytes of embeddings, where its rows need 256',
      (m) => Object.assign(factsOf(m, 'embeddings'), { channels: 8 }),
    ],
    ['says 224 bytes of embeddings, where its rows need none', (m) => delete m.embeddings],
    ['says no bytes of embeddings, where its rows need 336', (m) => delete part(m, 1).embeddings],
    ['says 40 bytes of states, where its rows need 48', (m) => Object.assign(m, { states: { width: 6 } })],
    ['says 40 bytes of states, where its rows need none', (m) => delete m.states],
    ['says no bytes of states, where its rows need 60', (m) => delete part(m, 1).states],
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
    ['builtIds', (m) => Object.assign(m, { builtIds: -1 })],
    ['learnedIds', (m) => delete m.learnedIds],
    ['givenRoles', (m) => delete m.givenRoles],
    ['parts.0.rows', (m) => Object.assign(part(m, 0), { rows: 0 })],
    ['parts.0.first', (m) => Object.assign(part(m, 0), { first: -1 })],
    ['parts.1.last', (m) => Object.assign(part(m, 1), { last: 4.5 })],
    ['parts.1.pictures.bytes', (m) => Object.assign(fileOf(m, 1, 'pictures'), { bytes: -1 })],
    ['parts.0.pixels', (m) => delete part(m, 0).pixels],
    ['parts.0.pixels.file', (m) => Object.assign(fileOf(m, 0, 'pixels'), { file: '../pixels.u8' })],
    ['parts.0.pixels.file', (m) => Object.assign(fileOf(m, 0, 'pixels'), { file: '.pixels' })],
    ['parts.1.states.sha256', (m) => Object.assign(fileOf(m, 1, 'states'), { sha256: SHA.toUpperCase() })],
    ['embeddings.tokens', (m) => Object.assign(factsOf(m, 'embeddings'), { tokens: 0 })],
    ['embeddings.channels', (m) => Object.assign(factsOf(m, 'embeddings'), { channels: 0 })],
    ['embeddings.views', (m) => Object.assign(factsOf(m, 'embeddings'), { views: -1 })],
    ['states.width', (m) => Object.assign(factsOf(m, 'states'), { width: 0 })],
    ['clusters.branching', (m) => Object.assign(factsOf(m, 'clusters'), { branching: 1 })],
    ['clusters.leafSize', (m) => Object.assign(factsOf(m, 'clusters'), { leafSize: 0 })],
    ['clusters.zeroPadding', (m) => Object.assign(factsOf(m, 'clusters'), { zeroPadding: 1 })],
    ['vectors.bovw.length', (m) => Object.assign(m, { vectors: { bovw: { length: 0, producer: SHA } } })],
    ['skipped.0.expected', (m) => Object.assign(m, { skipped: [{ path: 'p', reason: 'r', expected: false }] })],
    ['duplicates.sets', (m) => Object.assign(factsOf(m, 'duplicates'), { sets: -1 })],
  ])('%s', async (key, change) => {
    await expect(reading(change)).rejects.toMatchObject(malformed(key));
  });

  it('with the version that is read named where it has another', async () => {
    const file = join(folder, 'catalogue.json');
    await expect(reading((m) => Object.assign(m, { version: 6 }))).rejects.toMatchObject({
      code: 'index-newer',
      message: `${file} has version 6; this Neurodex reads version 4 to 5`,
      hint: expect.stringContaining('build the index again'),
    });
    await expect(reading((m) => Object.assign(m, { version: 3 }))).rejects.toMatchObject({ code: 'index-older' });
  });

  it('a folder without it is no index', async () => {
    await expect(readManifest(folder)).rejects.toMatchObject({ code: 'index-missing' });
  });
});
