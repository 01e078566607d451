import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { datasetContract } from '../dataset.contract.ts';
import { DEBIAN_FOLDER, FASHION_MNIST_CLASSES, openFashionMnist } from './fashion-mnist.ts';
import { findIdxImages, openIdx } from './idx.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/idx/${name}`, import.meta.url));
const GREY = fixture('train-images-idx3-ubyte.gz');
const COLOUR = fixture('colour-images.idx4-ubyte');
const nothing = () => {
  throw new Error('nothing is to be downloaded');
};

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-idx-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('IDX, written by NumPy', () => {
  datasetContract(() => openIdx({ images: GREY }), { entries: 30 });

  it('gives every pixel and label back', async () => {
    const { train, colour } = JSON.parse(await readFile(fixture('numpy.json'), 'utf8'));
    const grey = await openIdx({ images: GREY });
    expect(grey.pictures).toHaveLength(30);
    expect(grey.pictures.slice(0, 4).map(({ path, labels }) => [path, labels])).toEqual([
      ['0/00.png', ['0']],
      ['0/10.png', ['0']],
      ['0/20.png', ['0']],
      ['1/01.png', ['1']],
    ]);
    expect(grey.ownSize).toBe(28);
    const pixels: number[] = [];
    for (const path of ['0/00.png', '1/01.png', '2/02.png']) {
      const bytes = await grey.pictures.find((each) => each.path === path)?.read();
      pixels.push(...(await sharp(bytes).toColourspace('b-w').raw().toBuffer()));
    }
    expect(pixels).toEqual(train);

    const rgb = await openIdx({ images: COLOUR, classes: ['red/green', 'blue'] });
    expect(rgb.pictures.map(({ path }) => path)).toContain('red-green/4.png');
    const fifth = rgb.pictures.find(({ path }) => path.endsWith('4.png'));
    expect(fifth).toMatchObject({ labels: ['red/green'], dimensions: { width: 7, height: 5 } });
    expect([
      ...(await sharp(await fifth?.read())
        .raw()
        .toBuffer()),
    ]).toEqual(colour);
    expect(rgb.ownSize).toBeUndefined();
  });

  it('takes the names of Fashion-MNIST, and Debian’s files where they are installed', async () => {
    for (const name of ['train-images-idx3-ubyte.gz', 'train-labels-idx1-ubyte.gz']) {
      await copyFile(fixture(name), join(folder, name));
    }
    const { name, pictures, notices } = await openFashionMnist({
      from: folder,
      source: 'x',
      downloads: nothing,
      environment: {},
    });
    expect(name).toBe('fashion-mnist');
    expect(new Set(pictures.flatMap(({ labels }) => labels))).toEqual(new Set(FASHION_MNIST_CLASSES));
    expect(notices[0]?.licence).toBe('MIT');
  });

  it.skipIf(!existsSync(DEBIAN_FOLDER))('reads the real Fashion-MNIST', async () => {
    const real = await openFashionMnist({ source: 'fashion-mnist', downloads: nothing, environment: {} });
    expect(real.pictures).toHaveLength(60_000);
    for (const each of FASHION_MNIST_CLASSES) {
      expect(real.pictures.filter(({ labels }) => labels[0] === each)).toHaveLength(6000);
    }
    // The first of the file is an ankle boot (label 9).
    const first = real.pictures.find(({ path }) => path.endsWith('/00000.png'));
    expect(first?.labels).toEqual(['Ankle boot']);
    const file = gunzipSync(await readFile(join(DEBIAN_FOLDER, 'train-images-idx3-ubyte.gz')));
    const pixels = await sharp(await first?.read())
      .toColourspace('b-w')
      .raw()
      .toBuffer();
    expect(new Uint8Array(pixels)).toEqual(new Uint8Array(file.subarray(16, 16 + 784)));
  });

  it('finds the pictures of a pair, and pictures without labels have no classes', async () => {
    expect(await findIdxImages(fixture(''))).toBe(GREY);
    expect(await findIdxImages(COLOUR)).toBe(COLOUR);
    expect(await findIdxImages(fixture('numpy.json'))).toBeUndefined();
    const alone = join(folder, 'alone-images-idx3-ubyte.gz');
    await copyFile(GREY, alone);
    const { pictures } = await openIdx({ images: alone });
    expect(pictures[7]).toMatchObject({ path: '07.png', labels: [] });
  });
});

describe('labels of IDX pictures', () => {
  it('are found under the other names of published data sets', async () => {
    const at = await mkdtemp(join(folder, 'names-'));
    await copyFile(GREY, join(at, 'train-images.idx3-ubyte.gz'));
    await copyFile(fixture('train-labels-idx1-ubyte.gz'), join(at, 'train-labels-idx1-ubyte.gz'));
    const { pictures } = await openIdx({ images: join(at, 'train-images.idx3-ubyte.gz') });
    expect(pictures[0]?.labels).toEqual(['0']);
  });

  it('under a name that is not understood are refused with the names, not lost', async () => {
    const at = await mkdtemp(join(folder, 'lost-'));
    const images = join(at, 'train-images-idx3-ubyte.gz');
    await copyFile(GREY, images);
    await copyFile(fixture('train-labels-idx1-ubyte.gz'), join(at, 'train_labels.gz'));
    await expect(openIdx({ images })).rejects.toMatchObject({
      code: 'source-unusable',
      message: `the labels of ${images} are not called train-labels-idx1-ubyte.gz; beside it is train_labels.gz`,
      hint: expect.stringContaining('train-labels-idx1-ubyte.gz'),
    });
    // Those of the test part are those of other pictures.
    await rm(join(at, 'train_labels.gz'));
    await copyFile(fixture('train-labels-idx1-ubyte.gz'), join(at, 't10k-labels-idx1-ubyte.gz'));
    await copyFile(GREY, join(at, 't10k-images-idx3-ubyte.gz'));
    const alone = await openIdx({ images });
    expect(alone.pictures[0]?.labels).toEqual([]);
    expect(alone.layout?.[0]?.message).toMatch(/t10k-images-idx3-ubyte\.gz beside it is not/);
    await expect(
      openFashionMnist({ from: at, source: 'x', downloads: nothing, environment: {} }),
    ).rejects.toMatchObject({ code: 'source-unusable', message: expect.stringContaining('no file of labels') });
  });
});

