import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NeurodexError } from '@neurodex/core';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeManifest } from './catalogue-manifest.ts';
import { openPictureRows, openPictures, readable, readThumbnails, verifyPictures } from './catalogue-store.ts';
import { type AnyRow, digestOfBytes, soundRow, writeCatalogueOf } from './small-catalogue.fixture.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'neurodex-rows-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const damaged = (file: string, what: string) => ({ code: 'index-damaged', message: `${join(folder, file)} ${what}` });
const PNG = (width: number, height = width) =>
  sharp({ create: { width, height, channels: 3, background: '#102030' } })
    .png()
    .toBuffer();

describe('a row is refused', () => {
  const sound = { category: 'a', box: [1, 2, 3, 4], area: 2, crowd: false };
  const object = (change: object): AnyRow => ({ objects: [sound, { ...sound, ...change }] });

  it.each<[string, AnyRow]>([
    ['with another number', { row: 2 }],
    ['without a path', { path: null }],
    ['without labels', { labels: null }],
    ['with a label that is nothing', { labels: ['x', null] }],
    ['with a caption that is nothing', { captions: [null] }],
    ['with a role that is none', { role: 'tests' }],
    ['without a role', { role: null }],
    ['of the catalogue without an identifier', { identifier: undefined }],
    ['of a query with an identifier', { role: 'test' }],
    ['with an object without a category', object({ category: null })],
    ['with an object of three numbers', object({ box: [1, 2, 3] })],
    ['with an object of five numbers', object({ box: [1, 2, 3, 4, 5] })],
    ['with an object that is nowhere', object({ box: [1, 2, 3, Number.NaN] })],
    ['with an object without an area', object({ area: null })],
    ['with an object of no area', object({ area: Number.POSITIVE_INFINITY })],
    ['with an object that may be a crowd', object({ crowd: null })],
  ])('%s', async (_, change) => {
    await writeCatalogueOf(folder, { shards: [[soundRow(0)], [{ ...soundRow(1), ...change }]] });
    await expect(openPictureRows(folder)).rejects.toMatchObject(
      damaged('part-1.parquet', 'does not hold what it should in row 1'),
    );
    await expect(openPictures(folder)).rejects.toMatchObject({ code: 'index-damaged' });
  });
});

describe('rows are read', () => {
  it('with what they have, in one shard after another', async () => {
    const rows = [
      { ...soundRow(0), captions: ['c'], objects: [{ category: 'a', box: [1, 2, 3, 4], area: 2, crowd: true }] },
      { ...soundRow(1), captions: [], objects: [], labels: [] },
      { ...soundRow(2), role: 'test' as const, identifier: undefined },
    ];
    await writeCatalogueOf(folder, { shards: [rows.slice(0, 1), rows.slice(1)] });
    const { identifier: _, ...query } = rows[2] ?? {};
    const expected = [rows[0], rows[1], query].map((row) => {
      const { thumbnail: _, ...rest } = { thumbnail: 0, ...row };
      return rest;
    });
    expect((await openPictureRows(folder)).rows).toStrictEqual(expected);
  });

  it('with what the manifest says of all of them', async () => {
    const duplicates = { sets: 1, copies: 1, differentLabels: 0, leftOut: 0, acrossSplits: 0, examples: [] };
    const shards = [[soundRow(0), { ...soundRow(1), role: 'test', identifier: null }]];
    const skipped = [{ path: 'p', reason: 'r' }];
    await writeCatalogueOf(folder, { shards, about: { duplicates, hasClasses: false, skipped } });
    const rows = await openPictureRows(folder);
    expect(rows).toMatchObject({ size: 1, hasClasses: false, skipped, duplicates, notices: [] });
    expect([rows.catalogue.length, rows.queries('test').length]).toEqual([1, 1]);
    await writeCatalogueOf(join(folder, 'without'), { shards });
    expect(await openPictureRows(join(folder, 'without'))).not.toHaveProperty('duplicates');
  });
});

