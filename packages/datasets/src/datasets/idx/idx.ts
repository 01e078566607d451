import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { listed, NeurodexError } from '@neurodex/core';
import { encodePng } from '../../image/png.ts';
import type { Dataset, LayoutNote, LicenceNotice, SkippedFile, SourcePicture } from '../dataset.ts';
import { localInputs } from '../inputs.ts';
import { readIdx } from './file.ts';
import { openIdxPictures } from './pictures-file.ts';

/** A pair of IDX files. */
export interface IdxOptions {
  /** `…-images-idx3-ubyte`, or with idx4 for colour; gzipped or not. */
  readonly images: string;
  /** `…-labels-idx1-ubyte`; beside the images by default. Without such a file the pictures have no classes. */
  readonly labels?: string;
  /** Names of the labels, from 0; the numbers themselves by default. */
  readonly classes?: readonly string[];
  /** A data set that has labels: pictures without them are refused. */
  readonly labelled?: boolean;
  /** What the data set is called; 'idx' by default. */
  readonly name?: string;
  /** Who made the pictures. */
  readonly notices?: readonly LicenceNotice[];
}

const IMAGES = /^(.*)images([-.]idx)([34])(-ubyte(?:\.gz)?)$/;

/** Whether a file name is that of the pictures of an IDX pair: `train-images-idx3-ubyte.gz`. */
export const isIdxImages = (name: string): boolean => IMAGES.test(name);

/** The pictures of an IDX pair that a path names: the file itself, or the training pictures (else the only ones) in a folder. */
export async function findIdxImages(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile()) return isIdxImages(basename(path)) ? path : undefined;
  if (!found?.isDirectory()) return undefined;
  const names = (await readdir(path)).filter(isIdxImages).sort();
  const chosen = names.find((name) => name.startsWith('train-')) ?? (names.length === 1 ? names[0] : undefined);
  return chosen === undefined ? undefined : join(path, chosen);
}

/** The names that the labels beside a file of pictures may have, the likeliest first: as the pictures, gzipped or not. */
function labelNames(images: string): string[] {
  const [, stem = '', idx = '', , ending = ''] = IMAGES.exec(basename(images)) ?? [];
  const bare = ending.replace(/\.gz$/, '');
  const other = ending === bare ? `${bare}.gz` : bare;
  const dash = idx.startsWith('-') ? '.idx' : '-idx';
  return [idx, dash].flatMap((sign) => [ending, other].map((end) => `${stem}labels${sign}1${end}`));
}

const IDX_LABELS = /^(.*)labels[-.]idx1-ubyte(?:\.gz)?$/;

/** Labels of other pictures in the folder: of the test part beside those for training. */
const ofOthers = (name: string, names: readonly string[]): boolean => {
  const stem = IDX_LABELS.exec(name)?.[1];
  return stem !== undefined && names.some((other) => IMAGES.exec(other)?.[1] === stem);
};

/**
 * @throws NeurodexError `source-unusable` where a file beside the pictures seems to hold their labels under another name:
 *   without them the classes would be lost in silence
 */
async function findLabels(images: string): Promise<string | undefined> {
  const folder = dirname(images);
  const wanted = labelNames(images);
  for (const name of wanted) {
    if ((await stat(join(folder, name)).catch(() => undefined))?.isFile()) return join(folder, name);
  }
  const names = (await readdir(folder).catch(() => [])).sort();
  const likely = names.filter((name) => /label|target/i.test(name) && !ofOthers(name, names));
  if (likely.length === 0) return undefined;
  throw new NeurodexError(
    'source-unusable',
    `the labels of ${images} are not called ${wanted[0]}; beside it ${likely.length === 1 ? 'is' : 'are'} ${listed(likely, 4)}`,
    {
      hint: `rename the file of its labels to ${wanted[0]}, or move what are no labels of these pictures elsewhere`,
      details: { images, found: likely },
    },
  );
}

/** Other pairs in the folder, which are data sets of their own. */
async function otherPairs(images: string): Promise<LayoutNote[]> {
  const names = (await readdir(dirname(images)).catch(() => [])).filter(isIdxImages).sort();
  const others = names.filter((name) => name !== basename(images));
  if (others.length === 0) return [];
  return [
    {
      message: `${basename(images)} is read; ${listed(others, 4)} beside it ${others.length === 1 ? 'is' : 'are'} not (name a file to read it)`,
    },
  ];
}

