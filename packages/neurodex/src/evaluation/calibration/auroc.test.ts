import { Random } from '@neurodex/core/random';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { auroc } from './auroc.ts';
import { falsePositiveRate } from './false-positive-rate.ts';
import { golden } from './golden.fixture.ts';

const side = fc.array(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom(-Infinity, Infinity)), {
  minLength: 1,
  maxLength: 30,
});

describe('AUROC', () => {
  it.each(golden.auroc)(
    'of $known.length known and $unknown.length unknown queries agrees with scikit-learn',
    (one) => {
      const found = auroc(one.known, one.unknown);
      expect(found?.auroc).toBeCloseTo(one.auroc, 12);
      expect(found?.standardError).toBeCloseTo(one.standardError, 12);
      for (const { truePositiveRate, rate } of one.rates) {
        expect(falsePositiveRate(one.known, one.unknown, truePositiveRate)?.rate).toBeCloseTo(rate, 12);
      }
    },
  );

  it('is the share of pairs in the right order, half of those that are equal, and 1 minus it the other way round', () => {
    fc.assert(
      fc.property(side, side, (known, unknown) => {
        let pairs = 0;
        for (const a of known) for (const b of unknown) pairs += a > b ? 1 : a === b ? 0.5 : 0;
        const found = auroc(known, unknown);
        expect(found?.auroc).toBeCloseTo(pairs / known.length / unknown.length, 12);
        const back = auroc(unknown, known);
        expect(back?.auroc).toBeCloseTo(1 - (found?.auroc ?? NaN), 12);
        expect(back?.standardError ?? -1).toBeCloseTo(found?.standardError ?? -1, 12);
        const single = auroc(Float32Array.from(known), Float32Array.from(unknown));
        expect(single).toEqual(found);
      }),
    );
  });

  it('has an interval that covers the true one about as often as it says', () => {
    const random = Random.seeded(5);
    const rounds = 1000;
    let covered = 0;
    for (let round = 0; round < rounds; round++) {
      const known = Float64Array.from({ length: 60 }, () => 1 + random.normal());
      const unknown = Float64Array.from({ length: 40 }, () => random.normal());
      const [low, high] = auroc(known, unknown)?.interval ?? [NaN, NaN];
      // Φ(1/√2)
      if (low <= 0.76025 && 0.76025 <= high) covered++;
    }
    expect(covered / rounds).toBeGreaterThan(0.92);
    expect(covered / rounds).toBeLessThan(0.975);
  });

  it('is undefined without one side, and has no interval of one score', () => {
    expect(auroc([], [1])).toBeUndefined();
    expect(auroc([1], [])).toBeUndefined();
    expect(auroc([2], [1, 3])).toEqual({ auroc: 0.5, standardError: null, interval: null });
    expect(auroc([2, 3], [0, 1])).toEqual({ auroc: 1, standardError: 0, interval: [1, 1] });
    expect(() => auroc([NaN], [1])).toThrow('NaN');
  });
});

describe('the false-positive rate', () => {
  it('is that of the highest threshold that enough known queries pass', () => {
    const known = Array.from({ length: 100 }, (_, i) => i);
    expect(falsePositiveRate(known, [4, 5, 6, -1])).toEqual({ rate: 0.5, threshold: 5 });
    const backwards = Float32Array.from(known).reverse();
    expect(falsePositiveRate(backwards, [4, 5, 6, -1])).toEqual({ rate: 0.5, threshold: 5 });
    // Its order is the caller's.
    expect(backwards[0]).toBe(99);
    expect(falsePositiveRate(known, [0, -1], 1)).toEqual({ rate: 0.5, threshold: 0 });
    expect(falsePositiveRate([1, 1, 1, 0], [1, 0], 0.5)).toEqual({ rate: 0.5, threshold: 1 });
    expect(falsePositiveRate([-Infinity, 1], [0])).toEqual({ rate: 1, threshold: -Infinity });
    expect(falsePositiveRate([], [1])).toBeUndefined();
    expect(falsePositiveRate([1], [])).toBeUndefined();
  });

  it('refuses NaN, and what is no rate', () => {
    expect(() => falsePositiveRate([1, NaN], [1])).toThrow('known query is NaN');
    expect(() => falsePositiveRate([1], [NaN])).toThrow('score 0 of an unknown query is NaN');
    for (const rate of [0, 1.1, NaN]) expect(() => falsePositiveRate([1], [1], rate)).toThrow('true-positive rate');
  });
});
