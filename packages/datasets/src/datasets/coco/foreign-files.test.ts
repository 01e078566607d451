import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NeurodexError } from '@neurodex/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAnnotations } from './annotations.ts';
import { openCoco } from './coco.ts';

let folder = '';
let number = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-coco-foreign-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const image = { id: 1, file_name: 'a.jpg', width: 64, height: 64 };
const object = { id: 5, image_id: 1, category_id: 7, bbox: [5, 5, 40, 40], area: 1600, iscrowd: 0 };
const categories = [
  { id: 7, name: 'dog' },
  { id: 8, name: 'cat' },
];
const sound = { images: [image], categories, annotations: [object] };

/** A folder as COCO unpacks, with these annotation files and pictures (whose bytes are their names). */
async function set(
  instances: unknown,
  { captions, files = ['val2014/a.jpg'] }: { captions?: unknown; files?: string[] } = {},
) {
  const at = join(folder, String(number++));
  await mkdir(join(at, 'annotations'), { recursive: true });
  await mkdir(join(at, 'val2014'));
  await writeFile(join(at, 'annotations/instances_val2014.json'), JSON.stringify(instances));
  if (captions !== undefined) {
    await writeFile(join(at, 'annotations/captions_val2014.json'), JSON.stringify(captions));
  }
  for (const file of files) {
    await mkdir(join(at, file, '..'), { recursive: true });
    await writeFile(join(at, file), file);
  }
  const open = () =>
    openCoco({
      year: '2014',
      split: 'val',
      from: at,
      source: 'coco',
      downloads: () => {
        throw new Error('nothing is to be downloaded');
      },
      cache: join(folder, 'cache'),
      environment: {},
    });
  return { open, read: () => readAnnotations(join(at, 'annotations/instances_val2014.json')) };
}

const refusal = async (work: Promise<unknown>): Promise<NeurodexError> =>
  await work.then(
    () => expect.unreachable(),
    (error: NeurodexError) => error,
  );

describe('an annotation without an area', () => {
  const areaOf = async (row: Record<string, unknown>, picture: Record<string, unknown> = image) => {
    const { area: _, ...rest } = object;
    const { read } = await set({ ...sound, images: [picture], annotations: [{ ...rest, ...row }] });
    return (await read()).objects.get(1)?.[0]?.area;
  };
  const square = [10, 10, 30, 10, 30, 30, 10, 30];

  it.each([
    ['no segmentation', { bbox: [0, 0, 5, 5] }, 25],
    ['an empty segmentation', { bbox: [0, 0, 60, 60], segmentation: [] }, 3600],
    ['an empty polygon', { bbox: [0, 0, 60, 60], segmentation: [[]] }, 3600],
    ['null for both', { bbox: [0, 0, 6, 6], area: null, segmentation: null }, 36],
    ['a point and no more', { bbox: [0, 0, 6, 6], segmentation: [[3, 3, 3, 3, 3, 3]] }, 36],
    // Areas as pycocotools 2.0.10 gives them: mask.area of the merged runs.
    ['a polygon', { segmentation: [square] }, 400],
    ['a polygon that is not in a list', { segmentation: square }, 400],
    ['two polygons that overlap', { segmentation: [square, [20, 20, 40, 20, 40, 40, 20, 40]] }, 700],
    ['uncompressed runs', { segmentation: { counts: [100, 50, 3946], size: [64, 64] } }, 50],
    ['runs of another size than the picture', { segmentation: { counts: [1, 1, 1, 2, 1, 3, 2, 1], size: [3, 4] } }, 7],
    ['compressed runs', { segmentation: { counts: '1111011N', size: [3, 4] } }, 7],
    ['runs without a pixel', { bbox: [0, 0, 6, 7], segmentation: { counts: [4096], size: [64, 64] } }, 42],
    ['runs that are not runs', { bbox: [0, 0, 6, 7], segmentation: { counts: 'zz', size: [64, 64] } }, 42],
  ])('with %s', async (_, row, expected) => {
    expect(await areaOf(row)).toBe(expected);
  });

  it('and a picture without a size', async () => {
    expect(await areaOf({ segmentation: [square] }, { id: 1, file_name: 'a.jpg' })).toBe(400);
  });

  it('decides the order of the labels', async () => {
    const { area: _, ...rest } = object;
    const { open } = await set({
      ...sound,
      annotations: [
        { ...rest, id: 1, category_id: 8, bbox: [0, 0, 5, 5], segmentation: [] },
        { ...rest, id: 2, category_id: 7, bbox: [0, 0, 60, 60], segmentation: [] },
      ],
    });
    expect((await open()).pictures[0]?.labels).toEqual(['dog', 'cat']);
  });

  it('one without a box has that of its region', async () => {
    const { read } = await set({ ...sound, annotations: [{ ...object, bbox: undefined, segmentation: [square] }] });
    expect((await read()).objects.get(1)?.[0]?.box).toEqual([10, 10, 20, 20]);
    const none = await set({ ...sound, annotations: [object, { ...object, id: 6, bbox: [], segmentation: [] }] });
    expect((await none.read()).skipped[0]?.reason).toBe('annotations[1]: it has neither a box nor a region');
  });
});