describe('IDX files that are not what they should be', () => {
  const header = (...sizes: number[]): number[] => [
    0,
    0,
    8,
    sizes.length,
    ...sizes.flatMap((n) => [0, 0, n >> 8, n & 255]),
  ];
  it.each([
    ['floats', [0, 0, 13, 3], 'holds 32-bit floats; only unsigned bytes are read'],
    ['labels', [...header(2), 1, 2], 'has 1 dimensions, where 3 or 4 were expected'],
  ])('%s are sound, but no pictures of this kind', async (name, bytes, what) => {
    const path = join(folder, `${name}-images-idx3-ubyte`);
    await writeFile(path, Uint8Array.from(bytes));
    await expect(openIdx({ images: path })).rejects.toMatchObject({
      code: 'source-unusable',
      message: `${path} ${what}`,
    });
  });

  it.each([
    ['png', [0x89, 0x50, 0x4e, 0x47], 'it begins with 89 50 4e 47'],
    ['nothing', [], 'it begins with nothing'],
    ['cut', header(1, 2, 3).slice(0, 9), 'is cut off in its header, at byte 9'],
    ['short', [...header(2, 2, 2), 1, 2, 3], 'announces 2 × 2 × 2 = 8 bytes and holds 3'],
    ['long', [...header(1, 1, 1), 1, 2, 3], 'announces 1 × 1 × 1 = 1 bytes and holds 3'],
    ['gzip', [0x1f, 0x8b, 8, 0, 0], 'is a gzip file that cannot be unpacked'],
  ])('%s', async (name, bytes, what) => {
    const path = join(folder, `${name}-images-idx3-ubyte`);
    await writeFile(path, Uint8Array.from(bytes));
    await expect(openIdx({ images: path })).rejects.toMatchObject({
      code: 'source-damaged',
      message: expect.stringContaining(`${path} ${what.startsWith('it') ? 'is not an IDX file: ' : ''}${what}`),
    });
  });

  it('other pictures than labels; no pictures; channels that are no colours; a missing file', async () => {
    const labels = join(folder, 'two-labels');
    await writeFile(labels, Uint8Array.from([...header(2), 1, 2]));
    await expect(openIdx({ images: GREY, labels })).rejects.toThrow(
      `${labels} has 2 labels, and ${GREY} has 30 pictures`,
    );
    const empty = join(folder, 'none-images-idx3-ubyte');
    await writeFile(empty, Uint8Array.from(header(0, 28, 28)));
    await expect(openIdx({ images: empty })).rejects.toMatchObject({ code: 'source-empty' });
    const two = join(folder, 'two-images-idx4-ubyte');
    await writeFile(two, Uint8Array.from([...header(1, 1, 1, 2), 1, 2]));
    await expect(openIdx({ images: two })).rejects.toThrow('has 2 channels');
    await expect(openIdx({ images: join(folder, 'gone') })).rejects.toMatchObject({ code: 'source-missing' });
  });

  it('a label that has no name loses its picture and names it', async () => {
    const { pictures, skipped } = await openIdx({ images: GREY, classes: FASHION_MNIST_CLASSES.slice(0, 9) });
    expect(pictures).toHaveLength(27);
    expect(skipped[0]).toMatchObject({
      path: 'train-labels-idx1-ubyte.gz',
      reason: 'picture 9 has the label 9, and there are 9 classes',
    });
  });

  it('a file that becomes shorter after it was opened', async () => {
    const path = join(await mkdtemp(join(folder, 'shorter-')), 'images-idx3-ubyte');
    await writeFile(path, Uint8Array.from([...header(2, 1, 1), 1, 2]));
    const { pictures } = await openIdx({ images: path });
    await truncate(path, header(2, 1, 1).length + 1);
    await expect(pictures[1]?.read()).rejects.toMatchObject({
      code: 'source-damaged',
      message: `${path} has become shorter: picture 1 is not in it any more`,
    });
  });
});

describe('IDX pictures that are not gzipped', () => {
  it('are read from the file as they are asked for, in any order and many at a time', async () => {
    // Of 700 × 700 bytes two lie in a block, and the ninth block replaces the first.
    const [count, edge] = [21, 700];
    const path = join(await mkdtemp(join(folder, 'large-')), 'images-idx3-ubyte');
    const pixels = Uint8Array.from({ length: count * edge * edge }, (_, at) => Math.floor(at / (edge * edge)) * 10);
    const sizes = [count, edge, edge].flatMap((n) => [0, 0, n >> 8, n & 255]);
    await writeFile(path, Buffer.concat([Uint8Array.from([0, 0, 8, 3, ...sizes]), pixels]));
    const { pictures } = await openIdx({ images: path });
    const order = Array.from({ length: 3 * count }, (_, i) => (i * 8) % count);
    const shades = await Promise.all(
      order.map(async (number) => {
        const found = pictures.find((picture) => picture.path === `${String(number).padStart(2, '0')}.png`);
        const { channels } = await sharp(await found?.read()).stats();
        return [channels[0]?.min, channels[0]?.max];
      }),
    );
    expect(shades).toEqual(order.map((number) => [10 * number, 10 * number]));
  });
});
