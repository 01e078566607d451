import fc from 'fast-check';
import { expect, it } from 'vitest';
import { NeighbourTree } from './neighbour-tree.ts';

const coordinate = fc.integer({ min: -4, max: 4 }).map((n) => n / 4);

it('finds every point within the radius, and no other', () => {
  const property = fc.property(
    fc.integer({ min: 1, max: 4 }).chain((width) =>
      fc.record({
        width: fc.constant(width),
        points: fc.array(fc.array(coordinate, { minLength: width, maxLength: width }), { maxLength: 120 }),
        query: fc.array(coordinate, { minLength: width, maxLength: width }),
        radius: fc.constantFrom(0, 0.0625, 0.3, 1),
      }),
    ),
    ({ width, points, query, radius }) => {
      const members = points.map((_, i) => i).filter((i) => i % 5 !== 3);
      const tree = new NeighbourTree(Float32Array.from(points.flat()), width, members);
      const found = new Map<number, number>();
      tree.within(Float32Array.from(query), radius, Infinity, (point, distance) => {
        found.set(point, distance);
        return false;
      });
      const distance = (i: number) => (points[i] ?? []).reduce((sum, x, d) => sum + (x - (query[d] ?? NaN)) ** 2, 0);
      const expected = members.filter((i) => distance(i) <= radius);
      expect([...found.keys()].sort((a, b) => a - b)).toEqual(expected);
      for (const [i, squared] of found) expect(squared).toBeCloseTo(distance(i), 6);
    },
  );
  fc.assert(property, { numRuns: 300 });
});

it('looks at the nearest leaves first, and in a crowd not at all of it', () => {
  const n = 5000;
  const points = Float32Array.from({ length: n }, (_, i) => i / n);
  const tree = new NeighbourTree(points, 1, [...points.keys()]);
  const found: number[] = [];
  tree.within(Float32Array.of(0.5), 1, 1000, (point) => found.push(point) >= 10);
  expect(found).toHaveLength(10);
  expect(found.every((point) => Math.abs(point - n / 2) < 30)).toBe(true);
  let compared = 0;
  tree.within(Float32Array.of(0.5), 1, 40, () => ++compared > 1000);
  expect(compared).toBeLessThan(60);
});
