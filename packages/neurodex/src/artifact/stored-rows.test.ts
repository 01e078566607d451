import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NeurodexError } from '@neurodex/core';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CatalogueManifest, writeManifest } from './catalogue-manifest.ts';
import { openPictureRows, openPictures, readThumbnails, verifyPictures } from './catalogue-store.ts';
import { readable } from './readable.ts';
import { type AnyRow, digestOfBytes, soundRow, sourceDigest, writeCatalogueOf } from './small-catalogue.fixture.ts';

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
    ['with the number of another', { id: 2 }],
    ['with the number of the one before', { id: 0 }],
    ['without a number', { id: null }],
    ['without a path', { path: null }],
    ['without labels', { labels: null }],
    ['with a label that is nothing', { labels: ['x', null] }],
    ['with a caption that is nothing', { captions: [null] }],
    ['with a role that is none', { role: 'tests' }],
    ['without a role', { role: null }],
    ['of the catalogue without an identifier', { identifier: undefined }],
    ['of a query with an identifier', { role: 'test' }],
    ['with a cluster beside its identifier', { cluster: '1' }],
    ['with an object without a category', object({ category: null })],
    ['with an object of three numbers', object({ box: [1, 2, 3] })],
    ['with an object of five numbers', object({ box: [1, 2, 3, 4, 5] })],
    ['with an object that is nowhere', object({ box: [1, 2, 3, Number.NaN] })],
    ['with an object without an area', object({ area: null })],
    ['with an object of no area', object({ area: Number.POSITIVE_INFINITY })],
    ['with an object that may be a crowd', object({ crowd: null })],
  ])('%s', async (_, change) => {
    await writeCatalogueOf(folder, { parts: [[soundRow(0)], [{ ...soundRow(1), ...change }]] });
    await expect(openPictureRows(folder)).rejects.toMatchObject(
      damaged('part-1.parquet', 'does not hold what it should in row 1'),
    );
    await expect(openPictures(folder)).rejects.toMatchObject({ code: 'index-damaged' });
  });
});

describe('rows are read', () => {
  it('with what they have, in one part after another', async () => {
    const rows = [
      { ...soundRow(0), captions: ['c'], objects: [{ category: 'a', box: [1, 2, 3, 4], area: 2, crowd: true }] },
      { ...soundRow(1), captions: [], objects: [], labels: [] },
      { ...soundRow(2), role: 'test' as const, identifier: undefined },
    ];
    await writeCatalogueOf(folder, { parts: [rows.slice(0, 1), rows.slice(1)] });
    const { identifier: _, ...query } = rows[2] ?? {};
    const expected = [rows[0], rows[1], query].map((each, row) => {
      const { thumbnail: _, sha256: __, ...rest } = { thumbnail: 0, sha256: '', ...each };
      return { row, ...rest };
    });
    expect((await openPictureRows(folder)).rows).toStrictEqual(expected);
  });

  it('with what the manifest says of all of them', async () => {
    const duplicates = { sets: 1, copies: 1, differentLabels: 0, leftOut: 0, acrossSplits: 0, examples: [] };
    const parts = [[soundRow(0), { ...soundRow(1), role: 'test', identifier: null }]];
    const skipped = [{ path: 'p', reason: 'r' }];
    await writeCatalogueOf(folder, { parts, about: { duplicates, hasClasses: false, skipped } });
    const rows = await openPictureRows(folder);
    expect(rows).toMatchObject({ size: 1, hasClasses: false, skipped, duplicates, notices: [] });
    expect([rows.catalogue.length, rows.queries('test').length]).toEqual([1, 1]);
    await writeCatalogueOf(join(folder, 'without'), { parts });
    expect(await openPictureRows(join(folder, 'without'))).not.toHaveProperty('duplicates');
  });
});

