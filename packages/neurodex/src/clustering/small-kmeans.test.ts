import { Random } from '@neurodex/autograd';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { smallKMeans, squaredDistance } from './small-kmeans.ts';

describe('squaredDistance', () => {
  it.each([1, 2, 3, 4, 5, 7, 8, 9])('of %i numbers adds up the squares, from where the rows begin', (dimensions) => {
    const a = Float32Array.from({ length: 20 }, (_, i) => i * i);
    const b = Float32Array.from({ length: 20 }, (_, i) => 3 * i + 1);
    let expected = 0;
    for (let d = 0; d < dimensions; d++) expected += ((a[5 + d] as number) - (b[2 + d] as number)) ** 2;
    expect(squaredDistance(a, 5, b, 2, dimensions)).toBe(expected);
  });
});

describe('smallKMeans', () => {
  const labelsOf = (points: readonly number[], dimensions: number, clusters: number, seed: number) => [
    ...smallKMeans(Float32Array.from(points), { dimensions, clusters, random: Random.seeded(seed) }),
  ];

  it('gives every point the cluster whose mean is nearest to it', () => {
    const points = fc.array(fc.tuple(fc.integer({ min: -20, max: 20 }), fc.integer({ min: -20, max: 20 })), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(points, fc.integer({ min: 1, max: 6 }), fc.nat(), (pairs, most, seed) => {
        const clusters = Math.min(most, pairs.length);
        const labels = labelsOf(pairs.flat(), 2, clusters, seed);
        expect(labels).toHaveLength(pairs.length);
        const means = new Map(
          [...new Set(labels)].map((label) => {
            const members = pairs.filter((_, i) => labels[i] === label);
            const mean = [0, 1].map(
              (d) => members.reduce((sum, pair) => sum + (pair[d] as number), 0) / members.length,
            );
            return [label, mean] as const;
          }),
        );
        pairs.forEach(([x, y], i) => {
          const distance = (label: number) => {
            const [mx = NaN, my = NaN] = means.get(label) ?? [];
            return (x - mx) ** 2 + (y - my) ** 2;
          };
          const own = distance(labels[i] as number);
          for (const label of means.keys()) expect(own).toBeLessThanOrEqual(distance(label) + 1e-4);
          expect(labels[i]).toBeGreaterThanOrEqual(0);
          expect(labels[i]).toBeLessThan(clusters);
        });
      }),
    );
  });

  it('takes as many different places for seeds as there are: each keeps a cluster of its own', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 3 }),
        fc.nat(),
        (places, copies, seed) => {
          const points = Array.from({ length: copies }, () => places).flat();
          const labels = labelsOf(points, 1, places.length, seed);
          expect(new Set(labels).size).toBe(places.length);
          points.forEach((place, i) => {
            expect(labels[i]).toBe(labels[points.indexOf(place)]);
          });
        },
      ),
    );
  });

  it('finds groups that lie far apart, whichever points it begins with', () => {
    for (let seed = 0; seed < 20; seed++) {
      const labels = labelsOf([0, 1000, 1, 1001, 2, 1002, -5000], 1, 3, seed);
      expect(new Set(labels).size).toBe(3);
      expect([labels[2], labels[4]]).toEqual([labels[0], labels[0]]);
      expect([labels[3], labels[5]]).toEqual([labels[1], labels[1]]);
    }
  });

  it('begins with points drawn by their squared distance from those before', () => {
    // Of 0, 2 and 5, the seeds 0 and 5 and the seeds 2 and 5 end in {0, 2} and {5}; 0 and 2 end in {0} and {2, 5}. After a
    // first seed 0 the second is 5 with probability 25/29, after 2 with 9/13; after 5 either of the others does.
    const split = Array.from({ length: 4000 }, (_, seed) => labelsOf([0, 2, 5], 1, 2, seed));
    const low = split.filter(([a, b]) => a === b).length / 4000;
    const joins = (25 / 29 + 9 / 13 + 1) / 3;
    // Five standard deviations.
    expect(Math.abs(low - joins)).toBeLessThan(5 * Math.sqrt((joins * (1 - joins)) / 4000));
  });

  it('is the same for the same random state', () => {
    const random = Random.seeded(1);
    const points = Array.from({ length: 60 }, () => random.normal());
    expect(labelsOf(points, 2, 4, 7)).toEqual(labelsOf(points, 2, 4, 7));
  });
});
