import { Random } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { balancedClusters, ShardAssigner } from './balanced-clusters.ts';

const runtime = nodeRuntime({ threads: 1 });

/** Unit vectors in groups of very different sizes. */
function groups(sizes: readonly number[], width: number, seed: number): Float32Array {
  const random = Random.seeded(seed);
  const vectors: number[] = [];
  for (const size of sizes) {
    const centre = Array.from({ length: width }, () => random.normal());
    for (let i = 0; i < size; i++) {
      const vector = centre.map((value) => value + 0.3 * random.normal());
      const norm = Math.hypot(...vector);
      vectors.push(...vector.map((value) => value / norm));
    }
  }
  return Float32Array.from(vectors);
}

const clustered = (vectors: Float32Array, count: number, width: number, seed = 1) =>
  balancedClusters(vectors, { count, width, runtime, random: Random.seeded(seed) });

const countsOf = (vectors: Float32Array, centres: Awaited<ReturnType<typeof clustered>>): number[] => {
  const assigner = new ShardAssigner(centres, Number.POSITIVE_INFINITY);
  for (let at = 0; at < vectors.length; at += centres.width) assigner.assign(vectors.subarray(at, at + centres.width));
  return [...assigner.counts];
};

describe('balancedClusters', () => {
  it('divides groups of very different sizes into shards of about one size', async () => {
    const vectors = groups([900, 500, 100, 60, 30, 10], 16, 3);
    const counts = countsOf(vectors, await clustered(vectors, 8, 16));
    expect(counts.reduce((a, b) => a + b, 0)).toBe(1600);
    expect(Math.max(...counts)).toBeLessThanOrEqual(Math.ceil(1.1 * 200));
    expect(Math.min(...counts)).toBeGreaterThan(0);
  });

  it('keeps groups of one size together, each in a shard of its own', async () => {
    const vectors = groups([100, 100, 100, 100], 16, 5);
    const centres = await clustered(vectors, 4, 16);
    const assigner = new ShardAssigner(centres, 1000);
    const shards = Array.from({ length: 400 }, (_, i) => assigner.assign(vectors.subarray(i * 16, (i + 1) * 16)));
    for (let group = 0; group < 4; group++) expect(new Set(shards.slice(100 * group, 100 * (group + 1))).size).toBe(1);
    expect(new Set(shards).size).toBe(4);
  });

  it('is the same for the same random state', async () => {
    const vectors = groups([300, 40], 8, 1);
    expect(await clustered(vectors, 4, 8, 2)).toEqual(await clustered(vectors, 4, 8, 2));
  });

  it('takes vectors that are all equal, and as many vectors as shards', async () => {
    const same = new Float32Array(8 * 20).fill(0.5);
    expect(countsOf(same, await clustered(same, 4, 8)).reduce((a, b) => a + b, 0)).toBe(20);
    const few = groups([1, 1, 1], 8, 4);
    expect(countsOf(few, await clustered(few, 3, 8))).toEqual([1, 1, 1]);
    await expect(clustered(few, 4, 8)).rejects.toThrow('3 vectors for 4 shards');
  });
});

describe('ShardAssigner', () => {
  it('never gives a shard more than fit, and takes as many as fit into all', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.float({ noNaN: true, min: -1, max: 1 }), { minLength: 40, maxLength: 40 }),
        (count, capacity, numbers) => {
          const centroids = Float32Array.from(numbers.slice(0, count * 2));
          const centres = { count, width: 2, centroids, prices: new Float64Array(count) };
          const assigner = new ShardAssigner(centres, capacity);
          for (let i = 0; i < count * capacity; i++) {
            const at = (2 * i) % 20;
            const vector = Float32Array.from(numbers.slice(20 + at, 22 + at));
            const open = [...assigner.counts].map((own, shard) => ({ own, shard })).filter(({ own }) => own < capacity);
            const distances = open.map(({ shard }) =>
              Math.hypot(...[0, 1].map((d) => (vector[d] ?? NaN) - (centroids[2 * shard + d] ?? NaN))),
            );
            const shard = assigner.assign(vector);
            const chosen = open.findIndex((each) => each.shard === shard);
            expect(distances[chosen]).toBeCloseTo(Math.min(...distances), 5);
          }
          expect([...assigner.counts]).toEqual(new Array(count).fill(capacity));
          expect(() => assigner.assign(new Float32Array(2))).toThrow('all shards are full');
        },
      ),
    ));

  it('goes on with what each shard has already', () => {
    const centres = { count: 2, width: 1, centroids: Float32Array.of(0, 1), prices: new Float64Array(2) };
    const assigner = new ShardAssigner(centres, 5, [5, 1]);
    expect(assigner.assign(Float32Array.of(0))).toBe(1);
    expect([...assigner.counts]).toEqual([5, 2]);
  });
});
