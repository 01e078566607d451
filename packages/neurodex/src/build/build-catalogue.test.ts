import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { ProgressEvent } from '@neurodex/core';
import { NeurodexError } from '@neurodex/core';
import { createFolder } from '@neurodex/core/storage';
import type { Dataset, SourcePicture } from '@neurodex/datasets';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { noMount, onTinyDisk } from '../../../core/src/storage/tiny-disk.fixture.ts';
import { openPictures, readThumbnails, type StoredPictures } from '../artifact/catalogue-store.ts';
import { partFile } from '../artifact/part-files.fixture.ts';
import { pixelsOf } from '../pictures/picture-store.ts';
import { type BuildOptions, buildCatalogue } from './build-catalogue.ts';
import type { PictureReader } from './build-options.ts';

let folder = '';
let target = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-build-'));
  target = join(folder, 'catalogue');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const SIZE = 8;

const options: BuildOptions = {
  pictures: { size: SIZE, thumbnail: 16, maxPixels: 1_000_000 },
  split: { retrievalFraction: 0.5, validationFraction: 0.2, testFraction: 0.2 },
  seed: 7,
  assignIdentifiers: (catalogue) => catalogue.map((_, i) => String(i).padStart(3, '0')),
};

/** A reader that takes pictures as they come: the first byte fills the picture; an empty file is damaged. */
const plainReader: PictureReader = async (bytes, { size, name }) => {
  if (bytes.length === 0) throw new NeurodexError('picture-empty', `${name} is empty (0 bytes)`);
  return {
    picture: { size, pixels: new Uint8Array(size * size * 3).fill(bytes[0] ?? 0) },
    thumbnail: bytes,
  };
};
const plain: BuildOptions = { ...options, readPicture: plainReader };

const source = (path: string, bytes: Uint8Array, role?: SourcePicture['role']): SourcePicture => ({
  path,
  labels: path.includes('/') ? [path.slice(0, path.indexOf('/'))] : [],
  read: async () => bytes,
  ...(role === undefined ? {} : { role }),
});

const dataset = (pictures: readonly SourcePicture[], skipped: Dataset['skipped'] = []): Dataset => ({
  name: 'folder',
  source: '/pictures',
  pictures,
  notices: [{ work: 'Pictures', author: 'N. N.', licence: 'CC0-1.0', url: 'https://example.org' }],
  skipped,
});

const classes = (names: readonly string[], each: number): SourcePicture[] =>
  names.flatMap((name, c) =>
    Array.from({ length: each }, (_, i) => source(`${name}/${i}`, Uint8Array.of(c * each + i + 1, i))),
  );

const collecting = () => {
  const warnings: string[] = [];
  const events: ProgressEvent[] = [];
  return {
    warnings,
    events,
    reporter: {
      warn: (message: string) => void warnings.push(message),
      progress: (event: ProgressEvent) => void events.push(event),
      info() {},
    },
  };
};

