import { Random } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kMeans } from './kmeans.ts';
import { miniBatchKMeans } from './minibatch.ts';
import { NearestCentroids } from './nearest.ts';

const runtime = nodeRuntime();

/** Points around well separated centres: `each` around each of `centres`. */
function blobs(centres: readonly (readonly number[])[], each: number, spread: number, seed: number): Float32Array {
  const random = Random.seeded(seed);
  const order = random.shuffled(centres.flatMap((centre) => Array.from({ length: each }, () => centre)));
  return Float32Array.from(order.flatMap((centre) => centre.map((x) => x + spread * random.normal())));
}

const CENTRES = [
  [0, 0, 0],
  [100, 0, 0],
  [0, 100, 0],
  [0, 0, 100],
  [100, 100, 100],
];

/** By its definition, in float64. */
function inertiaOf(points: Float32Array, centroids: Float32Array, dimensions: number): number {
  let total = 0;
  for (let i = 0; i < points.length; i += dimensions) {
    let least = Number.POSITIVE_INFINITY;
    for (let c = 0; c < centroids.length; c += dimensions) {
      let square = 0;
      for (let d = 0; d < dimensions; d++) square += ((points[i + d] as number) - (centroids[c + d] as number)) ** 2;
      least = Math.min(least, square);
    }
    total += least;
  }
  return total;
}

const rows = (values: Float32Array, dimensions: number): number[][] =>
  Array.from({ length: values.length / dimensions }, (_, i) => [
    ...values.subarray(i * dimensions, (i + 1) * dimensions),
  ]);

const options = (clusters: number, seed = 1, restarts = 2) => ({
  runtime,
  dimensions: 3,
  clusters,
  restarts,
  random: Random.seeded(seed),
});

describe('k-means', () => {
  it('finds separate clusters, and its inertia is what the definition says', async () => {
    const points = blobs(CENTRES, 60, 2, 3);
    const { centroids, inertia } = await kMeans(points, options(5));
    for (const centre of CENTRES) {
      const near = rows(centroids, 3).filter((c) => Math.hypot(...c.map((x, d) => x - (centre[d] as number))) < 1.5);
      expect(near).toHaveLength(1);
    }
    expect(inertia / inertiaOf(points, centroids, 3)).toBeCloseTo(1, 4);
  });

  it('gives the same centroids for the same seed, and reports every iteration', async () => {
    const points = blobs(CENTRES, 40, 30, 4);
    const seen: number[] = [];
    const onIteration = ({ inertia }: { inertia: number }) => void seen.push(inertia);
    const first = await kMeans(points, { ...options(7), onIteration });
    expect(await kMeans(points, options(7))).toEqual(first);
    expect((await kMeans(points, options(7, 2))).centroids).not.toEqual(first.centroids);
    expect(seen.length).toBeGreaterThanOrEqual(first.iterations);
  });

  it('is at a fixed point when it ends: every centroid is the mean of its points', async () => {
    const points = blobs(CENTRES, 30, 20, 5);
    const { centroids } = await kMeans(points, options(6, 1, 1));
    const nearest = new NearestCentroids(runtime, { clusters: 6, dimensions: 3 });
    const { labels } = await nearest.assign(points, centroids);
    await nearest.release();
    for (let cluster = 0; cluster < 6; cluster++) {
      const members = rows(points, 3).filter((_, i) => labels[i] === cluster);
      expect(members.length).toBeGreaterThan(0);
      for (let d = 0; d < 3; d++) {
        const mean = members.reduce((sum, point) => sum + (point[d] as number), 0) / members.length;
        expect(Math.abs(mean - (centroids[cluster * 3 + d] as number))).toBeLessThan(1);
      }
    }
  });

  it('keeps every cluster filled, even with as many clusters as points and points that coincide', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 4, maxLength: 24 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer(),
        async (values, clusters, seed) => {
          const points = Float32Array.from(values.flatMap((v) => [v, 0, 0]));
          const { centroids, inertia } = await kMeans(points, options(clusters, seed, 1));
          expect(centroids.every(Number.isFinite)).toBe(true);
          expect(Math.abs(inertia - inertiaOf(points, centroids, 3))).toBeLessThan(1e-3);
          // As many clusters as different points leave nothing over.
          if (new Set(values).size <= clusters) expect(inertia).toBeLessThan(1e-3);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('comes in mini-batches near to what it finds with all points in memory', async () => {
    const points = blobs(CENTRES, 600, 12, 6);
    const whole = await kMeans(points, options(5));
    const reads: number[] = [];
    const source = {
      count: points.length / 3,
      async read(start: number, end: number) {
        reads.push(end - start);
        return points.slice(start * 3, end * 3);
      },
    };
    const found = await miniBatchKMeans(source, { ...options(5), inMemory: 600 });
    expect(found.inertia / whole.inertia).toBeLessThan(1.02);
    expect(found.inertia / inertiaOf(points, found.centroids, 3)).toBeCloseTo(1, 4);
    expect(Math.max(...reads)).toBeLessThanOrEqual(64 * 256);
    expect((await miniBatchKMeans(source, { ...options(5), inMemory: 600 })).centroids).toEqual(found.centroids);
  });
});
