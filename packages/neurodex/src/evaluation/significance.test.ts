import { Random } from '@neurodex/autograd';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bootstrapIntervals, quantile } from './bootstrap.ts';
import { normalCdf, normalQuantile } from './normal.ts';
import { testPairs } from './pairwise.ts';
import { effectSize, holm, PERMUTATIONS, pairedRandomisation } from './significance.ts';
import type { Measured } from './summary.ts';

/** The share of all patterns of signs whose sum is as far from 0 as the observed one, in whole numbers. */
function byDefinition(differences: readonly number[]): number {
  const observed = Math.abs(differences.reduce((a, b) => a + b, 0));
  let extreme = 0;
  const patterns = 2 ** differences.length;
  for (let pattern = 0; pattern < patterns; pattern++) {
    const sum = differences.reduce((total, x, i) => total + (Math.floor(pattern / 2 ** i) % 2 === 1 ? x : -x), 0);
    if (Math.abs(sum) >= observed) extreme++;
  }
  return extreme / patterns;
}

describe('the paired randomisation test', () => {
  it('is exact for few differences, in tenths as in whole numbers', () => {
    const whole = fc.array(fc.integer({ min: -6, max: 6 }), { maxLength: 11 });
    fc.assert(
      fc.property(whole, (differences) => {
        const p = byDefinition(differences);
        for (const scale of [1, 10, 3]) {
          const scaled = differences.map((x) => x / scale);
          expect(pairedRandomisation(scaled, Random.seeded(1))).toEqual({ p, exact: true });
        }
      }),
      { numRuns: 60 },
    );
  });

  it('looks at every pattern of up to 16 differences, and draws those of 17', () => {
    const ones = (n: number): number[] => Array.from({ length: n }, () => 1);
    expect(pairedRandomisation(ones(16), Random.seeded(1))).toEqual({ p: 2 / 2 ** 16, exact: true });
    expect(pairedRandomisation([...ones(16), 0, 0], Random.seeded(1))).toEqual({ p: 2 / 2 ** 16, exact: true });
    const drawn = Random.seeded(1);
    // Two of 2¹⁷ patterns are as extreme.
    expect(pairedRandomisation(ones(17), drawn, 199)).toEqual({ p: 1 / 200, exact: false });
    const same = Random.seeded(1);
    for (let i = 0; i < 199; i++) same.fillBytes(new Uint8Array(3));
    expect(drawn.state).toEqual(same.state);
    expect(PERMUTATIONS).toBe(100_000);
  });

  it('finds everything extreme where the differences even out', () => {
    const even = Array.from({ length: 18 }, (_, i) => (i % 2 === 0 ? 0.1 : -0.1));
    expect(pairedRandomisation(even, Random.seeded(1), 50)).toEqual({ p: 1, exact: false });
    expect(pairedRandomisation(even.slice(2), Random.seeded(1))).toEqual({ p: 1, exact: true });
  });

  it('draws patterns of all differences: p of a sum of 20 ones and minus ones', () => {
    // 15 of one sign and 5 of the other: P(|S| ≥ 10) of 20 coins, by binomial coefficients, is 0.0413895.
    const differences = Array.from({ length: 20 }, (_, i) => (i < 15 ? 1 : -1));
    const { p } = pairedRandomisation(differences, Random.seeded(4), 20_000);
    // Four standard errors.
    expect(Math.abs(p - 0.0413895)).toBeLessThan(4 * Math.sqrt((0.0414 * 0.9586) / 20_000));
  });
});

describe("Holm's correction", () => {
  it('multiplies the smallest by most, and none becomes smaller than one before it', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 8 }), (twentieths) => {
        const p = twentieths.map((x) => x / 20);
        const ranked = [...p].sort((a, b) => a - b);
        // Of equal ones the first in order is multiplied by most, and the others follow it.
        const expected = p.map((own) =>
          Math.max(...ranked.map((each, rank) => (each <= own ? Math.min(1, each * (p.length - rank)) : 0))),
        );
        expect(holm(p)).toEqual(expected);
      }),
    );
    expect(holm([0.01, 0.04, 0.03])).toEqual([0.03, 0.06, 0.06]);
  });
});

