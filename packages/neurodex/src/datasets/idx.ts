import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { NeurodexError } from '../errors.ts';
import { encodePng } from '../image/png.ts';
import type { Dataset, LicenceNotice, SkippedFile, SourcePicture } from './dataset.ts';
import { readIdx } from './idx-file.ts';
import { localInputs } from './inputs.ts';

export interface IdxOptions {
  /** `…-images-idx3-ubyte`, or with idx4 for colour; gzipped or not. */
  readonly images: string;
  /** `…-labels-idx1-ubyte`; beside the images unless told. Without such a file the pictures have no classes. */
  readonly labels?: string;
  /** Names of the labels, from 0; the numbers themselves unless told. */
  readonly classes?: readonly string[];
  /** What the data set is called; 'idx' unless told. */
  readonly name?: string;
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

/** The names that the labels beside a file of pictures may have, the likeliest first. */
function labelNames(images: string): string[] {
  const [, stem = '', idx = '', , ending = ''] = IMAGES.exec(basename(images)) ?? [];
  const bare = ending.replace(/\.gz$/, '');
  const other = ending === bare ? `${bare}.gz` : bare;
  return [ending, other].map((end) => join(dirname(images), `${stem}labels${idx}1${end}`));
}

async function findLabels(images: string): Promise<string | undefined> {
  for (const path of labelNames(images)) if ((await stat(path).catch(() => undefined))?.isFile()) return path;
  return undefined;
}

/**
 * A pair of IDX files, as MNIST, Fashion-MNIST and their kin are published: pictures, and a label for each. Pictures are
 * called `<class>/<number in the file>.png`. Both files are held in memory (47 MB for 60,000 pictures of 28 × 28).
 * @throws NeurodexError `source-missing`, `source-damaged` (naming the file), `source-unusable`, `source-empty`
 */
export async function openIdx(options: IdxOptions): Promise<Dataset> {
  const { classes, name = 'idx', notices = [] } = options;
  const images = await readIdx(resolve(options.images), [3, 4]);
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
  if (labels !== undefined && labels.shape[0] !== count) {
    throw unusable(labels.path, `has ${labels.shape[0]} labels, and ${images.path} has ${count} pictures`);
  }
  const digits = String(count - 1).length;
  const bytes = height * width * channels;
  const skipped: SkippedFile[] = [];
  const pictures: SourcePicture[] = [];
  for (let i = 0; i < count; i++) {
    const number = String(i).padStart(digits, '0');
    const label = labels === undefined ? undefined : nameOf(labels.data[i] as number, classes);
    if (label === undefined && labels !== undefined) {
      const reason = `picture ${i} has the label ${labels.data[i]}, and there are ${classes?.length} classes`;
      skipped.push({ path: basename(labels.path), reason });
      continue;
    }
    pictures.push({
      path: `${label === undefined ? '' : `${label.replaceAll('/', '-')}/`}${number}.png`,
      labels: label === undefined ? [] : [label],
      dimensions: { width, height },
      read: async () => encodePng(images.data.subarray(i * bytes, (i + 1) * bytes), width, height, channels),
    });
  }
  pictures.sort((a, b) => (a.path < b.path ? -1 : 1));
  return {
    name,
    source: images.path,
    pictures,
    notices,
    skipped,
    inputs: (reading) => localInputs([images.path, ...(labels === undefined ? [] : [labels.path])], undefined, reading),
    ...(height === width ? { ownSize: height } : {}),
  };
}

const nameOf = (label: number, classes: readonly string[] | undefined): string | undefined =>
  classes === undefined ? String(label) : classes[label];

const unusable = (path: string, what: string): NeurodexError =>
  new NeurodexError('source-unusable', `${path} ${what}`, {
    hint: 'name the file of the pictures and the file of the labels of one data set',
    details: { path },
  });
