import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sealed } from '@neurodex/core/storage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { filesOf } from './catalogue-manifest.ts';
import { PART_LIMITS } from './catalogue-writer.ts';
import { catalogueIn } from './disk-target.ts';
import { openPrepared, type PreparedManifest, readPreparedManifest, writePreparedManifest } from './prepared.ts';
import { digestOfBytes, soundRow, sourceDigest, writeCatalogueOf } from './small-catalogue.fixture.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'neurodex-prepared-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const FACTS = {
  neurodex: '0.1.0',
  created: '2026-01-02T03:04:05.000Z',
  dataset: { name: 'coco', source: 'coco' },
  seed: 3,
  config: { pictures: { size: 1 } },
  place: 'p',
  inputs: 'i',
};
const file = () => join(folder, 'dataset.json');
const catalogue = () => join(folder, 'catalogue');

/** Reads the description after a change that fits its digest. */
async function reading(change: object): Promise<PreparedManifest | undefined> {
  writeFileSync(file(), sealed({ ...JSON.parse(readFileSync(file(), 'utf8')), ...change }));
  return await readPreparedManifest(folder);
}

describe('the description of a prepared data set', () => {
  beforeEach(async () => {
    await writeCatalogueOf(catalogue(), { parts: [[soundRow(0)]] });
    await writePreparedManifest(folder, FACTS);
  });

  it('is read as it was written, with the digest of its catalogue', async () => {
    const { bytes, sha256 } = digestOfBytes(readFileSync(join(catalogue(), 'catalogue.json')));
    const manifest = await readPreparedManifest(folder);
    expect(manifest).toEqual({
      format: 'neurodex-dataset',
      version: 2,
      ...FACTS,
      catalogue: { bytes, sha256 },
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('is none where there is nothing, no JSON, or something else', async () => {
    expect(await reading({ format: 'another' })).toBeUndefined();
    for (const text of ['{', 'null', '[]', '7']) {
      writeFileSync(file(), text);
      expect(await readPreparedManifest(folder)).toBeUndefined();
    }
    rmSync(file());
    expect(await readPreparedManifest(folder)).toBeUndefined();
  });

  it('is refused when it has changed, is of another version, or lacks something', async () => {
    await expect(reading({ version: 3 })).rejects.toMatchObject({
      code: 'index-newer',
      message: `${file()} has version 3; this Neurodex reads version 2`,
      hint: 'update Neurodex, or build the data set again with this one',
    });
    await expect(reading({ version: 1 })).rejects.toMatchObject({ code: 'index-older' });
    await expect(reading({ version: 2, seed: 'x' })).rejects.toMatchObject({
      code: 'index-damaged',
      message: `${file()} does not describe a prepared data set: seed is missing or has a value that it cannot have`,
    });
    await expect(reading({ seed: 3, catalogue: { bytes: -1, sha256: '' } })).rejects.toMatchObject({
      message: expect.stringContaining('catalogue.bytes'),
    });
    writeFileSync(file(), readFileSync(file(), 'utf8').replace('"seed": 3', '"seed": 4'));
    await expect(readPreparedManifest(folder)).rejects.toMatchObject({
      code: 'index-damaged',
      message: expect.stringContaining('has changed since it was written'),
    });
  });
});

describe('a prepared data set', () => {
  /** Rows of 2 in a group and 4 in a part: the thumbnail of a row is its number, its pixels are three times that. */
  async function prepared(rows: number) {
    const limits = { ...PART_LIMITS, groupRows: 2, partRows: 4 };
    const writer = await catalogueIn(catalogue(), { size: 1 }, limits);
    for (let i = 0; i < rows; i++) {
      const objects = [{ category: 'x', box: [0, 0, 1, 1] as const, area: 1, crowd: false }];
      const more = i === 1 ? { captions: ['c'], objects } : {};
      await writer.append({ ...soundRow(i), ...more, column: async () => Uint8Array.of(i, i, i) });
    }
    const notices = [{ work: 'w', author: 'a', licence: 'l', url: 'u' }];
    const manifest = await writer.finish({
      hasClasses: true,
      givenRoles: false,
      notices,
      skipped: [{ path: 'p', reason: 'r' }],
    });
    await writePreparedManifest(folder, FACTS);
    const description = (await readPreparedManifest(folder)) ?? expect.unreachable();
    return { manifest, description, dataset: await openPrepared(folder, description) };
  }

  it('has the pictures that were stored, what is known of them and what they are of', async () => {
    const { dataset, manifest } = await prepared(7);
    expect(dataset).toMatchObject({
      name: 'coco',
      source: folder,
      ownSize: 1,
      notices: manifest.notices,
      skipped: manifest.skipped,
    });
    const plain = dataset.pictures.map(({ read: _, decoded: __, ...rest }) => rest);
    const objects = [{ category: 'x', box: [0, 0, 1, 1], area: 1, crowd: false }];
    expect(plain).toStrictEqual(
      Array.from({ length: 7 }, (_, i) => ({
        path: `${i}.png`,
        labels: ['x'],
        role: 'catalogue',
        ...(i === 1 ? { captions: ['c'], objects } : {}),
      })),
    );
    const inputs = await dataset.inputs?.();
    expect(inputs).toEqual(filesOf(manifest).map(({ file: name, sha256 }) => ({ name, version: sha256 })));
    expect(inputs?.map(({ name }) => name.replace(/-[0-9a-f]{12}\./, '.'))).toEqual([
      'part-0000000000.parquet',
      'part-0000000000.pixels.u8',
      'part-0000000004.parquet',
      'part-0000000004.pixels.u8',
    ]);
  });

  it('gives the thumbnail of any row, in any order, also several at a time', async () => {
    const { dataset } = await prepared(7);
    const read = async (i: number) => [...((await dataset.pictures[i]?.read()) ?? [])];
    for (const i of [6, 0, 3, 1, 5, 2, 4]) expect(await read(i)).toEqual([i]);
    expect(await Promise.all([0, 2, 4, 6, 1, 3, 5].map(read))).toEqual([[0], [2], [4], [6], [1], [3], [5]]);
  });

  it('keeps the last two groups that it read', async () => {
    const { dataset, manifest } = await prepared(7);
    const read = async (i: number) => [...((await dataset.pictures[i]?.read()) ?? [])];
    for (const i of [0, 2, 4]) await read(i);
    rmSync(join(catalogue(), manifest.parts[0]?.pictures.file ?? ''));
    // Rows 2 and 3 are of the group before the last, rows 0 and 1 of one before that.
    expect([await read(3), await read(5)]).toEqual([[3], [5]]);
    await expect(read(1)).rejects.toMatchObject({ code: 'index-missing' });
  });

  it('gives the pixels that were stored, with the size that it was prepared for alone', async () => {
    const { dataset } = await prepared(3);
    const decoded = await dataset.pictures[2]?.decoded?.(1);
    expect(decoded).toEqual({
      picture: { size: 1, pixels: Uint8Array.of(2, 2, 2) },
      thumbnail: Uint8Array.of(2),
      sha256: sourceDigest(2),
    });
    expect(await dataset.pictures[2]?.decoded?.(2)).toBeUndefined();
  });

  it('is refused when one of its files has changed', async () => {
    const { description, manifest } = await prepared(3);
    const pixels = join(catalogue(), manifest.parts[0]?.pixels.file ?? '');
    writeFileSync(pixels, new Uint8Array(9));
    await expect(openPrepared(folder, description)).rejects.toMatchObject({
      code: 'index-damaged',
      message: `${pixels} has changed since it was written (its SHA-256 differs)`,
    });
    const other = { ...description, catalogue: { ...description.catalogue, sha256: 'a1'.repeat(32) } };
    await expect(openPrepared(folder, other)).rejects.toMatchObject({
      message: expect.stringContaining(join(catalogue(), 'catalogue.json')),
    });
  });

  it('names a thumbnail that is not there', async () => {
    mkdirSync(catalogue());
    await writeCatalogueOf(catalogue(), { parts: [[soundRow(0), { ...soundRow(1), thumbnail: null }]] });
    await writePreparedManifest(folder, FACTS);
    const dataset = await openPrepared(folder, (await readPreparedManifest(folder)) ?? expect.unreachable());
    await expect(dataset.pictures[1]?.read()).rejects.toMatchObject({
      code: 'index-damaged',
      message: `${join(catalogue(), 'part-0.parquet')} has no thumbnail in row 1`,
    });
  });
});