it('effect sizes are means in units of the deviation, where there is one', () => {
  expect(effectSize([1, 2])).toBeCloseTo(1.5 / Math.SQRT1_2, 12);
  expect(effectSize([-1, -2])).toBeCloseTo(-1.5 / Math.SQRT1_2, 12);
  expect(effectSize([0, 0, 0, 4])).toBeCloseTo(0.5, 12);
  for (const none of [[], [2], [2, 2], [0.1, 0.1, 0.1]]) expect(effectSize(none)).toBeNull();
});

describe('bootstrap intervals', () => {
  const seed = 2;
  it('are those of their columns, in order, of which some do not vary', () => {
    const varying = [0, 1, 0, 1, 1];
    const [own] = bootstrapIntervals([varying], { seed });
    const rounded = (column: readonly number[]) => column.map((x) => Math.round(x * 1e9) / 1e9);
    expect(bootstrapIntervals([[3, 3, 3, 3, 3], varying, [0, 0, 0, 0, 0]], { seed })).toEqual([[3, 3], own, [0, 0]]);
    // The mean of whole numbers moves with them, and so does the interval.
    const [moved] = bootstrapIntervals([varying.map((x) => 10 * x - 2)], { seed });
    expect(rounded(moved ?? [])).toEqual(rounded((own ?? []).map((x) => 10 * x - 2)));
    expect(bootstrapIntervals([[7]], { seed })).toEqual([[7, 7]]);
    // Three times 0.1, over 3, is a little more in float64.
    expect(bootstrapIntervals([[0.1, 0.1, 0.1]], { seed })).toEqual([[0.1, 0.1]]);
  });

  it('say what is wrong with columns', () => {
    expect(() => bootstrapIntervals([[], []], { seed })).toThrow(new RangeError('there is nothing to resample'));
    expect(() =>
      bootstrapIntervals(
        [
          [1, 2],
          [1, 2],
          [1, 2, 3],
        ],
        { seed },
      ),
    ).toThrow(new RangeError('a column has 3 values where another has 2'));
  });

  it('are wider where they are surer, and mirrored for mirrored values', () => {
    const values = Array.from({ length: 30 }, (_, i) => (i % 7) ** 2);
    const cut = (column: readonly number[], confidence?: number) => {
      const [[low, high] = [0, 0]] = bootstrapIntervals([column], { seed, ...(confidence ? { confidence } : {}) });
      return { low, high };
    };
    const [half, usual, most] = [cut(values, 0.5), cut(values), cut(values, 0.99)];
    expect(cut(values, 0.95)).toEqual(usual);
    expect(most.low).toBeLessThan(usual.low);
    expect(usual.low).toBeLessThan(half.low);
    expect(half.low).toBeLessThan(half.high);
    expect(half.high).toBeLessThan(usual.high);
    expect(usual.high).toBeLessThan(most.high);
    const mirrored = cut(values.map((value) => -value));
    expect(mirrored.low).toBeCloseTo(-usual.high, 9);
    expect(mirrored.high).toBeCloseTo(-usual.low, 9);
  });

  it('draw as many resamples as they are told, each query as often as any other', () => {
    // One resample: both ends are its mean, whose values are multiples of 1/n.
    const [[low, high] = [0, 1]] = bootstrapIntervals([[0, 0, 0, 4]], { seed, resamples: 1 });
    expect(low).toBe(high);
    expect([0, 1, 2, 3, 4]).toContain(low);
    const values = Array.from({ length: 8 }, (_, i) => (i === 7 ? 1 : 0));
    // With a probability of (7/8)⁸ = 0.344 the last value is not drawn at all.
    let none = 0;
    for (let each = 0; each < 300; each++) {
      if (bootstrapIntervals([values], { seed: each, resamples: 1 })[0]?.[0] === 0) none++;
    }
    expect(Math.abs(none / 300 - 0.344)).toBeLessThan(0.11);
  });

  it('interpolate', () => {
    expect(quantile(Float64Array.of(5), 0.3)).toBe(5);
    expect([0, 0.1, 0.9, 1].map((p) => quantile(Float64Array.of(2, 12), p))).toEqual([2, 3, 11, 12]);
  });
});

