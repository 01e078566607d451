import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DisjointSets } from './disjoint-sets.ts';

it('begins with every number alone', () => {
  expect(new DisjointSets(4).roots()).toEqual([0, 1, 2, 3]);
  expect(new DisjointSets(0).roots()).toEqual([]);
});

it('knows a set by its smallest member, whichever was named first', () => {
  const sets = new DisjointSets(6);
  sets.union(5, 3);
  sets.union(3, 4);
  expect(sets.roots()).toEqual([0, 1, 2, 3, 3, 3]);
  sets.union(4, 1);
  expect(sets.roots()).toEqual([0, 1, 2, 1, 1, 1]);
  expect([sets.find(5), sets.find(0)]).toEqual([1, 0]);
});

it('stays as it is when two of one set are united', () => {
  const sets = new DisjointSets(3);
  sets.union(1, 2);
  sets.union(2, 1);
  sets.union(0, 0);
  expect(sets.roots()).toEqual([0, 1, 1]);
});

it('has the sets of the graph whose edges are the unions', () => {
  const edges = fc.array(fc.tuple(fc.nat(11), fc.nat(11)), { maxLength: 14 });
  fc.assert(
    fc.property(edges, (unions) => {
      const sets = new DisjointSets(12);
      for (const [a, b] of unions) sets.union(a, b);
      // Smallest label of the neighbours, until nothing changes.
      const labels = Array.from({ length: 12 }, (_, i) => i);
      for (let round = 0; round < 12; round++) {
        for (const [a, b] of unions) {
          const least = Math.min(labels[a] ?? NaN, labels[b] ?? NaN);
          labels[a] = least;
          labels[b] = least;
        }
      }
      expect(sets.roots()).toEqual(labels);
    }),
  );
});