describe('numbers of pictures', () => {
  it('stay, whatever is removed before them, in each part within what is listed of it', async () => {
    const parts = [[2, 5].map(soundRow), [7, 40].map(soundRow)];
    const ids = [
      [2, 5],
      [6, 40],
    ] as const;
    await writeCatalogueOf(folder, { parts, ids });
    const { rows } = await openPictureRows(folder);
    expect(rows.map(({ row, id }) => [row, id])).toEqual([
      [0, 2],
      [1, 5],
      [2, 7],
      [3, 40],
    ]);
  });

  it.each<[string, number[], [number, number], number]>([
    ['below the first', [5, 7], [6, 40], 1],
    ['above the last', [7, 41], [6, 40], 2],
    ['in another order', [8, 7], [6, 40], 2],
  ])('%s are refused', async (_, own, listed, row) => {
    const ids = [[0, 4], listed] as const;
    await writeCatalogueOf(folder, { parts: [[soundRow(0)], own.map(soundRow)], ids });
    await expect(openPictureRows(folder)).rejects.toMatchObject(
      damaged('part-1.parquet', `does not hold what it should in row ${row}`),
    );
  });
});

describe('identifiers follow from clusters, where the catalogue has some', () => {
  const clusters = { branching: 4, leafSize: 2, zeroPadding: false };
  const row = (id: number, cluster?: unknown, role = 'catalogue'): AnyRow => ({
    ...soundRow(id),
    role,
    identifier: null,
    cluster: cluster ?? null,
  });

  it('each picture has the path of its cluster, and its number in it', async () => {
    const parts = [
      [row(0, '1.0'), row(1, '2')],
      [row(2, null, 'test'), row(3, '1.0'), row(4, '3')],
    ];
    await writeCatalogueOf(folder, { parts, about: { clusters } });
    const { rows, catalogue } = await openPictureRows(folder);
    expect(rows.map(({ identifier }) => identifier)).toEqual(['100', '20', undefined, '101', '30']);
    expect(rows.map(({ cluster }) => cluster)).toEqual(['1.0', '2', undefined, '1.0', '3']);
    expect(catalogue.map((picture) => picture.row)).toEqual([0, 1, 3, 4]);
  });

  it('a cluster that outgrew its leaf is divided by the states of its pictures', async () => {
    const parts = [[0, 1, 2].map((id) => row(id, '')), [3, 4, 5].map((id) => row(id, ''))];
    // Odd and even pictures look the same way.
    const states = Float32Array.from([0, 1, 2, 3, 4, 5].flatMap((id) => (id % 2 === 0 ? [1, 0] : [0, 1])));
    const rules = { ...clusters, branching: 2, leafSize: 2 };
    await writeCatalogueOf(folder, { parts, states, about: { clusters: rules, states: { width: 2 } } });
    const { rows } = await openPictureRows(folder);
    const firsts = rows.map(({ identifier }) => identifier?.[0]);
    expect(new Set(rows.map(({ identifier }) => identifier)).size).toBe(6);
    expect(firsts.map((first) => first === firsts[0])).toEqual([true, false, true, false, true, false]);
  });

  it('without states they are divided by their order', async () => {
    const parts = [[0, 1, 2, 3, 4, 5].map((id) => row(id, ''))];
    const opened = async (name: string, leafSize: number) => {
      const at = join(folder, name);
      await writeCatalogueOf(at, { parts, about: { clusters: { ...clusters, branching: 2, leafSize } } });
      return await openPictureRows(at);
    };
    // Twice the leaf size may stay together.
    const whole = await opened('whole', 3);
    expect(whole.rows.map(({ identifier }) => identifier)).toEqual(['000', '001', '010', '011', '100', '101']);
    const { rows } = await opened('divided', 2);
    const firsts = rows.map(({ identifier }) => identifier?.[0]);
    // One beginning, and then the other.
    expect(firsts.filter((first, i) => i > 0 && first !== firsts[i - 1])).toHaveLength(1);
  });

  it.each<[string, AnyRow]>([
    ['no cluster', row(1)],
    ['an identifier beside it', { ...soundRow(1), identifier: '1' }],
    ['a cluster, as a query', row(1, '1', 'test')],
    ['a cluster that is no path', row(1, '1..2')],
    ['a cluster of other tokens', row(1, '4')],
    ['a cluster of text', row(1, 'a')],
  ])('%s is refused', async (_, bad) => {
    await writeCatalogueOf(folder, { parts: [[row(0, '1')], [bad]], about: { clusters } });
    await expect(openPictureRows(folder)).rejects.toMatchObject(
      damaged('part-1.parquet', 'does not hold what it should in row 1'),
    );
  });
});

