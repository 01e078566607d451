import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Downloads } from '../../download/downloads.ts';
import type { RemoteFile } from '../../download/remote-file.ts';
import { datasetContract } from '../dataset.contract.ts';
import { readAnnotations } from './annotations.ts';
import { categoriesByArea, openCoco } from './coco.ts';
import { jsonRows } from './json-rows.ts';
import { decodeCounts, regionArea, regionMask } from './mask.ts';
import { cocoPartsIn } from './parts.ts';

const fixture = fileURLToPath(new URL('../fixtures/coco', import.meta.url));
const INSTANCES = join(fixture, 'annotations/instances_val2014.json');
const noDownloads = (): Downloads => {
  throw new Error('nothing is to be downloaded');
};

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-coco-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const open = (from: string, rest: Partial<Parameters<typeof openCoco>[0]> = {}) =>
  openCoco({
    year: '2014',
    split: 'val',
    from,
    source: 'coco',
    downloads: noDownloads,
    cache: join(folder, 'cache'),
    environment: {},
    ...rest,
  });

describe('coco, from a local copy', () => {
  datasetContract(() => open(fixture));

  it('agrees with pycocotools on every region, crowd and count', async () => {
    const theirs = JSON.parse(await readFile(join(fixture, 'pycocotools.json'), 'utf8'));
    const file = await readAnnotations(INSTANCES);
    const crowds = [...file.objects.values()].flat().filter(({ crowd }) => crowd);
    expect(crowds.map(({ id }) => id).sort()).toEqual(theirs.crowds);
    const areas: Record<string, number | undefined> = {};
    for await (const { key, value } of jsonRows(chunksOf(await readFile(INSTANCES)))) {
      if (key !== 'annotations') continue;
      const { id, image_id, segmentation } = value as { id: number; image_id: number; segmentation: unknown };
      const { height = 0, width = 0 } = file.images.get(image_id) ?? {};
      areas[id] = regionArea(segmentation, height, width);
    }
    expect(areas).toEqual(theirs.areas);
    // Two regions lie outside of their pictures: zero-area boxes.
    const empty = Object.values(theirs.areas).filter((area) => area === 0).length;
    expect(empty).toBe(2);
    expect(file.skipped.map(({ reason }) => reason)).toEqual(Array(empty).fill(expect.stringMatching(/has no area$/)));
    const kept = [...file.objects.values()].flat().length;
    expect(kept).toBe(Object.keys(theirs.areas).length - empty);
  });

  it('a picture: captions trimmed, categories by area, shape and file', async () => {
    const { pictures, notices } = await open(fixture);
    expect(pictures).toHaveLength(14);
    const picture = pictures.find(({ objects = [] }) => objects.length >= 4);
    expect(picture?.path).toMatch(/^COCO_val2014_\d{12}\.jpg$/);
    const sums = categoriesByArea(picture?.objects ?? []);
    expect(picture?.labels).toEqual(sums.map(({ category }) => category));
    expect(sums.map(({ area }) => area)).toEqual(sums.map(({ area }) => area).sort((a, b) => b - a));
    expect(sums.reduce((n, { count }) => n + count, 0)).toBe(picture?.objects?.length);
    expect(picture?.captions?.[0]).toMatch(/^A picture of noise, number \d+, sentence 0\.$/);
    expect(notices[0]?.work).toBe('MS COCO 2014 val');
  });

  it('the categories of one sum keep their order', () => {
    const object = (category: string, area: number) => ({ category, area });
    expect(
      categoriesByArea([object('a', 5), object('b', 6), object('c', 3), object('a', 1), object('c', 3.5)]),
    ).toEqual([
      { category: 'c', area: 6.5, count: 2 },
      { category: 'a', area: 6, count: 2 },
      { category: 'b', area: 6, count: 1 },
    ]);
  });

  it('pictures in other places, and annotations alone: pictures come from the server that COCO_ENDPOINT names', async () => {
    const flat = join(folder, 'flat');
    await cp(join(fixture, 'annotations'), flat, { recursive: true });
    await cp(join(fixture, 'val2014'), join(flat, 'images'), { recursive: true });
    expect(await (await open(flat)).pictures[0]?.read()).toEqual(await (await open(fixture)).pictures[0]?.read());
    await rm(join(flat, 'images'), { recursive: true });
    const asked: RemoteFile[] = [];
    const downloads = (): Downloads =>
      ({
        file: async (remote: RemoteFile) => {
          asked.push(remote);
          return join(fixture, 'val2014', remote.name);
        },
      }) as Downloads;
    const remote = await open(join(flat, 'instances_val2014.json'), {
      downloads,
      environment: { COCO_ENDPOINT: 'http://localhost:1/mirror/' },
    });
    expect(remote.pictures[3]?.captions).not.toEqual([]);
    await remote.pictures[3]?.read();
    expect(asked[0]?.url).toBe(`http://localhost:1/mirror/val2014/${remote.pictures[3]?.path}`);
  });

  it('finds the parts of a copy by its names', async () => {
    expect(await cocoPartsIn(fixture)).toEqual([{ year: '2014', split: 'val' }]);
    expect(await cocoPartsIn(INSTANCES)).toEqual([{ year: '2014', split: 'val' }]);
    expect(await cocoPartsIn(join(fixture, 'val2014'))).toEqual([]);
    await expect(open(fixture, { year: '2017' })).rejects.toMatchObject({
      code: 'source-missing',
      message: `${fixture} holds neither annotations/instances_val2017.json nor annotations_trainval2017.zip`,
    });
  });
});

