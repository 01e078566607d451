import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linear, logarithmic } from './scale.ts';

describe('scales', () => {
  it('map the ends of the domain onto the ends of the range', () => {
    const down = linear([0, 4], [100, 0]);
    expect([down(0), down(1), down(4)]).toEqual([100, 75, 0]);
    const log = logarithmic([1, 100], [0, 10]);
    expect([log(1), log(10), log(100)].map((x) => Math.round(x * 1e9) / 1e9)).toEqual([0, 5, 10]);
  });

  it('have round ticks', () => {
    expect(linear([0, 1], [0, 1]).ticks).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(linear([0, 1234], [0, 1], 4).ticks).toEqual([0, 500, 1000]);
    expect(logarithmic([1, 128], [0, 1]).ticks).toEqual([1, 2, 5, 10, 20, 50, 100]);
    expect(logarithmic([1, 100_000], [0, 1]).ticks).toEqual([1, 10, 100, 1000, 10_000, 100_000]);
  });

  it('have few ticks, all of them inside the domain, whatever it is', () => {
    const bound = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(bound, fc.double({ min: 1e-3, max: 1e6, noNaN: true }), (from, width) => {
        const to = from + width;
        const { ticks } = linear([from, to], [0, 1]);
        expect(ticks.length).toBeLessThanOrEqual(6);
        for (const tick of ticks) {
          expect(tick).toBeGreaterThanOrEqual(from - width / 1e6);
          expect(tick).toBeLessThanOrEqual(to + width / 1e6);
        }
      }),
    );
  });

  it('put everything of a domain without width in one place', () => {
    const scale = linear([3, 3], [5, 9]);
    expect([scale(3), scale.ticks]).toEqual([5, [3]]);
  });
});
