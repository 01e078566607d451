import { Random } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { describe, expect, it } from 'vitest';
import { type KMeansOptions, kMeans } from './kmeans.ts';
import { miniBatchKMeans } from './minibatch.ts';
import { smallKMeans } from './small-kmeans.ts';

const runtime = nodeRuntime({ threads: 1 });

interface Told {
  readonly restart: number;
  readonly iteration: number;
  readonly inertia: number;
}
const run = async (points: readonly number[], changes: Partial<KMeansOptions>, seed = 1) => {
  const told: Told[] = [];
  const options = { runtime, dimensions: 1, clusters: 1, restarts: 1, random: Random.seeded(seed), ...changes };
  const found = await kMeans(Float32Array.from(points), { ...options, onIteration: (one) => told.push(one) });
  return { ...found, told };
};
const uniform = (n: number, seed: number): number[] => {
  const random = Random.seeded(seed);
  return Array.from({ length: n }, () => random.uniform(0, 100));
};
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

describe('the runs of a k-means', () => {
  it('compete on a sample above 100 points per cluster; the best is then run on all points', async () => {
    const restartsOf = async (n: number) => [
      ...new Set((await run(uniform(n, 1), { restarts: 2 })).told.map((t) => t.restart)),
    ];
    expect(await restartsOf(100)).toEqual([0, 1]);
    expect(await restartsOf(101)).toEqual([0, 1, 2]);
    const points = uniform(500, 2);
    const { centroids, inertia } = await run(points, { restarts: 2 });
    expect(centroids[0]).toBeCloseTo(mean(points), 3);
    expect(inertia / points.reduce((sum, x) => sum + (x - mean(points)) ** 2, 0)).toBeCloseTo(1, 4);
  });

  it('end in the best of them, whichever it is', async () => {
    const firsts = new Set<boolean>();
    for (let seed = 0; seed < 12; seed++) {
      const { told, inertia, iterations } = await run(uniform(60, seed), { clusters: 4, restarts: 3 }, seed);
      const runs = [0, 1, 2].map((restart) => told.filter((one) => one.restart === restart));
      const last = runs.map((each) => each.at(-1)?.inertia ?? 0);
      for (const each of runs) {
        expect(each.map(({ iteration }) => iteration)).toEqual(each.map((_, i) => i + 1));
        // Lloyd's steps never make it worse.
        expect(each.slice(1).every(({ inertia: after }, i) => after <= (each[i]?.inertia ?? 0) * 1.0001)).toBe(true);
      }
      expect(inertia).toBeLessThanOrEqual(Math.min(...last) * 1.0001);
      expect(runs.some((each) => each.length === iterations)).toBe(true);
      firsts.add(last[0] === Math.min(...last));
    }
    // Otherwise nothing is shown here.
    expect(firsts.size).toBe(2);
  });

  it('end where they are told to, at the latest', async () => {
    const one = await run(uniform(90, 3), { clusters: 5, restarts: 2, mostIterations: 1 });
    expect(one.iterations).toBe(1);
    expect(one.told.map(({ restart, iteration }) => [restart, iteration])).toEqual([
      [0, 1],
      [1, 1],
    ]);
    const three = await run(uniform(90, 3), { clusters: 5, mostIterations: 3 });
    expect(three.told.map(({ iteration }) => iteration)).toEqual([1, 2, 3]);
  });

  it('end in means of what is near to them, far from the origin as well', async () => {
    const points = [0, 1, 2, 50, 51, 52, 53].map((x) => x + 1e5);
    const { centroids, inertia } = await run(points, { clusters: 2, restarts: 3 });
    expect([...centroids].sort((a, b) => a - b)).toEqual([1e5 + 1, 1e5 + 51.5]);
    // 1 + 0 + 1, and twice 1.5² + 0.5².
    expect(inertia).toBeCloseTo(7, 3);
  });

  it('need a restart, and as many points as clusters', async () => {
    await expect(run([1, 2], { restarts: 0 })).rejects.toThrow('k-means needs at least one restart');
    await expect(run([1], { clusters: 2 })).rejects.toThrow('at least as many points as clusters');
    const { centroids } = await run([4, 4, 4], { clusters: 3 });
    expect([...centroids]).toEqual([4, 4, 4]);
  });
});