describe('the normal distribution', () => {
  it('is symmetric, its quantile the inverse on both sides of where the formula changes', () => {
    for (const z of [-6, -5.1, -4.9, -1.5, -1.44, -1.43, -0.3, 0, 0.3, 1.43, 1.44, 1.5, 4]) {
      expect(normalCdf(z) + normalCdf(-z)).toBeCloseTo(1, 6);
      if (Math.abs(z) < 4.5) expect(normalQuantile(normalCdf(z))).toBeCloseTo(z, 3);
    }
    expect(normalCdf(0)).toBeCloseTo(0.5, 7);
    expect([normalQuantile(-0.1), normalQuantile(1.1)]).toEqual([-Infinity, Infinity]);
    for (const p of [1e-9, 0.01, 0.0749, 0.0751, 0.3]) expect(normalQuantile(1 - p)).toBeCloseTo(-normalQuantile(p), 4);
  });
});

describe('two systems', () => {
  const measured = (system: string, values: readonly number[], label = 'RR'): Measured => ({
    system,
    metrics: {},
    perQuery: new Map([[label, new Map(values.map((value, i) => [`q${i}`, value]))]]),
  });

  it('are compared query by query: who is better where, by how much, with what p', () => {
    const [test] = testPairs([measured('a', [1, 2, 3, 4, 0]), measured('b', [1, 4, 4, 3, 0])], { seed: 1 });
    const differences = [0, -2, -1, 1, 0];
    expect(test).toMatchObject({
      measure: 'RR',
      systems: ['a', 'b'],
      queries: { better: 1, equal: 2, worse: 2 },
      p: byDefinition(differences.filter((x) => x !== 0)),
      exact: true,
      winner: null,
    });
    expect(test?.difference).toBeCloseTo(-0.4, 12);
    expect(test?.effectSize).toBeCloseTo(effectSize(differences) ?? Number.NaN, 12);
    expect(test?.interval).toEqual(bootstrapIntervals([differences], { seed: 1 })[0]);
  });

  it('have an interval of the seed that is given', () => {
    const values = Array.from({ length: 25 }, (_, i) => Math.sin(i));
    const [test] = testPairs([measured('a', values), measured('b', values.map(Math.abs))], { seed: 5 });
    const differences = values.map((value) => value - Math.abs(value));
    expect(test?.interval).toEqual(bootstrapIntervals([differences], { seed: 5 })[0]);
    expect(test?.interval).not.toEqual(bootstrapIntervals([differences], { seed: 0 })[0]);
  });

  it('have a winner from six queries on, where every one speaks for the same system', () => {
    const winners = [5, 6].map((n) => {
      const better = measured(
        'good',
        Array.from({ length: n }, (_, i) => 1 + i),
      );
      const worse = measured(
        'bad',
        Array.from({ length: n }, (_, i) => i / 2),
      );
      return [testPairs([better, worse], { seed: 1 }), testPairs([worse, better], { seed: 1 })].map(([test]) => test);
    });
    // 2/2⁵ = 0.0625 and 2/2⁶ = 0.03125.
    expect(winners.map((tests) => tests.map((test) => [test?.p, test?.pHolm, test?.winner]))).toEqual([
      [
        [0.0625, 0.0625, null],
        [0.0625, 0.0625, null],
      ],
      [
        [0.03125, 0.03125, 'good'],
        [0.03125, 0.03125, 'good'],
      ],
    ]);
  });

  it('are tested on what both were measured by, and not at all without', () => {
    expect(testPairs([measured('a', [1]), measured('b', [1], 'AP')], { seed: 1 })).toEqual([]);
    expect(testPairs([measured('a', [1])], { seed: 1 })).toEqual([]);
  });
});