describe('thumbnails are read', () => {
  const shards = [[0, 1].map(soundRow), [2].map(soundRow), [3, 4].map(soundRow)];

  it('of any row, in the order asked for, once each', async () => {
    await writeCatalogueOf(folder, { shards });
    expect(await readThumbnails(folder, [4, 0, 2, 1, 3, 0])).toEqual([4, 0, 2, 1, 3, 0].map((i) => Uint8Array.of(i)));
    expect(await readThumbnails(folder, [])).toEqual([]);
  });

  it('of no other row', async () => {
    await writeCatalogueOf(folder, { shards });
    const store = await openPictures(folder);
    for (const row of [-1, 5, 1.5]) {
      await expect(store.png(row)).rejects.toThrow(new RangeError(`the catalogue has rows 0 to 4, not ${row}`));
    }
    expect(await store.png(4)).toEqual(Uint8Array.of(4));
    await store.close();
  });

  it('and decoded; one that is not there, or not square, is named', async () => {
    const png = await PNG(3);
    const thumbnails = [png, await PNG(3, 2), null];
    await writeCatalogueOf(folder, { shards: [thumbnails.map((thumbnail, i) => ({ ...soundRow(i), thumbnail }))] });
    const store = await openPictures(folder);
    const pixels = Uint8Array.from({ length: 27 }, (_, i) => [0x10, 0x20, 0x30][i % 3] ?? 0);
    expect(await store.thumbnail(0)).toEqual({ size: 3, pixels });
    await expect(store.thumbnail(1)).rejects.toMatchObject({
      code: 'index-damaged',
      message: `the thumbnail of row 1 in ${folder} is 3×2, where it should be square`,
    });
    await expect(store.thumbnail(2)).rejects.toMatchObject(damaged('part-0.parquet', 'has no thumbnail in row 2'));
    await store.close();
  });
});

describe('vectors are read', () => {
  const vectors = { v: { length: 2, producer: 'a1'.repeat(32) } };
  const row = (i: number, ...v: number[]): AnyRow => ({ ...soundRow(i), vectors: { v: Float32Array.from(v) } });

  it('one after another, of the rows that have one', async () => {
    await writeCatalogueOf(folder, { shards: [[row(0, 1, 2), soundRow(1)], [row(2, 3, -4)]], vectors });
    const store = await openPictures(folder);
    expect(await store.vectors('v')).toEqual({ values: Float32Array.of(1, 2, 3, -4), ...vectors.v });
    expect(await store.vectors('w')).toBeUndefined();
    // A name that every object has is no column.
    expect(await store.vectors('constructor')).toBeUndefined();
    await store.close();
    await writeCatalogueOf(join(folder, 'without'), { shards: [[soundRow(0)]] });
    expect(await (await openPictures(join(folder, 'without'))).vectors('v')).toBeUndefined();
  });

  it.each([[[1]], [[1, 2, 3]], [[1, Number.NaN]], [[Number.POSITIVE_INFINITY, 1]], [[]]])(
    '%j is refused where two numbers are due',
    async (values) => {
      await writeCatalogueOf(folder, { shards: [[row(0, 1, 2)], [row(1, ...values)]], vectors });
      const store = await openPictures(folder);
      await expect(store.vectors('v')).rejects.toMatchObject(
        damaged('part-1.parquet', 'has a vector in column v that is not 2 numbers'),
      );
      await store.close();
    },
  );
});

describe('pixels are read', () => {
  it('when they are asked for, once, into memory that threads may share', async () => {
    await writeCatalogueOf(folder, { shards: [[0, 1, 2].map(soundRow)], size: 2 });
    const store = await openPictures(folder);
    expect(store.pixels).toEqual(Uint8Array.from({ length: 36 }, (_, i) => i));
    expect(store.pixels.buffer).toBeInstanceOf(SharedArrayBuffer);
    rmSync(join(folder, 'pixels.u8'));
    expect(store.pixels).toHaveLength(36);
    await store.close();
  });

  it('in pieces of 16 MiB', async () => {
    const size = 1024;
    await writeCatalogueOf(folder, { shards: [[0, 1, 2, 3, 4, 5].map(soundRow)], size });
    const { pixels } = await openPictures(folder);
    expect(pixels).toHaveLength(6 * 3 * 2 ** 20);
    for (const at of [0, 255, 2 ** 24 - 1, 2 ** 24 + 1, 2 ** 24 + 77, pixels.length - 1]) {
      expect(pixels[at], `byte ${at}`).toBe(at % 256);
    }
  });

  it('by somebody else, and then not again', async () => {
    await writeCatalogueOf(folder, { shards: [[soundRow(0)]] });
    writeFileSync(join(folder, 'pixels.u8'), Uint8Array.of(9, 9, 9));
    const pixels = Uint8Array.of(7, 8, 9);
    expect((await openPictures(folder, { pixels })).pixels).toBe(pixels);
    const store = await openPictures(folder);
    expect(() => store.pixels).toThrow(/has changed since it was written/);
  });
});

it('embeddings are those of the manifest, where it lists some', async () => {
  const values = new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8).buffer);
  const facts = { tokens: 1, channels: 2, views: 1, encoder: 'a1'.repeat(32) };
  const embeddings = { file: 'embeddings.f32', ...digestOfBytes(values), ...facts };
  writeFileSync(join(folder, 'embeddings.f32'), values);
  await writeCatalogueOf(folder, { shards: [[0, 1].map(soundRow)], about: { embeddings } });
  const store = await openPictures(folder);
  expect(store.embeddings).toMatchObject(facts);
  expect(store.embeddings?.read(1)).toEqual(Float32Array.of(5, 6));
  await store.close();
  rmSync(join(folder, 'embeddings.f32'));
  await expect(openPictures(folder)).rejects.toMatchObject({ code: 'index-missing' });
  await writeCatalogueOf(join(folder, 'without'), { shards: [[soundRow(0)]] });
  expect(await openPictures(join(folder, 'without'))).not.toHaveProperty('embeddings');
});

