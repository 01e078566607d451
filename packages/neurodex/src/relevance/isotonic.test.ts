import { Random } from '@neurodex/core/random';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { golden, largestDifference } from './golden.fixture.ts';
import { evaluateIsotonic, fitIsotonic, type IsotonicFunction } from './isotonic.ts';
import { reduceKnots } from './reduce-knots.ts';

const WHOLE = { knots: 10_000, tolerance: 0 };
const values = (f: IsotonicFunction, at: readonly number[]): number[] => at.map((x) => evaluateIsotonic(f, x));

/** Some points whose y says little about x. */
const points = fc.array(
  fc.tuple(fc.integer({ min: 0, max: 12 }), fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 4 })),
  { minLength: 1, maxLength: 40 },
);

describe('isotonic regression', () => {
  it.each(golden.isotonic)('of $name agrees with scikit-learn', ({ x, y, weights, at, values: expected }) => {
    const fitted = fitIsotonic(x, y, { ...WHOLE, weights: weights ?? undefined });
    expect(largestDifference(values(fitted, at), expected)).toBeLessThan(1e-12);
    expect(fitted.deviation).toBeLessThan(1e-12);
    // Fewer knots change no value by more than the tolerance.
    const fewer = fitIsotonic(x, y, { weights: weights ?? undefined, tolerance: 0.03 });
    expect(largestDifference(values(fewer, at), expected)).toBeLessThanOrEqual(0.03 + 1e-12);
    expect(fewer.x.length).toBeLessThanOrEqual(fitted.x.length);
  });

  it('never falls, keeps the weighted mean, and does not depend on the order of points', () => {
    fc.assert(
      fc.property(points, fc.nat(), (drawn, seed) => {
        const fit = (list: typeof drawn): IsotonicFunction =>
          fitIsotonic(
            list.map(([x]) => x),
            list.map(([, y]) => y),
            { ...WHOLE, weights: list.map(([, , weight]) => weight) },
          );
        const fitted = fit(drawn);
        expect([...fitted.y].sort((a, b) => a - b)).toEqual(fitted.y);
        expect([...new Set(fitted.x)].sort((a, b) => a - b)).toEqual(fitted.x);
        const mean = (of: (point: (typeof drawn)[number]) => number): number =>
          drawn.reduce((sum, point) => sum + point[2] * of(point), 0);
        expect(mean(([x]) => evaluateIsotonic(fitted, x))).toBeCloseTo(
          mean(([, y]) => y),
          9,
        );
        const other = fit(Random.seeded(seed).shuffled(drawn));
        const at = Array.from({ length: 27 }, (_, i) => i / 2);
        expect(largestDifference(values(other, at), values(fitted, at))).toBeLessThan(1e-12);
      }),
    );
  });

  it('clips outside its knots, also at infinity, and interpolates between them', () => {
    const fitted = fitIsotonic([1, 3], [0.2, 0.6]);
    expect(values(fitted, [-Infinity, 0, 1, 1.5, 2, 3, 9, Infinity])).toEqual([0.2, 0.2, 0.2, 0.3, 0.4, 0.6, 0.6, 0.6]);
    expect(evaluateIsotonic(fitted, NaN)).toBeNaN();
    expect(fitIsotonic([5, 5], [0, 1])).toEqual({ x: [5], y: [0.5], deviation: 0 });
    expect(fitIsotonic([1, 2, 3], [0.5, 0.5, 0.5])).toEqual({ x: [1, 3], y: [0.5, 0.5], deviation: 0 });
  });

  it('stays off 0 and 1 by invented points of some weight', () => {
    // Three of nothing, four of all: 1/(3 + 1), and 1 − 1/(4 + 1).
    const [x, y] = [
      [1, 2, 3, 4, 5, 6, 7],
      [0, 0, 0, 1, 1, 1, 1],
    ];
    const ends = ({ y: ys }: IsotonicFunction): unknown[] => [ys[0], ys.at(-1)];
    expect(ends(fitIsotonic(x, y))).toEqual([0, 1]);
    expect(ends(fitIsotonic(x, y, { shrink: 1 }))).toEqual([0.25, 0.8]);
    expect(ends(fitIsotonic(x, y, { shrink: 1, weights: [2, 2, 2, 1, 1, 1, 1] }))).toEqual([1 / 7, 0.8]);
    expect(ends(fitIsotonic([1], [1], { shrink: 0.5 }))).toEqual([0.75, 0.75]);
    fc.assert(
      fc.property(points, fc.double({ min: 0.01, max: 5, noNaN: true }), (drawn, shrink) => {
        const labels = drawn.map(([, p]) => (p < 0.5 ? 0 : 1));
        const { y: ys } = fitIsotonic(
          drawn.map(([at]) => at),
          labels,
          { shrink },
        );
        // Both invented points are in one block where there is one.
        const least = (shrink / (drawn.length + 2 * shrink)) * (1 - 1e-9);
        expect(ys[0]).toBeGreaterThanOrEqual(least);
        expect(ys.at(-1)).toBeLessThanOrEqual(1 - least);
      }),
    );
  });

  it('of a hundred thousand answers has few knots, close to all of them', () => {
    const random = Random.seeded(3);
    const x = Float32Array.from({ length: 100_000 }, () => random.normal());
    const chance = (score: number): number => 1 / (1 + Math.exp(1 - 2 * score));
    const y = Uint8Array.from(x, (score) => (random.uniform() < chance(score) ? 1 : 0));
    const whole = fitIsotonic(x, y, WHOLE);
    const fitted = fitIsotonic(x, y);
    expect(fitted.x.length).toBeLessThanOrEqual(64);
    expect(fitted.x.length).toBeGreaterThan(30);
    expect(whole.x.length).toBeGreaterThan(150);
    const at = Array.from({ length: 2000 }, (_, i) => i / 250 - 4);
    expect(largestDifference(values(fitted, at), values(whole, at))).toBeLessThanOrEqual(fitted.deviation + 1e-12);
    expect(fitted.deviation).toBeLessThan(0.02);
    // What it has learned is the chance that the labels were drawn with.
    const middle = at.filter((score) => Math.abs(score) < 2);
    expect(largestDifference(values(fitted, middle), middle.map(chance))).toBeLessThan(0.06);
  });

  it('refuses what has no place or no value', () => {
    expect(() => fitIsotonic([], [])).toThrow('at least one point');
    expect(() => fitIsotonic([1, NaN], [0, 1])).toThrow('point 1 is (NaN, 1)');
    expect(() => fitIsotonic([1, 2], [0, NaN])).toThrow(RangeError);
    expect(() => fitIsotonic([1, Infinity], [0, 1])).toThrow(RangeError);
    expect(() => fitIsotonic([1, 2], [0])).toThrow('2 x and 1 y');
    expect(() => fitIsotonic([1, 2], [0, 1], { weights: [1] })).toThrow('1 weights');
    expect(() => fitIsotonic([1, 2], [0, 1], { weights: [1, 0] })).toThrow('weight 1 must be above 0');
    expect(() => fitIsotonic([1, 2], [0, 1], { weights: [1, Infinity] })).toThrow(RangeError);
    expect(() => fitIsotonic([1], [2], { shrink: 1 })).toThrow('shrink is for 0 … 1');
    expect(() => fitIsotonic([1], [-1], { shrink: 1 })).toThrow('shrink is for 0 … 1');
    for (const shrink of [NaN, -1, Infinity]) expect(() => fitIsotonic([1], [1], { shrink })).toThrow('shrink must be');
    expect(() => fitIsotonic([1], [1], { knots: 1 })).toThrow('2 knots at least');
    expect(() => fitIsotonic([1], [1], { tolerance: NaN })).toThrow(RangeError);
  });
});

