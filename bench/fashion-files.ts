import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { DEBIAN_FOLDER, FASHION_MNIST_CLASSES } from '@neurodex/datasets';
import { encodePng } from '@neurodex/datasets/image';

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
