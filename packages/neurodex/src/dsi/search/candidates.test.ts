import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Candidates, kthLargest } from './candidates.ts';

describe('the k-th largest', () => {
  it('is that of the sorted numbers', () => {
    const numbers = fc.array(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true })), { minLength: 1 });
    fc.assert(
      fc.property(numbers, fc.nat(), (values, seed) => {
        const k = 1 + (seed % values.length);
        const sorted = [...values].sort((a, b) => b - a);
        expect(kthLargest(Float64Array.from(values), k) === sorted[k - 1]).toBe(true);
        // What stands behind is none of them.
        expect(kthLargest(Float64Array.of(...values, 9, NaN), k, values.length) === sorted[k - 1]).toBe(true);
      }),
    );
  });

  it('comes to an end with numbers that are none', () => {
    for (const values of [[NaN], [NaN, NaN, NaN], [1, NaN, 3, NaN, 2]]) {
      expect(typeof kthLargest(Float64Array.from(values), values.length)).toBe('number');
    }
  });
});

describe('the nearest candidates', () => {
  it('stay in their order, of equally near ones the first; the others are told', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 600 }), fc.nat(40), (nearness, count) => {
        const candidates = new Candidates();
        for (const [i, near] of nearness.entries()) candidates.push(i, i / 2, near);
        const dropped: [number, number][] = [];
        candidates.keepNearest(count, (name, product) => dropped.push([name, product]));
        const nearest = new Set(
          [...nearness.keys()].sort((a, b) => (nearness[b] ?? 0) - (nearness[a] ?? 0) || a - b).slice(0, count),
        );
        const kept = [...nearness.keys()].filter((i) => nearest.has(i));
        expect([...candidates.names.subarray(0, candidates.length)]).toEqual(kept);
        expect([...candidates.products.subarray(0, candidates.length)]).toEqual(kept.map((i) => i / 2));
        expect(dropped).toEqual([...nearness.keys()].filter((i) => !nearest.has(i)).map((i) => [i, i / 2]));
      }),
    );
  });

  it('are as many as are asked for where nothing says which, because numbers are none', () => {
    const candidates = new Candidates();
    for (let i = 0; i < 9; i++) candidates.push(i, NaN, NaN);
    const dropped: number[] = [];
    candidates.keepNearest(4, (name) => dropped.push(name));
    expect([...candidates.names.subarray(0, candidates.length)]).toEqual([0, 1, 2, 3]);
    expect(dropped).toEqual([4, 5, 6, 7, 8]);
  });

  it('are none after all were cleared', () => {
    const candidates = new Candidates();
    candidates.push(1, 2, 3);
    candidates.clear();
    candidates.keepNearest(1, () => expect.unreachable());
    expect(candidates.length).toBe(0);
  });
});