describe('digests of files are read', () => {
  it('in row order', async () => {
    await writeCatalogueOf(folder, { parts: [[0, 1].map(soundRow), [soundRow(2)]] });
    const store = await openPictures(folder);
    expect(await store.digests()).toEqual([0, 1, 2].map(sourceDigest));
    await store.close();
  });

  it.each([null, '', 'A1'.repeat(32), 'a1'.repeat(31)])('%j is refused', async (sha256) => {
    await writeCatalogueOf(folder, { parts: [[soundRow(0)], [{ ...soundRow(1), sha256 }]] });
    const store = await openPictures(folder);
    await expect(store.digests()).rejects.toMatchObject(damaged('part-1.parquet', 'has a digest that is none'));
    await store.close();
  });
});

it('states are those of the columns, where the manifest lists some', async () => {
  const states = Float32Array.of(1, 2, 3, 4, 5, 6);
  const parts = [[soundRow(0)], [1, 2].map(soundRow)];
  await writeCatalogueOf(folder, { parts, states, about: { states: { width: 2 } } });
  const store = await openPictures(folder);
  expect(store.states()).toEqual(states);
  await store.close();
  writeFileSync(join(folder, 'part-1.states.f32'), new Uint8Array(16));
  const changed = await openPictures(folder);
  expect(() => changed.states()).toThrow(expect.objectContaining({ code: 'index-damaged' }));
  rmSync(join(folder, 'part-1.states.f32'));
  await expect(openPictures(folder)).rejects.toMatchObject({ code: 'index-missing' });
  await writeCatalogueOf(join(folder, 'without'), { parts });
  expect((await openPictures(join(folder, 'without'))).states()).toBeUndefined();
});

describe('thumbnails are read', () => {
  const parts = [[0, 1].map(soundRow), [2].map(soundRow), [3, 4].map(soundRow)];

  it('of any row, in the order asked for, once each', async () => {
    await writeCatalogueOf(folder, { parts });
    expect(await readThumbnails(folder, [4, 0, 2, 1, 3, 0])).toEqual([4, 0, 2, 1, 3, 0].map((i) => Uint8Array.of(i)));
    expect(await readThumbnails(folder, [])).toEqual([]);
  });

  it('of no other row', async () => {
    await writeCatalogueOf(folder, { parts });
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
    await writeCatalogueOf(folder, { parts: [thumbnails.map((thumbnail, i) => ({ ...soundRow(i), thumbnail }))] });
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
    await writeCatalogueOf(folder, { parts: [[row(0, 1, 2), soundRow(1)], [row(2, 3, -4)]], vectors });
    const store = await openPictures(folder);
    expect(await store.vectors('v')).toEqual({ values: Float32Array.of(1, 2, 3, -4), ...vectors.v });
    expect(await store.vectors('w')).toBeUndefined();
    // A name that every object has is no column.
    expect(await store.vectors('constructor')).toBeUndefined();
    await store.close();
    await writeCatalogueOf(join(folder, 'without'), { parts: [[soundRow(0)]] });
    expect(await (await openPictures(join(folder, 'without'))).vectors('v')).toBeUndefined();
  });

  it.each([[[1]], [[1, 2, 3]], [[1, Number.NaN]], [[Number.POSITIVE_INFINITY, 1]], [[]]])(
    '%j is refused where two numbers are due',
    async (values) => {
      await writeCatalogueOf(folder, { parts: [[row(0, 1, 2)], [row(1, ...values)]], vectors });
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
    await writeCatalogueOf(folder, { parts: [[0, 1, 2].map(soundRow)], size: 2 });
    const store = await openPictures(folder);
    expect(store.pixels).toEqual(Uint8Array.from({ length: 36 }, (_, i) => i));
    expect(store.pixels.buffer).toBeInstanceOf(SharedArrayBuffer);
    rmSync(join(folder, 'part-0.pixels.u8'));
    expect(store.pixels).toHaveLength(36);
    await store.close();
  });

  it('in pieces of 16 MiB', async () => {
    const size = 1024;
    await writeCatalogueOf(folder, { parts: [[0, 1, 2].map(soundRow), [3, 4, 5].map(soundRow)], size });
    const { pixels } = await openPictures(folder);
    expect(pixels).toHaveLength(6 * 3 * 2 ** 20);
    for (const at of [0, 255, 2 ** 24 - 1, 2 ** 24 + 1, 2 ** 24 + 77, pixels.length - 1]) {
      expect(pixels[at], `byte ${at}`).toBe(at % 256);
    }
  });

  it('by another version, and then not again: those of parts that are the same', async () => {
    await writeCatalogueOf(folder, { parts: [[soundRow(0)], [soundRow(1)]] });
    const before = await openPictures(folder);
    before.pixels.set([7, 8, 9]);
    writeFileSync(join(folder, 'part-0.pixels.u8'), Uint8Array.of(9, 9, 9));
    const next = await openPictures(folder, { before });
    expect(next.pixels).toEqual(before.pixels);
    expect([...next.pixels.subarray(0, 3)]).toEqual([7, 8, 9]);
    const store = await openPictures(folder);
    expect(() => store.pixels).toThrow(/has changed since it was written/);
  });
});