describe('a k-means in mini-batches', () => {
  const sourceOf = (points: readonly number[]) => {
    const reads: string[] = [];
    return {
      reads,
      count: points.length,
      async read(start: number, end: number) {
        reads.push(`${start}-${end}`);
        return Float32Array.from(points.slice(start, end));
      },
    };
  };

  it('reads a sample, then everything three times, then everything once more, and gives the mean of one cluster', async () => {
    const points = uniform(600, 4);
    const source = sourceOf(points);
    const told: Told[] = [];
    const found = await miniBatchKMeans(source, {
      ...{ runtime, dimensions: 1, clusters: 1, restarts: 1, random: Random.seeded(1), inMemory: 511 },
      onIteration: (one) => told.push(one),
    });
    const pieces = ['0-256', '256-512', '512-600'];
    expect(source.reads).toHaveLength(1 + 3 * 3 + 1);
    expect(pieces).toContain(source.reads[0]);
    for (const pass of [1, 4, 7]) expect(source.reads.slice(pass, pass + 3).sort()).toEqual(pieces);
    expect(source.reads.at(-1)).toBe('0-600');
    const inertia = points.reduce((sum, x) => sum + (x - mean(points)) ** 2, 0);
    expect(found.centroids[0]).toBeCloseTo(mean(points), 2);
    expect(found.inertia / inertia).toBeCloseTo(1, 4);
    expect(found.iterations).toBe(3);
    const own = told.slice(-3);
    expect(own.map(({ restart, iteration }) => [restart, iteration])).toEqual([
      [0, 1],
      [0, 2],
      [0, 3],
    ]);
    expect((own[2]?.inertia ?? 0) / inertia).toBeCloseTo(1, 3);
  });

  it('takes 64 times 256 points at once, and one run at least as a sample', async () => {
    const source = sourceOf(uniform(64 * 256 + 1, 5));
    const options = { runtime, dimensions: 1, clusters: 2, restarts: 1, random: Random.seeded(1) };
    const found = await miniBatchKMeans(source, { ...options, inMemory: 2 * 256 });
    expect(found.iterations).toBe(3 * 2);
    expect(source.reads).toHaveLength(2 + 3 * 65 + 2);
    expect(source.reads.slice(-2)).toEqual(['0-16384', '16384-16385']);
    const small = sourceOf(uniform(300, 6));
    await miniBatchKMeans(small, { ...options, inMemory: 1 });
    expect(small.reads).toHaveLength(1 + 3 * 2 + 1);
  });

  it('moves each centroid to the mean of what is nearest to it, in every dimension', async () => {
    const centres = [
      [0, 100],
      [100, 0],
    ];
    const points = Float32Array.from({ length: 2 * 400 }, (_, at) => {
      const i = Math.floor(at / 2);
      return (centres[i % 2]?.[at % 2] ?? 0) + ((i >> 1) % 5);
    });
    const source = { count: 400, read: async (start: number, end: number) => points.slice(2 * start, 2 * end) };
    const options = { runtime, dimensions: 2, clusters: 2, restarts: 2, random: Random.seeded(2), inMemory: 400 };
    const { centroids } = await miniBatchKMeans(source, options);
    const [a, b, c, d] = (centroids[0] ?? 0) < 50 ? centroids : [...centroids.subarray(2), ...centroids.subarray(0, 2)];
    expect([a, b, c, d].map((x = Number.NaN) => Math.round(10 * x) / 10)).toEqual([2, 102, 102, 2]);
  });
});

describe('a small k-means', () => {
  const labelsOf = (points: readonly number[], clusters: number, seed: number) => [
    ...smallKMeans(Float32Array.from(points), { dimensions: 1, clusters, random: Random.seeded(seed) }),
  ];

  it('gives each point a cluster of its own where there are as many', () => {
    for (let seed = 0; seed < 20; seed++) {
      expect(new Set(labelsOf([1, 2, 4, 8, 16, 32], 6, seed)).size).toBe(6);
      expect(new Set(labelsOf([5, 5, 5, 7, 7, 9], 3, seed)).size).toBe(3);
      expect(new Set(labelsOf([5, 5, 5, 5], 3, seed))).toEqual(new Set([0]));
    }
  });

  it('draws the second seed by its squared distance', () => {
    let apart = 0;
    // From a 0 the far point comes with a chance of 900 in 901; with 30 alone, all others are together.
    for (let seed = 0; seed < 60; seed++) {
      const labels = labelsOf([...Array<number>(20).fill(0), 1, 30], 2, seed);
      if (new Set(labels.slice(0, 21)).size === 1 && labels[21] !== labels[0]) apart++;
    }
    expect(apart).toBeGreaterThan(55);
  });
});
