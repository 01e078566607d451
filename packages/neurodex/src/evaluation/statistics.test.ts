import { readFileSync } from 'node:fs';
import { Random } from '@neurodex/autograd';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bootstrapIntervals, quantile } from './bootstrap.ts';
import { normalCdf, normalQuantile } from './normal.ts';
import { effectSize, holm, pairedRandomisation } from './significance.ts';

/** SciPy and statsmodels (fixtures/statistics/README.md). */
const golden = JSON.parse(readFileSync(new URL('./fixtures/statistics/golden.json', import.meta.url), 'utf8')) as {
  normal: { p: number; z: number }[];
  intervals: { name: string; values: number[]; low: number; high: number; standardError: number }[];
  randomisation: { differences: number[]; p: number; exact: boolean }[];
  holm: { p: number[]; adjusted: number[] }[];
};

describe('the normal distribution', () => {
  test.each(golden.normal)('quantile $p is $z', ({ p, z }) => {
    expect(normalQuantile(p)).toBeCloseTo(z, 5);
    expect(Math.abs(normalCdf(z) - p)).toBeLessThan(1e-7);
  });

  // Python's statistics.NormalDist().inv_cdf
  test.each([
    [1e-12, -7.034483825301132],
    [1e-15, -7.941345326170995],
    [1e-20, -9.262340089798405],
  ])('quantile %d, far out, is %d', (p, z) => {
    expect(normalQuantile(p) / z).toBeCloseTo(1, 6);
  });

  test('the ends', () => expect([normalQuantile(0), normalQuantile(1)]).toEqual([-Infinity, Infinity]));
});

describe('bootstrap intervals', () => {
  test.each(golden.intervals)('of $name agree with SciPy', ({ name, values, low, high, standardError }) => {
    const [[from, to] = [0, 0]] = bootstrapIntervals([values], { seed: 3 });
    // What 10,000 resamples leave to chance; means of zeros and ones move in steps of 1/n.
    const chance = name === 'success' ? 1.001 / values.length : 0.12 * standardError;
    expect(Math.abs(from - low)).toBeLessThan(chance);
    expect(Math.abs(to - high)).toBeLessThan(chance);
  });

  test('the same seed gives the same, another seed another', () => {
    const { values } = golden.intervals[1] as { values: number[] };
    const cut = (seed: number) => bootstrapIntervals([values, values.map((value) => value / 2)], { seed });
    expect(cut(1)).toEqual(cut(1));
    expect(cut(1)).not.toEqual(cut(2));
    const [whole, half] = cut(1);
    expect(half?.[0]).toBeCloseTo((whole?.[0] as number) / 2, 12);
  });

  test('hold the mean and stay within the values', () => {
    const values = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(values, fc.nat(100), (column, seed) => {
        const [[low, high] = [Number.NaN, Number.NaN]] = bootstrapIntervals([column], { seed, resamples: 400 });
        const mean = column.reduce((a, b) => a + b, 0) / column.length;
        expect(low).toBeLessThanOrEqual(mean + 1e-9);
        expect(high).toBeGreaterThanOrEqual(mean - 1e-9);
        expect(low).toBeGreaterThanOrEqual(Math.min(...column) - 1e-9);
        expect(high).toBeLessThanOrEqual(Math.max(...column) + 1e-9);
      }),
      { numRuns: 60 },
    );
  });

  test('cover the true mean about as often as they say', () => {
    const random = Random.seeded(8);
    let covered = 0;
    const rounds = 300;
    for (let round = 0; round < rounds; round++) {
      const values = Array.from({ length: 40 }, () => random.uniform() ** 2);
      const [[low, high] = [0, 0]] = bootstrapIntervals([values], { seed: round, resamples: 600 });
      if (low <= 1 / 3 && 1 / 3 <= high) covered++;
    }
    expect(covered / rounds).toBeGreaterThan(0.9);
    expect(covered / rounds).toBeLessThan(0.985);
  });

  test('values that are all alike have no width, and none cannot be resampled', () => {
    expect(bootstrapIntervals([[1, 1, 1]], { seed: 0 })).toEqual([[1, 1]]);
    expect(bootstrapIntervals([], { seed: 0 })).toEqual([]);
    expect(() => bootstrapIntervals([[]], { seed: 0 })).toThrow(RangeError);
    expect(() => bootstrapIntervals([[1, 2], [1]], { seed: 0 })).toThrow(RangeError);
  });

  test('quantiles between order statistics', () => {
    const sorted = Float64Array.of(0, 1, 4);
    expect([0, 0.25, 0.5, 0.75, 1].map((p) => quantile(sorted, p))).toEqual([0, 0.5, 1, 2.5, 4]);
  });
});

describe('the paired randomisation test', () => {
  test.each(golden.randomisation)('agrees with SciPy: p = $p', ({ differences, p, exact }) => {
    const found = pairedRandomisation(differences, Random.seeded(1));
    // Both of the larger ones are drawn: five standard errors of ours and theirs.
    const chance = exact ? 1e-12 : 5 * Math.sqrt(p * (1 - p) * (1 / 100_000 + 1 / 400_000)) + 1e-5;
    expect(Math.abs(found.p - p)).toBeLessThanOrEqual(chance);
    // Differences of 0 are left out, so more pairs can be exact here.
    if (exact) expect(found.exact).toBe(true);
  });

  test('is symmetric, blind to differences of 0, and never below what it can tell', () => {
    const differences = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { maxLength: 12 });
    fc.assert(
      fc.property(differences, (column) => {
        const { p } = pairedRandomisation(column, Random.seeded(1));
        expect(
          pairedRandomisation(
            column.map((value) => -value),
            Random.seeded(1),
          ).p,
        ).toBe(p);
        expect(pairedRandomisation([...column, 0, 0], Random.seeded(1)).p).toBe(p);
        expect(p).toBeGreaterThan(0);
        expect(p).toBeLessThanOrEqual(1);
      }),
      { numRuns: 40 },
    );
    const clear = Array.from({ length: 50 }, () => 0.5);
    expect(pairedRandomisation(clear, Random.seeded(1), 999)).toEqual({ p: 1 / 1000, exact: false });
    expect(pairedRandomisation([], Random.seeded(1))).toEqual({ p: 1, exact: true });
    expect(pairedRandomisation([0.2], Random.seeded(1))).toEqual({ p: 1, exact: true });
  });

  test.each(golden.holm)('Holm adjusts $p', ({ p, adjusted }) => {
    holm(p).forEach((value, i) => {
      expect(value).toBeCloseTo(adjusted[i] as number, 12);
    });
  });

  test('effect sizes', () => {
    expect(effectSize([1, 2, 3])).toBeCloseTo(2, 12);
    expect(effectSize([0.3, 0.3, 0.3])).toBeNull();
    expect(effectSize([1])).toBeNull();
  });
});