describe('fewer knots', () => {
  const steps = fc.array(
    fc.tuple(fc.double({ min: 0.01, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })),
    {
      minLength: 1,
      maxLength: 80,
    },
  );
  const functionOf = (list: readonly (readonly [number, number])[]): IsotonicFunction => {
    let [x, y] = [0, 0];
    const knots = list.map(([dx, dy]) => {
      x += dx;
      y += dy;
      return [x, y] as const;
    });
    return { x: knots.map(([at]) => at), y: knots.map(([, value]) => value) };
  };

  it('are some of the same, with both ends, at most as many as asked for, and no further off than stated', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 2, max: 20 }), fc.constantFrom(0, 0.01, 0.3), (list, most, tolerance) => {
        const whole = functionOf(list);
        const fewer = reduceKnots(whole, most, tolerance);
        expect(fewer.x.length).toBeLessThanOrEqual(most);
        expect([fewer.x[0], fewer.x.at(-1)]).toEqual([whole.x[0], whole.x.at(-1)]);
        expect(fewer.x.every((x, i) => whole.y[whole.x.indexOf(x)] === fewer.y[i])).toBe(true);
        const difference = largestDifference(values(fewer, whole.x), whole.y);
        expect(difference).toBeCloseTo(fewer.deviation, 9);
        const free = reduceKnots(whole, 1000, tolerance);
        expect(free.deviation).toBeLessThanOrEqual(tolerance + 1e-9);
        if (free.x.length <= most) expect(fewer).toEqual(free);
      }),
      { numRuns: 300 },
    );
  });

  it('on a line are its two ends', () => {
    const line = { x: [0, 1, 2, 3, 4], y: [0, 0.25, 0.5, 0.75, 1] };
    expect(reduceKnots(line, 64, 0)).toEqual({ x: [0, 4], y: [0, 1], deviation: 0 });
  });
});
