import { existsSync } from 'node:fs';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { Random } from '@neurodex/autograd';
import { defined } from '@neurodex/core';
import {
  type Dataset,
  DEBIAN_FOLDER,
  FASHION_MNIST_CLASSES,
  openIdx,
  type Role,
  type SourcePicture,
} from '@neurodex/datasets';
import { encodePng } from '@neurodex/datasets/image';
import { augment } from '../packages/neurodex/src/query/augment.ts';

const EDGE = 28;
const HEADERS = { images: 16, labels: 8 } as const;

/** One of the two parts of Fashion-MNIST, as its files have it. */
interface Part {
  /** uint8 [n, 28, 28] */
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
}

async function readPart(name: 'train' | 't10k'): Promise<Part> {
  const read = async (kind: 'images-idx3' | 'labels-idx1', header: number): Promise<Uint8Array> => {
    const bytes = await readFile(join(DEBIAN_FOLDER, `${name}-${kind}-ubyte.gz`));
    return new Uint8Array(await promisify(gunzip)(bytes)).subarray(header);
  };
  return {
    images: await read('images-idx3', HEADERS.images),
    labels: await read('labels-idx1', HEADERS.labels),
  };
}

/** Why there are no pictures; undefined where there are. */
export const fashionMissing = (): string | undefined =>
  existsSync(join(DEBIAN_FOLDER, 't10k-images-idx3-ubyte.gz'))
    ? undefined
    : `Fashion-MNIST is not in ${DEBIAN_FOLDER} (Debian: apt install dataset-fashion-mnist)`;

/**
 * Fashion-MNIST as a folder of PNG files whose roles are fixed: `catalogue` pictures of the training part, evenly from all of
 * it, and of the test part, apart from each other, as many queries to test, to validate, and to train with. Made once.
 */
export async function fashionFolder(folder: string, catalogue: number, queries: number): Promise<void> {
  const done = join(folder, 'complete');
  if (existsSync(done)) return;
  const [training, test] = [await readPart('train'), await readPart('t10k')];
  const made = new Set<string>();
  const write = async (role: string, { images, labels }: Part, at: number): Promise<void> => {
    const label = (FASHION_MNIST_CLASSES[labels[at] ?? NaN] ?? 'none').replaceAll('/', '-');
    const place = join(folder, 'pictures', role, label);
    if (!made.has(place)) await mkdir(place, { recursive: true });
    made.add(place);
    const pixels = images.subarray(at * EDGE * EDGE, (at + 1) * EDGE * EDGE);
    await writeFile(join(place, `${String(at).padStart(5, '0')}.png`), encodePng(pixels, EDGE, EDGE, 1));
  };
  for (let i = 0; i < catalogue; i++)
    await write('catalogue', training, Math.floor((i * training.labels.length) / catalogue));
  const step = Math.floor(test.labels.length / queries);
  for (let i = 0; i < queries; i++) {
    await write('test', test, i * step);
    await write('validation', test, i * step + 1);
    await write('train', test, i * step + 2);
  }
  await writeFile(done, '');
}