test('real files: pixels, thumbnails, roles and identifiers; damaged ones are skipped', async () => {
  const draw = (red: number) =>
    sharp({ create: { width: 20, height: 12, channels: 3, background: { r: red, g: 10, b: 200 } } });
  const sound = await Promise.all(
    [0, 1, 2, 3, 4, 5].map((i) =>
      draw(40 * i)
        .png()
        .toBuffer(),
    ),
  );
  const jpeg = await draw(99).jpeg().toBuffer();
  const pictures = [
    ...sound.map((bytes, i) => source(`${i < 3 ? 'blue' : 'violet'}/${i}.png`, bytes)),
    source('violet/empty.png', new Uint8Array(0)),
    source('violet/text.jpg', new TextEncoder().encode('not a picture at all')),
    source('blue/cut.jpg', jpeg.subarray(0, jpeg.length >> 1)),
    source(
      'blue/vast.png',
      await sharp({ create: { width: 1100, height: 1000, channels: 3, background: 'red' } })
        .png()
        .toBuffer(),
    ),
  ];
  const { warnings, events, reporter } = collecting();
  const built = await buildCatalogue(dataset(pictures, [{ path: 'notes.txt', reason: 'no picture' }]), target, {
    ...options,
    reporter,
  });
  expect(built.skipped.map(({ path }) => path)).toEqual([
    'blue/cut.jpg',
    'blue/vast.png',
    'notes.txt',
    'violet/empty.png',
    'violet/text.jpg',
  ]);
  expect(built.skipped.every(({ path, reason }) => reason.length > 5 && !reason.startsWith(path))).toBe(true);
  expect(warnings).toHaveLength(5);
  const read = events.filter(({ phase }) => phase === 'ingest');
  expect(read.map(({ done }) => done)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(read.at(-1)).toEqual({ phase: 'ingest', done: 10, total: 10, unit: 'pictures' });
  expect(events.at(-1)).toMatchObject({ phase: 'duplicates', unit: 'pictures' });

  const store = await openPictures(target);
  expect(store.rows).toEqual(built.rows);
  expect(store.skipped).toEqual(built.skipped);
  expect(store.notices).toHaveLength(1);
  expect(store.hasClasses).toBe(true);
  expect(store.rows.map(({ path }) => path)).toEqual(sound.map((_, i) => `${i < 3 ? 'blue' : 'violet'}/${i}.png`));
  // One colour stays that colour, whatever is cropped and resized.
  sound.forEach((_, i) => {
    const [r, g, b] = pixelsOf(store, i);
    expect([r, g, b]).toEqual([40 * i, 10, 200]);
  });
  const [thumbnail] = await readThumbnails(target, [3]);
  const header = await sharp(thumbnail).metadata();
  // 20 × 12 pixels: a thumbnail is not larger than its picture.
  expect([header.format, header.width, header.height]).toEqual(['png', 12, 12]);
  const files = [partFile(target, 'pictures'), partFile(target, 'pixels')].map((file) => basename(file));
  expect((await readdir(target)).sort()).toEqual(['catalogue.json', ...files].sort());
});

test('the same seed builds the same files, however the pictures are listed and decoded', async () => {
  const pictures = classes(['a', 'b', 'c'], 20);
  const shaken: PictureReader = async (bytes, read) => {
    await new Promise((done) => setTimeout(done, (bytes[0] ?? 0) % 5));
    return plainReader(bytes, read);
  };
  await buildCatalogue(dataset(pictures), join(folder, 'one'), { ...plain, concurrency: 1 });
  await buildCatalogue(dataset([...pictures].reverse()), join(folder, 'two'), {
    ...plain,
    concurrency: 9,
    readPicture: shaken,
  });
  const [one, two] = await Promise.all([openPictures(join(folder, 'one')), openPictures(join(folder, 'two'))]);
  const dataOf = ({ manifest, rows: pictures, pixels }: StoredPictures) => ({ manifest, pictures, pixels });
  expect(dataOf(two)).toEqual(dataOf(one));
  await buildCatalogue(dataset(pictures), join(folder, 'three'), { ...plain, seed: 8 });
  expect((await openPictures(join(folder, 'three'))).rows).not.toEqual(one.rows);
});

test('identifiers go to the catalogue pictures, in row order, and to nothing else', async () => {
  let asked: readonly string[] = [];
  const built = await buildCatalogue(dataset(classes(['a', 'b'], 6)), target, {
    ...plain,
    assignIdentifiers: (catalogue) => {
      asked = catalogue.map(({ path }) => path);
      return catalogue.map(({ path }) => `id of ${path}`);
    },
  });
  const kept = built.rows.filter(({ role }) => role === 'catalogue');
  expect(kept).toHaveLength(6);
  expect(asked).toEqual(kept.map(({ path }) => path));
  for (const picture of built.rows) {
    expect(picture.identifier).toBe(picture.role === 'catalogue' ? `id of ${picture.path}` : undefined);
  }
  const twice = buildCatalogue(dataset(classes(['a'], 8)), join(folder, 'b'), {
    ...plain,
    assignIdentifiers: () => ['1'],
  });
  await expect(twice).rejects.toThrow(RangeError);
});

test('roles that the data set fixes are kept, among what is usable', async () => {
  const pictures = [
    source('x/1', Uint8Array.of(1), 'catalogue'),
    source('x/2', Uint8Array.of(2), 'catalogue'),
    source('x/3', new Uint8Array(0), 'catalogue'),
    source('x/4', Uint8Array.of(4), 'test'),
  ];
  await buildCatalogue(dataset(pictures), target, plain);
  const store = await openPictures(target);
  expect(store.catalogue.map(({ path }) => path)).toEqual(['x/1', 'x/2']);
  expect(store.queries('test').map(({ row }) => row)).toEqual([2]);
});

test('a flat folder: all catalogue, no classes', async () => {
  const pictures = Array.from({ length: 5 }, (_, i) => source(`${i}`, Uint8Array.of(i)));
  const built = await buildCatalogue(dataset(pictures), target, plain);
  expect(built.hasClasses).toBe(false);
  expect(built.rows.every(({ role }) => role === 'catalogue')).toBe(true);
});

describe('sources that cannot become an index', () => {
  test('no pictures; none usable', async () => {
    await expect(buildCatalogue(dataset([]), target, plain)).rejects.toMatchObject({
      code: 'source-empty',
      message: '/pictures has no pictures: 0 files tried',
    });
    const empty = ['b', 'a'].map((path) => source(path, new Uint8Array(0)));
    await expect(buildCatalogue(dataset(empty), join(folder, 'b'), plain)).rejects.toMatchObject({
      code: 'source-empty',
      message: '/pictures has no picture that can be used: 2 files tried, the first: a: is empty (0 bytes)',
    });
  });

  test('one picture; one class of which only one is kept', async () => {
    for (const [i, n] of [1, 2].entries()) {
      await expect(buildCatalogue(dataset(classes(['a'], n)), join(folder, `${i}`), plain)).rejects.toMatchObject({
        code: 'source-unusable',
        message: expect.stringMatching(/one catalogue picture.*at least two/),
        hint: expect.stringContaining('retrievalFraction'),
      });
    }
  });
});

describe('what stops the work', () => {
  test('a signal: no more pictures are read, nothing is left', async () => {
    const controller = new AbortController();
    let read = 0;
    const pictures = classes(['a', 'b'], 100).map((picture) => ({
      ...picture,
      read: () => {
        if (++read === 20) controller.abort();
        return picture.read();
      },
    }));
    const { signal } = controller;
    const made = createFolder(target, { signal }, (temporary) =>
      buildCatalogue(dataset(pictures), join(temporary, 'catalogue'), { ...plain, signal, concurrency: 4 }),
    );
    await expect(made).rejects.toMatchObject({ code: 'interrupted' });
    expect(read).toBeLessThan(30);
    expect(await readdir(folder)).toEqual([]);
  });

  test('an error that is not about a picture', async () => {
    const readPicture: PictureReader = async () => {
      throw new TypeError('a bug');
    };
    await expect(buildCatalogue(dataset(classes(['a'], 9)), target, { ...plain, readPicture })).rejects.toThrow(
      TypeError,
    );
  });

  test.skipIf(noMount)(`a disk that fills up, and nothing is left on it${noMount ? ` (${noMount})` : ''}`, () =>
    onTinyDisk(async (at) => {
      const pictures = Array.from({ length: 400 }, (_, i) => source(`${i}`, new Uint8Array(1000).fill(i)));
      const made = createFolder(join(at, 'index'), {}, (temporary) =>
        buildCatalogue(dataset(pictures), join(temporary, 'catalogue'), plain),
      );
      await expect(made).rejects.toMatchObject({ code: 'disk-full' });
      expect(await readdir(at)).toEqual([]);
    }, 128),
  );
});

test('pictures are held a few at a time, however many there are', async () => {
  let held = 0;
  let most = 0;
  const { events, reporter } = collecting();
  const counted = {
    ...reporter,
    progress(event: ProgressEvent) {
      if (event.phase !== 'ingest') return;
      held--;
      events.push(event);
    },
  };
  const pictures = classes(['a', 'b'], 400).map((picture) => ({
    ...picture,
    read: () => {
      most = Math.max(most, ++held);
      return picture.read();
    },
  }));
  await buildCatalogue(dataset(pictures), target, { ...plain, concurrency: 6, reporter: counted });
  expect(events).toHaveLength(800);
  expect(most).toBeLessThanOrEqual(6);
  expect(most).toBeGreaterThan(1);
});