describe('files are kept open', () => {
  const open = async (hold: boolean) => {
    await writeCatalogueOf(folder, { shards: [[soundRow(0)], [soundRow(1)]] });
    const store = await openPictures(folder, { hold });
    await rm(folder, { recursive: true });
    return store;
  };

  it('where they are to be held, until they are closed', async () => {
    const store = await open(true);
    expect(await store.png(1)).toEqual(Uint8Array.of(1));
    expect(store.pixels).toEqual(Uint8Array.of(0, 1, 2, 3, 4, 5));
    await store.close();
    await expect(store.png(0)).rejects.toMatchObject({ code: 'index-missing' });
  });

  it('200 of them, at most', async () => {
    await writeCatalogueOf(folder, { shards: Array.from({ length: 201 }, (_, i) => [soundRow(i)]) });
    const store = await openPictures(folder, { hold: true });
    await rm(folder, { recursive: true });
    expect(await store.png(199)).toEqual(Uint8Array.of(199));
    await expect(store.png(200)).rejects.toMatchObject({ code: 'index-missing' });
    await store.close();
  });

  it('and otherwise not', async () => {
    const store = await open(false);
    await expect(store.png(1)).rejects.toMatchObject({ code: 'index-missing' });
    expect(() => store.pixels).toThrow(expect.objectContaining({ code: 'index-missing' }));
  });

  it('and the error is that of a new version, where one stands in their place', async () => {
    await writeCatalogueOf(folder, { shards: [[soundRow(0)]] });
    const replaced = new NeurodexError('index-replaced', 'is another', { hint: 'none' });
    const store = await openPictures(folder, { replaced: () => replaced });
    writeFileSync(join(folder, 'pixels.u8'), Uint8Array.of(9, 9, 9));
    expect(() => store.pixels).toThrow(replaced);
  });
});

describe('a catalogue that is verified', () => {
  it.each(['part-0.parquet', 'pixels.u8'])('has the digests that are listed of %s', async (file) => {
    const manifest = await writeCatalogueOf(folder, { shards: [[soundRow(0)]] });
    expect(await verifyPictures(folder)).toEqual(manifest);
    const [shard, pixels] = [manifest.shards[0], manifest.pixels];
    const other = (key: 'sha256' | 'chunks', value: string) => ({
      ...manifest,
      shards: [{ ...shard, rows: 1, ...(file === 'pixels.u8' ? {} : { [key]: value }) }],
      pixels: { ...pixels, ...(file === 'pixels.u8' ? { [key]: value } : {}) },
    });
    const changed = damaged(file, 'has changed since it was written (its SHA-256 differs)');
    for (const wrong of [other('sha256', 'a1'.repeat(32)), other('chunks', Buffer.alloc(32).toString('base64'))]) {
      await writeManifest(folder, wrong as typeof manifest);
      await expect(verifyPictures(folder)).rejects.toMatchObject(changed);
    }
    rmSync(join(folder, file));
    await expect(verifyPictures(folder)).rejects.toMatchObject({ code: 'index-missing' });
  });

  it('has the manifest that is listed', async () => {
    await writeCatalogueOf(folder, { shards: [[soundRow(0)]] });
    const { bytes, sha256 } = digestOfBytes(readFileSync(join(folder, 'catalogue.json')));
    await verifyPictures(folder, { bytes, sha256 });
    const other = { bytes, sha256: 'a1'.repeat(32) };
    await expect(verifyPictures(folder, other)).rejects.toMatchObject({ code: 'index-damaged' });
    await expect(openPictures(folder, { listed: other })).rejects.toMatchObject({ code: 'index-damaged' });
    await expect(openPictureRows(folder, { listed: other })).rejects.toMatchObject({ code: 'index-damaged' });
  });
});

describe('what goes wrong in a table', () => {
  it('is the damage of its file, unless it is told in words already', async () => {
    const own = new NeurodexError('index-replaced', 'is another', { hint: 'none' });
    await expect(readable('part', () => Promise.reject(own))).rejects.toBe(own);
    const cause = new TypeError('of the library');
    await expect(readable('part', () => Promise.reject(cause))).rejects.toMatchObject({
      code: 'index-damaged',
      message: 'part is not a table of pictures that can be read',
      cause,
    });
    expect(await readable('part', async () => 7)).toBe(7);
  });
});
