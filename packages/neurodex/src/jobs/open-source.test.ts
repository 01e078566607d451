import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { silentReporter } from '@neurodex/core';
import type { Dataset } from '@neurodex/datasets';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { datasetContract } from '../../../datasets/src/datasets/dataset.contract.ts';
import { openPictures, readThumbnails } from '../artifact/catalogue-store.ts';
import { partFile } from '../artifact/part-files.fixture.ts';
import { openPrepared, readPreparedManifest } from '../artifact/prepared.ts';
import { buildCatalogue } from '../build/build-catalogue.ts';
import type { Config } from '../config.ts';
import { pixelsOf } from '../pictures/picture-store.ts';
import { PRESETS } from '../presets/presets.ts';
import { buildDataset } from './build-dataset.ts';
import { type OpenSourceOptions, openSource } from './open-source.ts';
import { showDataset } from './show-dataset.ts';

const fixture = (path: string): string =>
  fileURLToPath(new URL(`../../../datasets/src/datasets/fixtures/${path}`, import.meta.url));
const COCO = fixture('coco');
const quick: Config = { ...PRESETS.quick, pictures: { ...PRESETS.quick.pictures, size: 16, thumbnail: 24 } };

let folder = '';
const photos = (): string => join(folder, 'photos');
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-source-'));
  for (const [name, red] of [
    ['a', 200],
    ['b', 20],
  ] as const) {
    await mkdir(join(photos(), name), { recursive: true });
    for (let i = 0; i < 8; i++) {
      await sharp({ create: { width: 40, height: 30, channels: 3, background: { r: red, g: 10 * i, b: 40 } } })
        .jpeg()
        .toFile(join(photos(), name, `${i}.jpg`));
    }
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const open = (source: string, rest: Partial<OpenSourceOptions> = {}) =>
  openSource({
    source,
    path: join(folder, source),
    config: quick,
    seed: 0,
    environment: { NEURODEX_CACHE: join(folder, 'cache') },
    reporter: silentReporter,
    ...rest,
  });
const at = (path: string, rest: Partial<OpenSourceOptions> = {}) => open(path, { path, ...rest });

describe('openSource', () => {
  it('recognises what a path holds', async () => {
    const names = async (path: string) => (await at(path)).dataset.name;
    expect(await names(photos())).toBe('folder');
    expect(await names(COCO)).toBe('coco');
    expect(await names(join(COCO, 'annotations/instances_val2014.json'))).toBe('coco');
    expect(await names(fixture('idx'))).toBe('idx');
    expect(await names(fixture('idx/train-images-idx3-ubyte.gz'))).toBe('idx');
  });

  it('a named data set with a copy; a folder that is called like one goes first', async () => {
    expect((await open('coco', { from: COCO })).dataset).toMatchObject({ name: 'coco', source: 'coco' });
    await symlink(photos(), join(folder, 'emoji'));
    expect((await open('emoji')).dataset.name).toBe('folder');
  });

  it.each([
    ['photos', { concepts: 3 }, '--concepts goes with emoji, not with photos, which is a folder'],
    ['coco', { from: '/x', concepts: 3 }, '--concepts goes with emoji, not with the data set coco'],
    ['photos', { cocoYear: '2014' as const }, '--coco-year goes with coco, not with photos, which is a folder'],
    ['photos', { from: '/x' }, '--from goes with the name of a data set, and photos is a path'],
    ['nothing', { from: '/x' }, 'there is no data set "nothing" that --from could be a copy of'],
  ])('%s with %j is refused', async (source, flags, message) => {
    await expect(open(source, flags)).rejects.toMatchObject({ code: 'usage', message });
  });

  it('what is not there, and what is no picture file', async () => {
    await expect(open('nowhere')).rejects.toMatchObject({ code: 'source-missing' });
    await writeFile(join(folder, 'notes.txt'), 'x');
    await expect(open('notes.txt')).rejects.toMatchObject({ code: 'source-unusable' });
  });

  it('the size of the pictures follows the data set where the preset asks for it', async () => {
    const size = async (path: string, config: Config) => (await at(path, { config })).config.pictures.size;
    expect(await size(COCO, PRESETS.seed)).toBe(256);
    expect(await size(COCO, quick)).toBe(16);
    expect(await size(photos(), PRESETS.seed)).toBe(160);
    const vast = { ...PRESETS.seed, dataset: { ...PRESETS.seed.dataset, patchesPerDimension: 64 } };
    await expect(size(COCO, vast)).rejects.toMatchObject({ code: 'config-invalid' });
  });
});

describe('a prepared data set', () => {
  const build = (dataset: Dataset, out: string, rest: { force?: boolean; config?: Config; seed?: number } = {}) =>
    buildDataset({
      dataset,
      out: join(folder, out),
      config: quick,
      seed: 4,
      force: false,
      reporter: silentReporter,
      ...rest,
    });
  const reopened = async (out: string): Promise<Dataset> => (await open(out)).dataset;

  describe('keeps the promises of a data set', () =>
    datasetContract(async () => {
      const { dataset } = await at(COCO);
      await build(dataset, 'contract');
      return await reopened('contract');
    }));

  it('holds captions, objects, labels and roles, and gives the pixels that were stored', async () => {
    const { dataset } = await at(COCO);
    const summary = await build(dataset, 'coco.data');
    expect(summary).toMatchObject({ built: true, classes: 5 });
    const prepared = await reopened('coco.data');
    expect(prepared.notices).toEqual(dataset.notices);
    const source = new Map(dataset.pictures.map((picture) => [picture.path, picture]));
    for (const { path, labels, captions, objects } of prepared.pictures) {
      expect({ labels, captions, objects }).toEqual({
        labels: source.get(path)?.labels,
        captions: source.get(path)?.captions,
        objects: source.get(path)?.objects,
      });
    }
    const direct = join(folder, 'direct');
    const again = join(folder, 'again');
    const options = {
      pictures: quick.pictures,
      split: quick.split,
      seed: 4,
      assignIdentifiers: (rows: readonly unknown[]) => rows.map((_, i) => String(i)),
    };
    await buildCatalogue(dataset, direct, options);
    await buildCatalogue(prepared, again, options);
    const [one, two] = [await openPictures(direct), await openPictures(again)];
    expect(two.rows).toEqual(one.rows);
    for (const { row } of one.rows) expect(pixelsOf(two, row)).toEqual(pixelsOf(one, row));
    const rows = one.rows.map(({ row }) => row);
    expect(await readThumbnails(again, rows)).toEqual(await readThumbnails(direct, rows));
  });

  it('is left alone while nothing has changed, and built again when something has', async () => {
    const once = async (rest: Parameters<typeof build>[2] = {}) =>
      (await build((await open('photos')).dataset, 'photos.data', rest)).built;
    expect(await once()).toBe(true);
    expect(await once()).toBe(false);
    expect(await once({ force: true })).toBe(true);
    expect(await once({ seed: 5 })).toBe(true);
    const other = { ...quick, dataset: { ...quick.dataset, maxPictures: 10 } };
    expect(await once({ seed: 5, config: other })).toBe(true);
    expect(await once({ seed: 5, config: other })).toBe(false);
    await cp(join(photos(), 'a/1.jpg'), join(photos(), 'a/9.jpg'));
    expect(await once({ seed: 5, config: other })).toBe(true);
    await writeFile(partFile(join(folder, 'photos.data/catalogue'), 'pictures'), 'x');
    expect(await once({ seed: 5, config: other })).toBe(true);
    // A training configuration has nothing to do with it.
    const longer = { ...other, training: { ...other.training, batchSize: 3 } };
    expect(await once({ seed: 5, config: longer })).toBe(false);
  });

  it('does not take the place of another source, or of another folder, without being told', async () => {
    await build((await open('photos')).dataset, 'mine');
    const { dataset } = await at(COCO);
    await expect(build(dataset, 'mine')).rejects.toMatchObject({ code: 'output-exists' });
    expect((await build(dataset, 'mine', { force: true })).built).toBe(true);
    await expect(build(dataset, 'photos', { force: true })).rejects.toMatchObject({ code: 'output-exists' });
    expect(await readdir(photos())).toEqual(['a', 'b']);
  });

  it('a damaged file is named before anything is made of it', async () => {
    await build((await open('photos')).dataset, 'worn');
    const pixels = partFile(join(folder, 'worn/catalogue'), 'pixels');
    await writeFile(pixels, 'x');
    await expect(open('worn')).rejects.toMatchObject({
      code: 'index-damaged',
      message: expect.stringContaining(pixels),
    });
    const manifest = await readPreparedManifest(join(folder, 'worn'));
    expect(manifest?.dataset.name).toBe('folder');
    await rm(pixels);
    if (manifest)
      await expect(openPrepared(join(folder, 'worn'), manifest)).rejects.toMatchObject({ code: 'index-missing' });
  });

  it('what was edited in its descriptions is refused, and can be replaced', async () => {
    const { dataset } = await open('photos');
    await build(dataset, 'edited');
    const edit = async (file: string, from: string, to: string) => {
      const path = join(folder, 'edited', file);
      const text = await readFile(path, 'utf8');
      expect(text).toContain(from);
      await writeFile(path, text.replace(from, to));
    };
    await edit('catalogue/catalogue.json', '"hasClasses": true', '"hasClasses": false');
    const named = (file: string) => ({ code: 'index-damaged', message: expect.stringContaining(file) });
    await expect(open('edited')).rejects.toMatchObject(named('catalogue.json'));
    expect((await build(dataset, 'edited')).built).toBe(true);
    await edit('dataset.json', '"name": "folder"', '"name": "older"');
    await expect(open('edited')).rejects.toMatchObject(named('dataset.json'));
    await expect(build(dataset, 'edited')).rejects.toMatchObject(named('dataset.json'));
    expect((await build(dataset, 'edited', { force: true })).built).toBe(true);
    await edit('dataset.json', '"version": 2', '"version": 1');
    await expect(open('edited')).rejects.toMatchObject({ code: 'index-older' });
  });

  it('says when another size has to be made of its thumbnails', async () => {
    await build((await open('photos')).dataset, 'small');
    const warnings: string[] = [];
    const reporter = { ...silentReporter, warn: (message: string) => void warnings.push(message) };
    const config = { ...quick, pictures: { ...quick.pictures, size: 32 } };
    expect((await open('small', { config, reporter })).config.pictures.size).toBe(32);
    expect(warnings[0]).toMatch(/prepared with pictures.size 16; pictures of 32 pixels are made from its thumbnails/);
    const following = { ...PRESETS.seed, model: { ...PRESETS.seed.model } };
    expect((await open('small', { config: following })).config.pictures.size).toBe(16);
  });
});

describe('showDataset', () => {
  it('counts, classes, captions and boxes, and what the model sees', async () => {
    const { dataset, config } = await at(COCO);
    const out = join(folder, 'look');
    const facts = await showDataset({ dataset, config, examples: 5, out, reporter: silentReporter });
    expect(facts).toMatchObject({
      dataset: 'coco',
      pictures: 14,
      of: 14,
      model: { size: 16, patchSize: 8, patches: 4 },
    });
    const sizes = facts.classes.map(({ pictures }) => pictures);
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    expect(facts.examples).toHaveLength(5);
    expect(facts.examples[0]?.captions.length).toBeGreaterThan(3);
    expect(facts.examples.some(({ objects }) => objects.length > 0)).toBe(true);
    const [examples = '', patches = ''] = facts.files;
    const sheet = await sharp(examples).metadata();
    expect([sheet.format, (sheet.width ?? 0) > 900]).toEqual(['png', true]);
    // 16 pixels enlarged 30 times, twice, with three margins and a gap between two patches.
    expect((await sharp(patches).metadata()).width).toBe(2 * 480 + 3 * 16 + 4);
  });

  it('the patches of a picture are its own pixels, in order', async () => {
    const { dataset, config } = await open('photos');
    const out = join(folder, 'look-2');
    const { files } = await showDataset({ dataset, config, examples: 1, out, reporter: silentReporter });
    const { data, info } = await sharp(files[1]).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const pixel = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)];
    // The same pixel of the whole picture at the left and of its last patch at the right.
    expect(pixel(16 + 400, 16 + 400)).toEqual(pixel(32 + 480 + 400 + 4, 16 + 400 + 4));
    expect(pixel(32 + 480 + 241, 100)).toEqual([255, 255, 255]);
  });
});
