import { Random } from '@neurodex/autograd';
import { type Clustering, type KMeansOptions, kMeans } from './kmeans.ts';
import { NearestCentroids } from './nearest.ts';

/** Points that are too many to hold: read in runs of neighbours. */
export interface PointSource {
  /** n */
  readonly count: number;
  /** float32 [end − start, dimensions] */
  read(start: number, end: number): Promise<Float32Array>;
}

export interface MiniBatchOptions extends KMeansOptions {
  /** Points in memory at a time; the seeding is a k-means of as many, drawn from all over the source. */
  readonly inMemory: number;
}

/** Neighbours that are read together: descriptors of one picture or two. */
const RUN = 256;
const BATCH_RUNS = 64;
/** Passes over all points. */
const PASSES = 3;

/**
 * Mini-batch k-means (Sculley 2010) for more points than memory holds: k-means of a sample, then batches drawn from all
 * points move each centroid towards the mean of everything it was ever given.
 * @throws RangeError when there are fewer points than clusters
 */
export async function miniBatchKMeans(source: PointSource, options: MiniBatchOptions): Promise<Clustering> {
  const { runtime, dimensions, clusters, random, onIteration, inMemory } = options;
  const runs = Math.ceil(source.count / RUN);
  const readRuns = (chosen: readonly number[]): Promise<Float32Array> =>
    concatenated(chosen.map((run) => source.read(run * RUN, Math.min(source.count, (run + 1) * RUN))));

  const sample = await readRuns(random.shuffled(Array(runs).keys()).slice(0, Math.max(1, Math.floor(inMemory / RUN))));
  const seeding = await kMeans(sample, { ...options, random: Random.seeded(random.uint32()) });
  const centroids = seeding.centroids.slice();
  const counts = new Float64Array(clusters);
  const nearest = new NearestCentroids(runtime, { clusters, dimensions });
  let iterations = 0;
  try {
    for (let pass = 0; pass < PASSES; pass++) {
      const order = random.shuffled(Array(runs).keys());
      for (let at = 0; at < order.length; at += BATCH_RUNS) {
        const batch = await readRuns(order.slice(at, at + BATCH_RUNS));
        const { labels, distances } = await nearest.assign(batch, centroids);
        for (let i = 0; i < labels.length; i++) {
          const cluster = labels[i] ?? NaN;
          const seen = (counts[cluster] ?? NaN) + 1;
          counts[cluster] = seen;
          for (let d = 0; d < dimensions; d++) {
            const to = cluster * dimensions + d;
            const value = centroids[to] ?? NaN;
            centroids[to] = value + ((batch[i * dimensions + d] ?? NaN) - value) / seen;
          }
        }
        const mean = distances.reduce((sum, distance) => sum + distance, 0) / distances.length;
        iterations++;
        onIteration?.({ restart: 0, iteration: iterations, inertia: mean * source.count });
      }
    }
    let inertia = 0;
    for (let start = 0; start < source.count; start += BATCH_RUNS * RUN) {
      const part = await source.read(start, Math.min(source.count, start + BATCH_RUNS * RUN));
      const { distances } = await nearest.assign(part, centroids);
      inertia = distances.reduce((sum, distance) => sum + distance, inertia);
    }
    return { centroids, inertia, iterations };
  } finally {
    await nearest.release();
  }
}

async function concatenated(parts: readonly Promise<Float32Array>[]): Promise<Float32Array> {
  const read = await Promise.all(parts);
  const out = new Float32Array(read.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of read) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