/** Pictures of each class for each part that they play. */
export interface Counts {
  readonly catalogue: number;
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

/**
 * Fashion-MNIST as a folder whose roles are fixed, as many pictures of each class: of the training part to index and to train with, of
 * the test part to validate and to test with. Made once. @param without classes of which there are test pictures alone
 */
export async function fashionSplits(folder: string, counts: Counts, without: readonly number[]): Promise<void> {
  const done = join(folder, 'complete');
  if (existsSync(done)) return;
  const parts = [
    { part: await readPart('train'), roles: ['catalogue', 'train'] },
    { part: await readPart('t10k'), roles: ['validation', 'test'] },
  ] as const;
  for (const { part, roles } of parts) {
    for (const [label, name] of FASHION_MNIST_CLASSES.entries()) {
      const places = [...part.labels.keys()].filter((at) => part.labels[at] === label);
      let next = 0;
      for (const role of roles) {
        const within = join(folder, 'pictures', role, name.replaceAll('/', '-'));
        const own = places.slice(next, next + counts[role]);
        next += counts[role];
        if (role !== 'test' && without.includes(label)) continue;
        await mkdir(within, { recursive: true });
        for (const at of own) {
          const pixels = part.images.subarray(at * EDGE * EDGE, (at + 1) * EDGE * EDGE);
          await writeFile(join(within, `${String(at).padStart(5, '0')}.png`), encodePng(pixels, EDGE, EDGE, 1));
        }
      }
    }
  }
  await writeFile(done, '');
}

/** How distractors differ from their pictures: as queries of a flat folder do. */
const DISTRACTOR = {
  strength: 1,
  shift: 0.1,
  scale: 0.2,
  rotate: 10,
  flip: true,
  colour: 0.3,
  hue: 0,
  erase: 0.1,
} as const;

/**
 * More pictures than Fashion-MNIST has, as a pair of IDX files: those of the training part, and augmented views of them as
 * distractors, with the labels of their pictures. Made once.
 * @param count 60,000 or more
 */
export async function fashionDistractors(folder: string, count: number): Promise<string> {
  const images = join(folder, 'train-images-idx3-ubyte');
  const labels = join(folder, 'train-labels-idx1-ubyte');
  if (existsSync(labels)) return images;
  await mkdir(folder, { recursive: true });
  const part = await readPart('train');
  const own = part.labels.length;
  const bytes = EDGE * EDGE;
  const file = await open(images, 'w');
  try {
    await file.write(idxHeader([count, EDGE, EDGE]));
    await file.write(part.images);
    const rgb = new Uint8Array(3 * bytes);
    const view = new Uint8Array(3 * bytes);
    const grey = new Uint8Array(bytes);
    for (let i = own; i < count; i++) {
      const random = Random.stream(i, 'distractor');
      part.images.subarray((i % own) * bytes, ((i % own) + 1) * bytes).forEach((value, at) => {
        rgb.fill(value, 3 * at, 3 * at + 3);
      });
      augment(rgb, view, EDGE, DISTRACTOR, random);
      for (let at = 0; at < bytes; at++) grey[at] = view[3 * at] ?? 0;
      await file.write(grey);
    }
  } finally {
    await file.close();
  }
  const all = Uint8Array.from({ length: count }, (_, i) => part.labels[i % own] ?? 0);
  await writeFile(labels, Buffer.concat([idxHeader([count]), all]));
  return images;
}

/**
 * Those of `fashionDistractors` as the catalogue, and of the test part the same queries as in `fashionFolder`, so that figures of
 * different sizes can be compared.
 */
export async function openDistractors(images: string, queries = 1000): Promise<Dataset> {
  const all = await openIdx({ images, classes: FASHION_MNIST_CLASSES, name: 'fashion-mnist' });
  const test = await openIdx({
    images: join(DEBIAN_FOLDER, 't10k-images-idx3-ubyte.gz'),
    classes: FASHION_MNIST_CLASSES,
  });
  const inOrder = [...test.pictures].sort((a, b) => numberOf(a) - numberOf(b));
  const step = Math.floor(inOrder.length / queries);
  const as = (role: Role, pictures: readonly SourcePicture[]): SourcePicture[] =>
    pictures.map((picture) => ({ ...picture, path: `${role}/${picture.path}`, role }));
  const every = (first: number) =>
    Array.from({ length: queries }, (_, i) => defined(inOrder[i * step + first], 'a query'));
  return {
    ...all,
    pictures: [
      ...as('catalogue', all.pictures),
      ...as('test', every(0)),
      ...as('validation', every(1)),
      ...as('train', every(2)),
    ],
  };
}

/** Of a picture in its file. */
const numberOf = ({ path }: SourcePicture): number => Number.parseInt(basename(path), 10);

/** Magic number of uint8 with as many dimensions, then their sizes. */
function idxHeader(sizes: readonly number[]): Buffer {
  const header = Buffer.alloc(4 + 4 * sizes.length);
  header.writeUInt32BE(0x0800 + sizes.length, 0);
  for (const [i, size] of sizes.entries()) header.writeUInt32BE(size, 4 + 4 * i);
  return header;
}