/**
 * A pair of IDX files, as MNIST, Fashion-MNIST and their kin are published: pictures, and a label for each. Pictures are
 * called `<class>/<number in the file>.png`. The labels, and pictures that are gzipped, are held in memory (47 MB for 60,000
 * pictures of 28 × 28).
 * @throws NeurodexError `source-missing`, `source-damaged` (naming the file), `source-unusable`, `source-empty`
 * @example
 * ```ts
 * import { openIdx } from '@neurodex/datasets';
 *
 * const { pictures } = await openIdx({ images: 'digits/train-images-idx3-ubyte.gz' });
 * console.log(pictures.length, pictures[0]?.path, pictures[0]?.dimensions); // → 30 0/00.png { width: 28, height: 28 }
 * ```
 */
export async function openIdx(options: IdxOptions): Promise<Dataset> {
  const { classes, name = 'idx', notices = [] } = options;
  const images = await openIdxPictures(resolve(options.images), [3, 4]);
  const [count = 0, height = 0, width = 0, channels = 1] = images.shape;
  if (channels !== 1 && channels !== 3) {
    throw unusable(images.path, `has ${channels} channels, where 1 (grey) or 3 (colour) were expected`);
  }
  if (count === 0 || height * width === 0) {
    throw new NeurodexError('source-empty', `${images.path} holds no pictures: it is ${images.shape.join(' × ')}`, {
      hint: 'name another file',
      details: { path: images.path },
    });
  }
  const labelsPath = options.labels ?? (await findLabels(images.path));
  const labels = labelsPath === undefined ? undefined : await readIdx(resolve(labelsPath), [1]);
  if (labels === undefined && options.labelled) {
    throw unusable(images.path, `has no file of labels beside it, such as ${labelNames(images.path)[0]}`);
  }
  if (labels !== undefined && labels.shape[0] !== count) {
    throw unusable(labels.path, `has ${labels.shape[0]} labels, and ${images.path} has ${count} pictures`);
  }
  const digits = String(count - 1).length;
  const skipped: SkippedFile[] = [];
  const pictures: SourcePicture[] = [];
  // One for all: there may be a million pictures.
  const dimensions = { width, height };
  const labelled = sharedLabels();
  for (let i = 0; i < count; i++) {
    const number = String(i).padStart(digits, '0');
    const value = labels?.data[i];
    const label = value === undefined ? undefined : nameOf(value, classes);
    if (label === undefined && labels !== undefined) {
      const reason = `picture ${i} has the label ${value}, and there are ${classes?.length} classes`;
      skipped.push({
        path: basename(labels.path),
        reason,
        group: `a label that is none of the ${classes?.length} classes`,
      });
      continue;
    }
    pictures.push({
      path: `${label === undefined ? '' : `${label.replaceAll('/', '-')}/`}${number}.png`,
      labels: labelled(label),
      dimensions,
      read: async () => encodePng(await images.picture(i), width, height, channels),
    });
  }
  pictures.sort((a, b) => (a.path < b.path ? -1 : 1));
  const layout = await otherPairs(images.path);
  return {
    name,
    source: images.path,
    pictures,
    notices,
    skipped,
    ...(layout.length === 0 ? {} : { layout }),
    inputs: (reading) => localInputs([images.path, ...(labels === undefined ? [] : [labels.path])], undefined, reading),
    ...(height === width ? { ownSize: height } : {}),
  };
}

/** The labels of a picture with a class or none: one list for each class. */
function sharedLabels(): (label: string | undefined) => readonly string[] {
  const lists = new Map<string | undefined, readonly string[]>();
  return (label) => {
    const list = lists.get(label) ?? (label === undefined ? [] : [label]);
    lists.set(label, list);
    return list;
  };
}

const nameOf = (label: number, classes: readonly string[] | undefined): string | undefined =>
  classes === undefined ? String(label) : classes[label];

const unusable = (path: string, what: string): NeurodexError =>
  new NeurodexError('source-unusable', `${path} ${what}`, {
    hint: 'name the file of the pictures and the file of the labels of one data set',
    details: { path },
  });
