import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { datasetContract } from '../dataset.contract.ts';
import { recogniseDataset } from '../registry.ts';
import { described, notesOf, refusal, skippedIn, testFolders } from '../source.fixture.ts';
import { looksLikeCoco, openCocoExport } from './exports.ts';

const folder = testFolders();

const categories = [
  { id: 0, name: 'cat', supercategory: 'none' },
  { id: 1, name: 'dog' },
];
const image = (id: number, file_name: string) => ({ id, file_name, width: 8, height: 6 });
const box = (id: number, image_id: number, category_id: number, size = 2) => ({
  id,
  image_id,
  category_id,
  bbox: [1, 1, size, size],
});

describe('exports in the form of COCO', () => {
  describe('of Label Studio', () =>
    datasetContract(
      async () =>
        await openCocoExport(
          await folder({
            'result.json': {
              images: [
                image(0, 'images/0a1b2c3d-a.jpg'),
                image(1, 'images\\1a1b2c3d-b.jpg'),
                image(2, 'images/gone.jpg'),
              ],
              categories,
              annotations: [box(0, 0, 0), box(1, 0, 1, 3), box(2, 1, 1)],
              info: { description: '' },
            },
            'images/0a1b2c3d-a.jpg': null,
            'images/1a1b2c3d-b.jpg': null,
            'images/c.jpg': null,
          }),
        ),
      { entries: 4 },
    ));

  it.each<[string, Record<string, unknown>, Record<string, string[]>]>([
    [
      'Label Studio, with the names of uploads for files under their own names',
      {
        'result.json': {
          images: [image(0, '/data/upload/1/0a1b2c3d-a.jpg'), image(1, '/data/local-files/?d=raw/b%20c.jpg')],
          categories,
          annotations: [box(0, 0, 1), { ...box(1, 1, 0), ignore: 0, iscrowd: 0, area: 4, segmentation: [] }],
        },
        'a.jpg': null,
        'raw/b c.jpg': null,
      },
      { 'a.jpg': ['dog'], 'raw/b c.jpg': ['cat'] },
    ],
    [
      'CVAT: annotations/instances_default.json',
      {
        'annotations/instances_default.json': {
          licenses: [{ name: '', id: 0, url: '' }],
          info: { contributor: '' },
          categories,
          images: [{ ...image(1, 'a.jpg'), license: 0, flickr_url: '', coco_url: '', date_captured: 0 }],
          annotations: [{ ...box(1, 1, 0), segmentation: [], area: 4, iscrowd: 0, attributes: { occluded: false } }],
        },
        'images/a.jpg': null,
      },
      { 'images/a.jpg': ['cat'] },
    ],
    [
      'CVAT: a file for each subset',
      {
        'annotations/instances_Train.json': { images: [image(1, 'a.jpg')], categories, annotations: [box(1, 1, 0)] },
        'annotations/instances_Test.json': { images: [image(1, 'a.jpg')], categories, annotations: [box(1, 1, 1)] },
        'images/Train/a.jpg': null,
        'images/Test/a.jpg': null,
      },
      { 'images/Test/a.jpg': ['dog'], 'images/Train/a.jpg': ['cat'] },
    ],
    [
      'Roboflow: _annotations.coco.json in each split',
      Object.fromEntries(
        ['train', 'valid', 'test'].flatMap((split, i): [string, unknown][] => [
          [`${split}/a_jpg.rf.0f.jpg`, null],
          [
            `${split}/_annotations.coco.json`,
            { info: {}, categories, images: [image(0, 'a_jpg.rf.0f.jpg')], annotations: [box(0, 0, i % 2)] },
          ],
        ]),
      ),
      {
        'test/a_jpg.rf.0f.jpg': ['cat'],
        'train/a_jpg.rf.0f.jpg': ['cat'],
        'valid/a_jpg.rf.0f.jpg': ['dog'],
      },
    ],
    [
      'iNaturalist 2021: categories of whole pictures, and their taxonomy',
      {
        'train_mini.json': {
          info: { year: 2021 },
          images: [
            image(0, 'train_mini/00000_Animalia_Annelida/a.jpg'),
            image(1, 'train_mini/00000_Animalia_Annelida/b.jpg'),
          ],
          categories: [
            {
              id: 0,
              name: 'Lumbricus terrestris',
              common_name: 'Earthworm',
              supercategory: 'Animals',
              kingdom: 'Animalia',
            },
          ],
          annotations: [
            { id: 0, image_id: 0, category_id: 0 },
            { id: 1, image_id: 1, category_id: 0 },
            { id: 2, image_id: 7, category_id: 0 },
            { id: 3, image_id: 1, category_id: 9 },
          ],
        },
        'train_mini/00000_Animalia_Annelida/a.jpg': null,
        'train_mini/00000_Animalia_Annelida/b.jpg': null,
      },
      {
        'train_mini/00000_Animalia_Annelida/a.jpg': ['Lumbricus terrestris'],
        'train_mini/00000_Animalia_Annelida/b.jpg': ['Lumbricus terrestris'],
      },
    ],
    [
      'iNaturalist 2018: names in categories.json',
      {
        'train2018.json': {
          images: [image(0, 'train_val2018/Aves/1/a.jpg')],
          categories: [{ id: 4, name: '4', supercategory: 'Aves' }],
          annotations: [{ id: 0, image_id: 0, category_id: 4 }],
        },
        'categories.json': [{ id: 4, name: 'Corvus corax', kingdom: 'Animalia' }],
        'train_val2018/Aves/1/a.jpg': null,
      },
      { 'train_val2018/Aves/1/a.jpg': ['Corvus corax'] },
    ],
    [
      'annotations before pictures, without names of categories, and captions in another file',
      {
        'labels.json': {
          annotations: [{ image_id: 5, category_id: 3, bbox: [0, 0, 2, 2] }],
          categories: [{ id: 3 }],
          images: [{ id: 5, file_name: 'a' }],
        },
        'captions.json': {
          images: [{ id: 9, file_name: 'a.jpg' }],
          annotations: [{ id: 1, image_id: 9, caption: 'A thing.' }],
        },
        'a.jpg': null,
      },
      { 'a.jpg': ['3', '"A thing."'] },
    ],
  ])('reads %s', async (_, files, expected) => {
    const root = await folder(files);
    expect(await recogniseDataset(root)).toBe('coco-export');
    expect(described(await openCocoExport(root))).toEqual(expected);
  });

  it('counts pictures that are not here, files that are not listed, and rows that make no sense', async () => {
    const root = await folder({
      'x.json': {
        images: [image(1, 'a.jpg'), image(2, 'b.jpg'), { id: 'x' }],
        categories,
        annotations: [
          box(1, 1, 0),
          box(2, 1, 9),
          box(3, 4, 0),
          { id: 4, image_id: 1, category_id: 0, bbox: [0, 0, 0, 1] },
        ],
      },
      'a.jpg': null,
      'c.jpg': null,
    });
    const dataset = await openCocoExport(join(root, 'x.json'));
    expect(dataset.source).toBe(join(root, 'x.json'));
    expect(dataset.pictures[0]?.objects).toEqual([{ category: 'cat', box: [1, 1, 2, 2], area: 4, crowd: false }]);
    expect(dataset.pictures[0]?.dimensions).toEqual({ width: 8, height: 6 });
    expect(skippedIn(dataset)).toEqual([
      'x.json: picture 2: there is no file b.jpg',
      'x.json: images[2]: id: expected a number without fraction, found the text "x"',
      'x.json: annotations[1]: its category 9 is not in categories',
      'x.json: annotations[2]: its picture 4 is not in images',
      'x.json: annotations[3]: its box of 0 × 1 has no area',
      'c.jpg: no row of x.json names it',
    ]);
  });

  it('refuses two files that annotate the same picture, and files that are damaged', async () => {
    const file = { images: [image(1, 'a.jpg')], categories, annotations: [box(1, 1, 0)] };
    const root = await folder({ 'x.json': file, 'y.json': file, 'a.jpg': null });
    expect((await refusal(openCocoExport(root))).message).toMatch(/^x\.json and y\.json in .* both annotate a\.jpg$/);
    expect(described(await openCocoExport(join(root, 'y.json')))).toEqual({ 'a.jpg': ['cat'] });
    const cut = await folder({ 'x.json': JSON.stringify(file).slice(0, -20), 'a.jpg': null });
    const error = await refusal(openCocoExport(cut));
    expect([error.code, error.message]).toEqual(['source-damaged', expect.stringMatching(/x\.json is cut off in/)]);
  });

  it('puts the splits together, and says so', async () => {
    const file = { images: [image(1, 'a.jpg')], categories, annotations: [box(1, 1, 0)] };
    const root = await folder({ 'train/x.json': file, 'train/a.jpg': null, 'test/x.json': file, 'test/a.jpg': null });
    expect(notesOf(await openCocoExport(root))).toMatch(/^the splits test and train are put together/);
  });

  it('is told by content', async () => {
    const root = await folder({
      'a.json': { info: {}, images: [image(1, 'a.jpg')] },
      'b.json': { annotations: [{ id: 1, image_id: 1 }] },
      'c.json': { images: [{ url: 'x' }] },
      'd.json': { images: [], title: 'x' },
      'e.json': [1],
      'f.json': '{"images": [{"id": 1, "file_name": "a.jpg"',
      'g.json': '',
      'cat/1.jpg': null,
      'cat/1.jpg.json': { images: [image(1, 'a.jpg')] },
    });
    const told = await Promise.all([...'abcdefg'].map((name) => looksLikeCoco(join(root, `${name}.json`))));
    expect(told).toEqual([true, true, false, false, false, false, false]);
    for (const name of ['a.json', 'b.json']) await rm(join(root, name));
    expect(await recogniseDataset(root)).toBe('folder');
  });

  it('whatever a file holds, it is told without an error', async () => {
    const root = await folder({});
    const path = join(root, 'a.json');
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string()), async (text) => {
        await writeFile(path, text);
        expect(typeof (await looksLikeCoco(path))).toBe('boolean');
      }),
      { numRuns: 100 },
    );
  });
});