describe('annotation files that are not what they should be', () => {
  const image = { id: 1, file_name: 'a.jpg', width: 20, height: 10 };
  const square = { image_id: 1, category_id: 7, bbox: [1, 1, 4, 4] };
  const sound = { images: [image], categories: [{ id: 7, name: 'dog' }], annotations: [square] };
  const read = async (value: unknown, name = 'instances_val2014.json') => {
    const path = join(folder, name);
    await writeFile(path, typeof value === 'string' ? value : JSON.stringify(value));
    return await readAnnotations(path);
  };

  it('rows that make no sense are left out and named by file and row; the others stay', async () => {
    const { objects, images, skipped } = await read({
      ...sound,
      images: [image, { ...image, id: 2, file_name: '../b.jpg' }, { ...image, id: 3, width: 'x' }, image],
      annotations: [
        square,
        { ...square, image_id: 99 },
        { ...square, category_id: 8 },
        { ...square, bbox: [3, 3, 0, 5] },
        { ...square, bbox: [3, 3, 1] },
        { ...square, iscrowd: 1, segmentation: { counts: [0, 200], size: [10, 20] } },
        'rubbish',
      ],
    });
    expect([...images.keys()]).toEqual([1]);
    expect(objects.get(1)?.map(({ area, crowd }) => [area, crowd])).toEqual([
      [16, false],
      [200, true],
    ]);
    expect(skipped.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/^images\[1\]: file_name: /),
      expect.stringMatching(/^images\[2\]: width: /),
      'images[3]: the number 1 is taken',
      expect.stringMatching(/^annotations\[4\]: bbox/),
      expect.stringMatching(/^annotations\[6\]: /),
      'annotations[1]: its picture 99 is not in images',
      'annotations[2]: its category 8 is not in categories',
      'annotations[3]: its box of 0 × 5 has no area',
    ]);
    expect(new Set(skipped.map(({ path }) => path))).toEqual(new Set(['instances_val2014.json']));
  });

  it('a thousand rows with one fault are counted, not listed', async () => {
    const { skipped } = await read({ ...sound, annotations: Array(1000).fill({ ...square, image_id: 5 }) });
    expect(skipped).toHaveLength(21);
    expect(skipped[20]?.reason).toBe('and 980 more rows: their pictures are not in images');
  });

  it('annotations may stand before what they name', async () => {
    const { objects } = await read({ annotations: sound.annotations, categories: sound.categories, images: [image] });
    expect(objects.get(1)).toHaveLength(1);
  });

  it('a file that is cut off stops the work, and says after which row', async () => {
    const text = JSON.stringify(sound);
    for (const end of [0, 1, 20, text.length - 30, text.length - 1]) {
      await expect(read(text.slice(0, end))).rejects.toMatchObject({ code: 'source-damaged' });
    }
    await expect(read(text.slice(0, -20))).rejects.toThrow(
      `${join(folder, 'instances_val2014.json')} is cut off in annotations[0], at byte ${text.length - 20}`,
    );
    await expect(read({ images: [] })).rejects.toThrow('has no "annotations": it is not a COCO annotation file');
    await expect(readAnnotations(join(folder, 'gone.json'))).rejects.toMatchObject({ code: 'source-missing' });
  });

  it('pictures that are not there are left to the catalogue to name; a file without sound pictures is refused', async () => {
    const copy = join(folder, 'copy');
    await mkdir(join(copy, 'val2014'), { recursive: true });
    await writeFile(join(copy, 'instances_val2014.json'), JSON.stringify(sound));
    const { pictures } = await open(copy);
    expect(pictures[0]).not.toHaveProperty('captions');
    await expect(pictures[0]?.read()).rejects.toMatchObject({ code: 'picture-missing' });
    await writeFile(join(copy, 'instances_val2014.json'), JSON.stringify({ ...sound, images: [] }));
    await expect(open(copy)).rejects.toMatchObject({ code: 'source-empty' });
  });
});

describe('regions', () => {
  it('runs: compressed text and numbers are the same mask', () => {
    // What pycocotools' mask.encode makes of the rows 0110, 1110, 0011.
    expect(regionMask({ counts: [1, 1, 1, 2, 1, 3, 2, 1], size: [3, 4] }, 3, 4)?.reduce((a, b) => a + b, 0)).toBe(7);
    expect(decodeCounts('1111011N')).toEqual([1, 1, 1, 2, 1, 3, 2, 1]);
    expect(regionArea({ counts: '1111011N', size: [3, 4] }, 3, 4)).toBe(7);
  });

  it('what is no region is undefined, and nothing is thrown', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const area = regionArea(value, 5, 4);
        if (area !== undefined) expect(area).toBeLessThanOrEqual(20);
      }),
    );
    fc.assert(fc.property(fc.string(), (counts) => void regionArea({ counts, size: [5, 4] }, 5, 4)));
    for (const value of [
      [[1, 2, 3]],
      [[1, 2, 3, 4, 5]],
      { counts: [5], size: [5, 4] },
      { counts: [20], size: [4, 5] },
      null,
    ]) {
      expect(regionArea(value, 5, 4)).toBeUndefined();
    }
    expect(regionArea({ counts: [20], size: [5, 4] }, 5, 4)).toBe(0);
  });

  it('a polygon never covers more than its picture, wherever its corners are', () => {
    const coordinate = fc.double({ min: -30, max: 60, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(coordinate, coordinate), { minLength: 3, maxLength: 8 }), (corners) => {
        const area = regionArea([corners.flat()], 20, 16);
        expect(area).toBeGreaterThanOrEqual(0);
        expect(area).toBeLessThanOrEqual(320);
      }),
    );
  });
});

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