describe('rows that say it in another way are used', () => {
  it.each([
    ['./a.jpg', 'a.jpg', 'val2014/a.jpg'],
    ['val2014\\a.jpg', 'val2014/a.jpg', 'val2014/a.jpg'],
    ['val2014/a.jpg', 'val2014/a.jpg', 'val2014/a.jpg'],
    ['.\\b\\a.jpg', 'b/a.jpg', 'val2014/b/a.jpg'],
    ['val2014/a.jpg', 'val2014/a.jpg', 'val2014/val2014/a.jpg'],
    ['a..b.jpg', 'a..b.jpg', 'val2014/a..b.jpg'],
  ])('the file name %s', async (file_name, path, file) => {
    const { open } = await set({ ...sound, images: [{ ...image, file_name }] }, { files: [file] });
    const [picture] = (await open()).pictures;
    expect(picture?.path).toBe(path);
    expect(Buffer.from((await picture?.read()) ?? []).toString()).toBe(file);
  });

  it('numbers as text, here and there', async () => {
    const { open } = await set({
      images: [{ ...image, id: '000001', width: '64', height: '64' }],
      categories: [{ id: '7', name: 'dog' }],
      annotations: [{ ...object, image_id: '1', category_id: '7', area: '1600', iscrowd: '1' }],
    });
    const [picture] = (await open()).pictures;
    expect(picture?.labels).toEqual(['dog']);
    expect(picture?.objects?.[0]).toMatchObject({ area: 1600, crowd: true });
    expect(picture?.dimensions).toEqual({ width: 64, height: 64 });
  });

  it.each([{}, { width: null, height: null }, { width: 64 }])('a picture that says of its size %o', async (size) => {
    const { open } = await set({ ...sound, images: [{ id: 1, file_name: 'a.jpg', ...size }] });
    const [picture] = (await open()).pictures;
    expect(picture?.labels).toEqual(['dog']);
    expect(picture).not.toHaveProperty('dimensions');
  });

  it('two categories of one name stay two', async () => {
    const twins = [
      { id: 7, name: 'crane' },
      { id: 8, name: 'crane' },
    ];
    const { open } = await set({ ...sound, categories: twins });
    expect((await open()).pictures[0]?.labels).toEqual(['crane (7)']);
  });

  it('captions beside objects in one file', async () => {
    const { open } = await set({ ...sound, annotations: [object, { id: 9, image_id: 1, caption: 'A dog.' }] });
    expect((await open()).pictures[0]?.captions).toEqual(['A dog.']);
  });
});

