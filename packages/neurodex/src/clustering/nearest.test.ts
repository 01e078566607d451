import { Random } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NearestCentroids, squaredNorms } from './nearest.ts';
import { plusPlus } from './seeding.ts';

const runtime = nodeRuntime({ threads: 1 });

it('squares of rows are added up row by row', () => {
  expect([...squaredNorms(Float32Array.of(1, 2, 3, -4, 5, 0), 2)]).toEqual([5, 25, 25]);
  expect([...squaredNorms(Float32Array.of(1, 2, 3, -4, 5, 0), 3)]).toEqual([14, 41]);
});

describe('nearest centroids', () => {
  it('are the first of equally near ones, with their squared distance', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 20 }),
        fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 6 }),
        async (points, centroids) => {
          const nearest = new NearestCentroids(runtime, { clusters: centroids.length, dimensions: 1 });
          const found = await nearest.assign(Float32Array.from(points), Float32Array.from(centroids));
          await nearest.release();
          const distances = points.map((point) => centroids.map((centroid) => (point - centroid) ** 2));
          expect([...found.distances]).toEqual(distances.map((row) => Math.min(...row)));
          expect([...found.labels]).toEqual(distances.map((row) => row.indexOf(Math.min(...row))));
        },
      ),
      { numRuns: 20 },
    ));

  it('of more points than are looked at together are the same, and none is left out', async () => {
    // 2²³ products at a time: 2048 points of 4096 clusters.
    const [clusters, n] = [4096, 2 * 2048 + 1];
    // Small enough that a float32 holds all products.
    const centroids = Float32Array.from({ length: clusters }, (_, i) => i - clusters / 2);
    const points = Float32Array.from({ length: n }, (_, i) => ((i * 7) % clusters) - clusters / 2);
    const nearest = new NearestCentroids(runtime, { clusters, dimensions: 1 });
    const { labels, distances } = await nearest.assign(points, centroids);
    expect([...labels]).toEqual(Array.from({ length: n }, (_, i) => (i * 7) % clusters));
    expect(distances.every((distance) => distance === 0)).toBe(true);
    await nearest.release();
    await nearest.release();
    expect([...(await nearest.assign(Float32Array.of(3), centroids)).labels]).toEqual([2051]);
    await nearest.release();
  });
});

describe('k-means++', () => {
  const seeds = async (points: readonly number[], clusters: number, seed: number): Promise<number[]> => [
    ...(await plusPlus(runtime, Float32Array.from(points), 1, clusters, Random.seeded(seed))),
  ];

  it('takes every point once where there are as many clusters as different points', async () => {
    for (let seed = 0; seed < 8; seed++) {
      const points = [5, 5, 1, 9, 5, 1, -3];
      expect((await seeds(points, 4, seed)).sort((a, b) => a - b)).toEqual([-3, 1, 5, 9]);
      expect((await seeds(points, 6, seed)).every((point) => points.includes(point))).toBe(true);
    }
  });

  it('begins with any point, and draws the next by its squared distance, the best of two', async () => {
    const points = [...Array<number>(10).fill(0), 1, 3];
    const begun = new Map<number, number>();
    let [far, near] = [0, 0];
    for (let seed = 0; seed < 200; seed++) {
      const [first = 0, second = 0] = await seeds(points, 2, seed);
      begun.set(first, (begun.get(first) ?? 0) + 1);
      if (first !== 0) continue;
      expect(second).not.toBe(0);
      if (second === 3) far++;
      else near++;
    }
    // Each of the 12 points with the same chance: 166.7 zeros, with a standard deviation of 5.3.
    expect(Math.abs((begun.get(0) ?? 0) - 166.7)).toBeLessThan(22);
    expect([begun.get(1), begun.get(3)].every((count) => count !== undefined && count > 2)).toBe(true);
    // 3 leaves 1 over, 1 leaves 4: 1 is kept only where both draws are 1, each with a chance of 1 in 10.
    expect(near).toBeLessThan(8);
    expect(far).toBeGreaterThan(130);
  });

  it('takes points of two dimensions as they are', async () => {
    const points = Float32Array.of(1, 2, 30, 40, -50, 60);
    const found = await plusPlus(runtime, points, 2, 3, Random.seeded(1));
    const pairs = [0, 2, 4].map((at) => [...found.subarray(at, at + 2)].join()).sort();
    expect(pairs).toEqual(['-50,60', '1,2', '30,40']);
  });
});
