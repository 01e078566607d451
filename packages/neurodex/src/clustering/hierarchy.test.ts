import { Random } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hierarchicalKMeans, type LeafCluster } from './hierarchy.ts';

const runtime = nodeRuntime({ threads: 1 });

const clustered = (points: Float32Array, dimensions: number, branching: number, leafSize: number, seed = 1) =>
  hierarchicalKMeans(points, { runtime, dimensions, branching, leafSize, random: Random.seeded(seed) });

const membersOf = (leaves: readonly LeafCluster[]) => leaves.flatMap(({ members }) => [...members]);

/** Few distinct values, so that many points are equal. */
const coarse = fc.array(fc.integer({ min: -2, max: 2 }), { maxLength: 300 });
/** Sizes that double: k-means peels off the largest, again and again. */
const doubling = fc.integer({ min: 0, max: 120 }).map((n) => Array.from({ length: n }, (_, i) => 2 ** (i - 60)));

describe('hierarchicalKMeans', () => {
  it('puts every point into one leaf that is small enough, on a path that is short enough', () =>
    fc.assert(
      fc.asyncProperty(
        fc.oneof(coarse, doubling, fc.array(fc.float({ noNaN: true, min: -1000, max: 1000 }), { maxLength: 300 })),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 2, max: 12 }),
        fc.integer({ min: 1, max: 12 }),
        async (numbers, dimensions, branching, leafSize) => {
          const n = Math.floor(numbers.length / dimensions);
          const points = Float32Array.from(numbers.slice(0, n * dimensions));
          const leaves = await clustered(points, dimensions, branching, leafSize);
          expect(membersOf(leaves).sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
          const levels = Math.ceil(Math.log(Math.max(1, n / leafSize)) / Math.log(branching));
          for (const { path, members } of leaves) {
            expect(members.length).toBeGreaterThan(0);
            expect(members.length).toBeLessThanOrEqual(leafSize);
            expect([...members]).toEqual([...members].sort((a, b) => a - b));
            expect(path.length).toBeLessThanOrEqual(3 * levels + 2);
            for (const token of path) expect(token >= 0 && token < branching).toBe(true);
          }
          expect(new Set(leaves.map(({ path }) => path.join('.'))).size).toBe(leaves.length);
        },
      ),
      { numRuns: 150 },
    ));

  it('keeps groups that lie apart together, in one cluster of the first level each', async () => {
    const random = Random.seeded(5);
    const groups = Array.from({ length: 4 }, (_, g) => [100 * (g % 2), 100 * Math.floor(g / 2)] as const);
    const of = (i: number) => i % 4;
    const points = Float32Array.from({ length: 2 * 80 }, (_, at) => {
      const i = Math.floor(at / 2);
      return (groups[of(i)]?.[at % 2] as number) + random.normal();
    });
    const leaves = await clustered(points, 2, 4, 5);
    const firsts = new Map<number, Set<number>>();
    for (const { path, members } of leaves) {
      for (const member of members) {
        const first = path[0] as number;
        firsts.set(first, (firsts.get(first) ?? new Set()).add(of(member)));
      }
    }
    expect(firsts.size).toBe(4);
    for (const groupsThere of firsts.values()) expect(groupsThere.size).toBe(1);
  });

  it('divides a cluster by the points in it, not by those of another', async () => {
    // Two groups far apart, each of two groups of five; their points take turns.
    const centres = [
      [0, 0],
      [100, 0],
      [0, 10],
      [100, 10],
    ] as const;
    const points = Float32Array.from({ length: 2 * 20 }, (_, at) => {
      const i = Math.floor(at / 2);
      return (centres[i % 4]?.[at % 2] as number) + 0.01 * i;
    });
    const leaves = await clustered(points, 2, 2, 5);
    expect(leaves.map(({ path }) => path)).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ]);
    const groups = leaves.map(({ members }) => [...members]).sort((a, b) => (a[0] as number) - (b[0] as number));
    expect(groups).toEqual([0, 1, 2, 3].map((group) => [0, 4, 8, 12, 16].map((i) => i + group)));
  });

  it('halves what lies deeper than twice the levels of a balanced tree, one more not counted', async () => {
    // Each point is 100 times as far as the one before it, so k-means takes the farthest away from the others. Of 16 points a
    // balanced tree has 4 levels: k-means divides at the depths 0 … 8 and leaves 7 points at depth 9, halves of 3 and 4.
    const points = Float32Array.from({ length: 16 }, (_, i) => 100 ** (i - 8));
    const leaves = await clustered(points, 1, 2, 1);
    const depths = leaves.map(({ path }) => path.length);
    expect(depths).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 12, 12, 12, 12, 12]);
    expect(leaves.slice(0, 9).map(({ members }) => members[0])).toEqual([15, 14, 13, 12, 11, 10, 9, 8, 7]);
    // The mean of those 7 is a seventh of the largest: nearest to it are the second largest, the third and the fourth.
    const halves = new Map<number, number[]>();
    for (const { path, members } of leaves.slice(9)) {
      const half = path[9] ?? Number.NaN;
      halves.set(
        half,
        [...(halves.get(half) ?? []), ...members].sort((a, b) => a - b),
      );
    }
    expect([halves.get(0), halves.get(1)]).toEqual([
      [3, 4, 5],
      [0, 1, 2, 6],
    ]);
  });

  it('cuts equal points into equal parts, in their order', async () => {
    const leaves = await clustered(new Float32Array(2 * 30).fill(0.3), 2, 3, 10);
    expect(leaves.map(({ path, members }) => [path, members[0], members.length])).toEqual([
      [[0], 0, 10],
      [[1], 10, 10],
      [[2], 20, 10],
    ]);
  });

  it('is the same for the same random state, on the runtime as well', async () => {
    const random = Random.seeded(3);
    // Large enough that the first level goes to the runtime, which the others do not need to be told from.
    const points = Float32Array.from({ length: 6000 * 100 }, () => random.normal());
    const first = await clustered(points, 100, 10, 1100, 7);
    expect(await clustered(points, 100, 10, 1100, 7)).toEqual(first);
    expect(await clustered(points, 100, 10, 1100, 8)).not.toEqual(first);
    expect(membersOf(first)).toHaveLength(6000);
    expect(first.map(({ path }) => path)).toEqual(Array.from({ length: 10 }, (_, i) => [i]));
    // Each point is nearest to the mean of its own cluster, but for those that the last of few iterations moves.
    const means = first.map(({ members }) =>
      Array.from({ length: 100 }, (_, d) => {
        return members.reduce((sum, i) => sum + (points[i * 100 + d] as number), 0) / members.length;
      }),
    );
    const distance = (i: number, mean: readonly number[]) =>
      mean.reduce((sum, value, d) => sum + (value - (points[i * 100 + d] as number)) ** 2, 0);
    let nearest = 0;
    first.forEach(({ members }, own) => {
      for (const i of members) {
        const all = means.map((mean) => distance(i, mean));
        if (Math.min(...all) === all[own]) nearest++;
      }
    });
    expect(nearest / 6000).toBeGreaterThan(0.85);
  });

  it('tells how many points are placed, and stops when told to', async () => {
    const points = Float32Array.from({ length: 60 }, (_, i) => i);
    const options = { runtime, dimensions: 1, branching: 3, leafSize: 4, random: Random.seeded(1) };
    const told: number[] = [];
    await hierarchicalKMeans(points, { ...options, onProgress: (done) => told.push(done) });
    expect(told.at(-1)).toBe(60);
    expect(told).toEqual([...told].sort((a, b) => a - b));
    const stop = new Error('enough');
    const stopped = hierarchicalKMeans(points, {
      ...options,
      onProgress: () => {
        throw stop;
      },
    });
    await expect(stopped).rejects.toBe(stop);
  });
});
