import { availableParallelism } from 'node:os';
import { argMax, float32, loadable, matmul, type Runtime, trace } from '@neurodex/autograd';
import type { Dataset } from '@neurodex/datasets';
import { enlarged, readPicture } from '@neurodex/datasets/image';
import type { Config } from '../config.ts';
import { Extractor } from '../models/bovw/extractor.ts';
import { decodeThumbnail } from '../pictures/thumbnail.ts';

/** Pictures that are decoded and described to know how long one takes. */
const SAMPLE = 8;
/** What clustering descriptors and counting words takes on top of SIFT, as a share of it. */
const CLUSTERING = 0.3;

/** Some pictures of a source, decoded. */
export interface DecodedSample {
  /** For each picture of the source. */
  readonly seconds: number;
  /** PNG; at least one. */
  readonly thumbnails: readonly Uint8Array[];
  /** Of a thumbnail. */
  readonly thumbnailBytes: number;
}

/** Undefined for pictures that would be downloaded, and where none can be decoded: the build will say what is wrong. */
export async function decodeSample(dataset: Dataset, { pictures }: Config): Promise<DecodedSample | undefined> {
  if (dataset.remote === true || dataset.pictures.length === 0) return undefined;
  const every = Math.max(1, Math.floor(dataset.pictures.length / SAMPLE));
  const chosen = dataset.pictures.filter((_, i) => i % every === 0).slice(0, SAMPLE);
  const decodeAll = async (): Promise<Uint8Array[]> => {
    const decoded = chosen.map(async (picture) => {
      try {
        return [(await readPicture(await picture.read(), { ...pictures, name: picture.path })).thumbnail];
      } catch {
        return [];
      }
    });
    return (await Promise.all(decoded)).flat();
  };
  // The first pictures also wait for the decoder to be loaded.
  const thumbnails = await decodeAll();
  const began = performance.now();
  await decodeAll();
  const seconds = (performance.now() - began) / 1000 / chosen.length;
  if (thumbnails.length === 0) return undefined;
  const thumbnailBytes = thumbnails.reduce((sum, { length }) => sum + length, 0) / thumbnails.length;
  return { seconds, thumbnails, thumbnailBytes };
}

/** Seconds of the bag of visual words for each catalogue picture, on all cores. */
export async function describeSeconds({ thumbnails }: DecodedSample, { pictures }: Config): Promise<number> {
  const extractor = new Extractor();
  try {
    const read = await Promise.all(
      thumbnails.map(async (png) => enlarged(await decodeThumbnail(png, 'a thumbnail'), pictures.thumbnail)),
    );
    for (const picture of read.slice(0, 1)) await extractor.describe(picture);
    const began = performance.now();
    for (const picture of read) await extractor.describe(picture);
    const seconds = (performance.now() - began) / 1000 / read.length;
    return (seconds * (1 + CLUSTERING)) / availableParallelism();
  } finally {
    await extractor.close();
  }
}

/** Floating-point operations a second of a product of matrices [512,512]. */
export async function productsPerSecond(runtime: Runtime): Promise<number> {
  const size = 512;
  const type = float32(size, size);
  const graph = trace({ a: type, b: type }, ({ a, b }) => ({ best: argMax(matmul(a, b)) }));
  const session = await runtime.load(loadable(graph));
  try {
    const feeds = { a: new Float32Array(size * size).fill(1), b: new Float32Array(size * size).fill(1) };
    await session.run(feeds);
    let runs = 0;
    const began = performance.now();
    while (performance.now() - began < 100) {
      await session.run(feeds);
      runs++;
    }
    return (runs * 2 * size ** 3 * 1000) / (performance.now() - began);
  } finally {
    await session.release();
  }
}