it('embeddings are those of the manifest, where it lists some', async () => {
  const embeddings = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  const facts = { tokens: 1, channels: 2, views: 1, encoder: 'a1'.repeat(32) };
  await writeCatalogueOf(folder, { parts: [0, 1].map((i) => [soundRow(i)]), embeddings, about: { embeddings: facts } });
  const store = await openPictures(folder);
  expect(store.embeddings).toMatchObject(facts);
  expect(store.embeddings?.read(1)).toEqual(Float32Array.of(5, 6));
  await store.close();
  rmSync(join(folder, 'part-1.embeddings.f32'));
  await expect(openPictures(folder)).rejects.toMatchObject({ code: 'index-missing' });
  await writeCatalogueOf(join(folder, 'without'), { parts: [[soundRow(0)]] });
  expect(await openPictures(join(folder, 'without'))).not.toHaveProperty('embeddings');
});

describe('files are kept open', () => {
  const open = async (hold: boolean) => {
    await writeCatalogueOf(folder, { parts: [[soundRow(0)], [soundRow(1)]] });
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
    // Two for each part: a table, and its pixels.
    await writeCatalogueOf(folder, { parts: Array.from({ length: 101 }, (_, i) => [soundRow(i)]) });
    const store = await openPictures(folder, { hold: true });
    await rm(folder, { recursive: true });
    expect(await store.png(99)).toEqual(Uint8Array.of(99));
    expect(store.pixelsOf?.(99)).toHaveLength(3);
    await expect(store.png(100)).rejects.toMatchObject({ code: 'index-missing' });
    await store.close();
  });

  it('and otherwise not', async () => {
    const store = await open(false);
    await expect(store.png(1)).rejects.toMatchObject({ code: 'index-missing' });
    expect(() => store.pixels).toThrow(expect.objectContaining({ code: 'index-missing' }));
  });

  it('and the error is that of a new version, where one stands in their place', async () => {
    await writeCatalogueOf(folder, { parts: [[soundRow(0)]] });
    const replaced = new NeurodexError('index-replaced', 'is another', { hint: 'none' });
    const store = await openPictures(folder, { replaced: () => replaced });
    writeFileSync(join(folder, 'part-0.pixels.u8'), Uint8Array.of(9, 9, 9));
    expect(() => store.pixels).toThrow(replaced);
  });
});

describe('a catalogue that is verified', () => {
  it.each(['part-0.parquet', 'part-0.pixels.u8'])('has the digests that are listed of %s', async (file) => {
    const manifest = await writeCatalogueOf(folder, { parts: [[soundRow(0)]] });
    expect(await verifyPictures(folder)).toEqual(manifest);
    const part = manifest.parts[0] ?? expect.unreachable();
    const other = (key: 'sha256' | 'chunks', value: string): CatalogueManifest => {
      const changed = <T extends { file: string }>(listed: T): T =>
        listed.file === file ? { ...listed, [key]: value } : listed;
      return { ...manifest, parts: [{ ...part, pictures: changed(part.pictures), pixels: changed(part.pixels) }] };
    };
    const changed = damaged(file, 'has changed since it was written (its SHA-256 differs)');
    for (const wrong of [other('sha256', 'a1'.repeat(32)), other('chunks', Buffer.alloc(32).toString('base64'))]) {
      await writeManifest(folder, wrong);
      await expect(verifyPictures(folder)).rejects.toMatchObject(changed);
    }
    rmSync(join(folder, file));
    await expect(verifyPictures(folder)).rejects.toMatchObject({ code: 'index-missing' });
  });

  it('has the manifest that is listed', async () => {
    await writeCatalogueOf(folder, { parts: [[soundRow(0)]] });
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
