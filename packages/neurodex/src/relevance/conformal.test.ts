import { Random } from '@neurodex/core/random';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ConformalThreshold, conformalQuantile, fewestQueries, randomisedThreshold } from './conformal.ts';
import { golden } from './golden.fixture.ts';

const confidence = fc.constantFrom(0.05, 0.1, 0.5, 0.8, 0.9, 0.95, 0.99);
const holds = (score: number, { threshold, inclusive }: ConformalThreshold): boolean =>
  score < threshold || (inclusive && score === threshold);
const without = (values: readonly number[], i: number): number[] => values.filter((_, j) => j !== i);

describe('the conformal quantile', () => {
  it.each(golden.conformal)('of $scores.length scores at $confidence is $quantile, as NumPy has it', (one) => {
    expect(conformalQuantile(one.scores, one.confidence)).toBe(one.quantile ?? Infinity);
  });

  it('covers each of n + 1 exchangeable scores by the others as often as theory has it', () => {
    const distinct = fc.uniqueArray(fc.integer(), { minLength: 2, maxLength: 60 });
    fc.assert(
      fc.property(distinct, confidence, (scores, level) => {
        const covered = scores.filter((score, i) => score <= conformalQuantile(without(scores, i), level)).length;
        // (n+1)(1−α) ≤ covered < (n+1)(1−α) + 1
        expect(covered).toBe(Math.min(scores.length, Math.ceil(scores.length * level - 1e-9)));
      }),
    );
  });

  it('covers as often where scores are equal, or nothing relevant can be found, and then more often', () => {
    const discrete = fc.array(fc.constantFrom(1, 2, 3, Infinity), { minLength: 2, maxLength: 60 });
    fc.assert(
      fc.property(discrete, confidence, (scores, level) => {
        const covered = scores.filter((score, i) => score <= conformalQuantile(without(scores, i), level)).length;
        expect(covered).toBeGreaterThanOrEqual(scores.length * level - 1e-9);
      }),
    );
  });

  it('covers new draws within the band of its confidence', () => {
    const random = Random.seeded(12);
    const [rounds, n] = [20_000, 25];
    let covered = 0;
    for (let round = 0; round < rounds; round++) {
      const scores = Float64Array.from({ length: n }, () => random.normal() ** 2);
      if (random.normal() ** 2 <= conformalQuantile(scores, 0.9)) covered++;
    }
    // ⌈26 · 0.9⌉/26, give or take four standard errors.
    expect(Math.abs(covered / rounds - 24 / 26)).toBeLessThan(4 * Math.sqrt((24 * 2) / 26 ** 2 / rounds));
  });

  it('needs so many queries at least', () => {
    expect([0.5, 0.8, 0.9, 0.95, 0.99, 0.999].map(fewestQueries)).toEqual([1, 4, 9, 19, 99, 999]);
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 0.995, noNaN: true }), (level) => {
        const fewest = fewestQueries(level);
        expect(conformalQuantile(new Float64Array(fewest), level)).toBe(0);
        expect(conformalQuantile(new Float64Array(fewest - 1), level)).toBe(Infinity);
      }),
    );
  });

  it('refuses NaN, and what is no confidence', () => {
    expect(() => conformalQuantile([1, NaN, 2], 0.5)).toThrow(RangeError);
    for (const level of [0, 1, NaN, -1, 90]) expect(() => conformalQuantile([1], level)).toThrow('confidence');
    expect(() => fewestQueries(1)).toThrow('confidence');
    for (const u of [1.5, -0.1, NaN]) expect(() => randomisedThreshold([1], 0.9, u)).toThrow('uniform');
    expect(() => randomisedThreshold([NaN], 0.9, 0.5)).toThrow('NaN');
  });
});

describe('the randomised threshold', () => {
  const discrete = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 40 });

  it('holds the scores whose smoothed p-value is above α', () => {
    const uniform = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(discrete, confidence, uniform, (scores, level, u) => {
        const found = randomisedThreshold(scores, level, u);
        for (let score = -0.5; score <= 5.5; score += 0.5) {
          const above = scores.filter((other) => other > score).length;
          const equal = scores.filter((other) => other === score).length;
          const p = (above + u * (equal + 1)) / (scores.length + 1);
          if (Math.abs(p - (1 - level)) > 1e-6) expect(holds(score, found), `${score}`).toBe(p > 1 - level);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('covers each of n + 1 exchangeable scores exactly as often as asked, whatever is equal', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 2, maxLength: 25 }),
        confidence,
        (scores, level) => {
          const grid = 400;
          let covered = 0;
          for (const [i, score] of scores.entries()) {
            for (let k = 0; k < grid; k++) {
              if (holds(score, randomisedThreshold(without(scores, i), level, (k + 0.5) / grid))) covered++;
            }
          }
          expect(Math.abs(covered / grid / scores.length - level)).toBeLessThan(1 / grid);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('is the conformal quantile for u = 1, and no score is certain of its place for less', () => {
    fc.assert(
      fc.property(discrete, confidence, (scores, level) => {
        const threshold = conformalQuantile(scores, level);
        expect(randomisedThreshold(scores, level, 1)).toEqual({ threshold, inclusive: true });
        expect(randomisedThreshold(scores, level, 0.5).threshold).toBeLessThanOrEqual(threshold);
      }),
    );
    expect(randomisedThreshold([1, 2], 0.1, 0)).toEqual({ threshold: -Infinity, inclusive: false });
    expect(randomisedThreshold([1, 2, Infinity, Infinity], 0.5, 0.6)).toEqual({
      threshold: Infinity,
      inclusive: false,
    });
    expect(randomisedThreshold([], 0.9, 0.05)).toEqual({ threshold: -Infinity, inclusive: false });
    expect(randomisedThreshold([], 0.9, 0.2)).toEqual({ threshold: Infinity, inclusive: true });
  });
});