describe('rows that cannot be used are told with their reason', () => {
  it.each<[Record<string, unknown>, string]>([
    [{ id: 'one' }, 'id: expected a number without fraction, found the text "one"'],
    [{ id: undefined }, 'id: expected a number without fraction, found nothing'],
    [{ width: 'wide' }, 'width: expected a number of pixels, 1 or more, found the text "wide"'],
    [{ height: 0 }, 'height: expected a number of pixels, 1 or more, found 0'],
    [{ file_name: 7 }, 'file_name: expected a text, found 7'],
    ...['../a.jpg', '/data/a.jpg', 'C:\\a.jpg', '\\\\host\\a.jpg', 'b\\..\\..\\a.jpg', '', 'b/'].map(
      (name): [Record<string, unknown>, string] => [
        { file_name: name },
        `file_name: expected a path below the folder of the pictures, found the text ${JSON.stringify(name)}`,
      ],
    ),
  ])('all pictures with %o', async (fault, reason) => {
    const images = [1, 2, 3, 4].map((id) => ({ ...image, id, file_name: `${id}.jpg`, ...fault }));
    const { open } = await set({ ...sound, images });
    const error = await refusal(open());
    expect(error.code).toBe('source-empty');
    expect(error.message).toMatch(/instances_val2014\.json lists no pictures that can be used: /);
    expect(error.message).toContain(`: images[0]: ${reason} (4 rows share this fault)`);
    expect(error.hint).not.toMatch(/copy|download|unpack/);
  });

  it('several kinds of faults, each once', async () => {
    const images = [{ ...image, id: 'x' }, { ...image, file_name: '../a' }, { ...image, id: 'y' }, 'rubbish'];
    const error = await refusal((await set({ ...sound, images })).open());
    expect(error.message).toContain(
      'images[0]: id: expected a number without fraction, found the text "x" (2 rows share this fault); ' +
        'images[1]: file_name: expected a path below the folder of the pictures, found the text "../a" (1 row has this fault); ' +
        'images[3]: expected an object, found the text "rubbish" (1 row has this fault)',
    );
  });

  it('annotations of which none can be used: no categories, pictures of another file', async () => {
    const without = await refusal((await set({ ...sound, categories: undefined })).open());
    expect(without.code).toBe('source-unusable');
    expect(without.message).toMatch(
      /has annotations, 1 of them, and none can be used: annotations\[0\]: its category 7 has no name, for the file has no categories \(1 row has this fault\)$/,
    );
    const other = await refusal((await set({ ...sound, annotations: [{ ...object, image_id: 4 }] })).open());
    expect(other.message).toContain('annotations[0]: its picture 4 is not in images (1 row has this fault)');
  });

  it('lists that are none', async () => {
    for (const key of ['images', 'annotations', 'categories']) {
      const error = await refusal((await set({ ...sound, [key]: { a: 1 } })).open());
      expect(error).toMatchObject({ code: 'source-unusable' });
      expect(error.message).toContain(`has no list in "${key}"`);
    }
  });

  it('an annotation twice, a number twice', async () => {
    const again = { ...object, bbox: [0, 0, 2, 2], area: 4 };
    const { read } = await set({
      images: [image, { ...image, file_name: 'b.jpg' }],
      categories: [...categories, { id: 7, name: 'wolf' }, { id: 8, name: 'cat' }],
      annotations: [object, object, again],
    });
    const { skipped, objects } = await read();
    expect(skipped.map(({ reason }) => reason)).toEqual([
      'images[1]: the number 1 is taken',
      'categories[2]: the number 7 is taken by "dog"',
      'annotations[1]: it is the annotation 5 once more',
    ]);
    expect(objects.get(1)?.map(({ area }) => area)).toEqual([1600, 4]);
  });
});

describe('captions', () => {
  const caption = { id: 1, image_id: 1, caption: 'A dog.' };

  it('of pictures that the other file does not list, or lists otherwise, are counted', async () => {
    const images = [image, { ...image, id: 2, file_name: 'b.jpg' }, { ...image, id: 3, file_name: 'c.jpg' }];
    const annotations = [1, 2, 3].map((image_id) => ({ ...caption, image_id }));
    const { open } = await set(
      { ...sound, images: [image, { ...image, id: 2, file_name: 'z.jpg' }] },
      { captions: { images, annotations: [...annotations, { id: 4, image_id: 1 }] } },
    );
    const { pictures, skipped } = await open();
    expect(pictures.map(({ captions }) => captions)).toEqual([['A dog.'], []]);
    expect(skipped.map(({ path, reason }) => `${path}: ${reason}`)).toEqual([
      'captions_val2014.json: annotations[3]: caption: expected a text, found nothing',
      'captions_val2014.json: captions of 1 picture that instances_val2014.json does not list',
      'captions_val2014.json: captions of 1 picture with another file, the first: picture 2 is b.jpg, and in instances_val2014.json it is z.jpg',
    ]);
  });

  it('of which none belongs to the pictures are refused', async () => {
    const captions = { images: [{ ...image, id: 4 }], annotations: [{ ...caption, image_id: 4 }] };
    const error = await refusal((await set(sound, { captions })).open());
    expect(error).toMatchObject({ code: 'source-unusable' });
    expect(error.message).toMatch(/captions_val2014\.json does not belong to instances_val2014\.json/);
  });
});
