import { Random } from '@neurodex/core/random';
import { describe, expect, it } from 'vitest';
import { golden, largestDifference } from './golden.fixture.ts';
import { fitLogistic, predictLogistic } from './logistic.ts';
import { fitPlatt } from './platt.ts';

describe('logistic regression', () => {
  it.each(golden.logistic)('of $name agrees with scikit-learn', (example) => {
    const { features, labels, weights, l2 } = example;
    const model = fitLogistic(features, labels, { l2, weights: weights ?? undefined });
    expect(model.converged).toBe(true);
    expect(largestDifference(model.means, example.means)).toBeLessThan(1e-10);
    expect(largestDifference(model.scales, example.scales)).toBeLessThan(1e-10);
    expect(largestDifference(model.weights, example.coefficients)).toBeLessThan(1e-6);
    expect(model.bias).toBeCloseTo(example.bias, 6);
    const predicted = example.at.map((row) => predictLogistic(model, row));
    expect(largestDifference(predicted, example.values)).toBeLessThan(1e-7);
  });

  it('is the same where a weight stands for repeated examples, and where features have other units', () => {
    const random = Random.seeded(4);
    const rows = Array.from({ length: 30 }, () => [random.normal(), random.normal()] as const);
    const labels = rows.map(([a, b]) => (a + random.normal() > b ? 1 : 0));
    const weights = rows.map(() => 1 + random.integer(3));
    const repeated = weights.flatMap((count, i) => Array.from({ length: count }, () => i));
    const weighted = fitLogistic(rows.flat(), labels, { weights });
    const long = fitLogistic(
      repeated.flatMap((i) => rows[i] ?? []),
      repeated.map((i) => labels[i] ?? NaN),
    );
    const scaled = fitLogistic(
      rows.flatMap(([a, b]) => [1000 * a + 5e6, b / 1e6]),
      labels,
      { weights },
    );
    for (const [a, b] of rows) {
      const p = predictLogistic(weighted, [a, b]);
      expect(predictLogistic(long, [a, b])).toBeCloseTo(p, 9);
      expect(predictLogistic(scaled, [1000 * a + 5e6, b / 1e6])).toBeCloseTo(p, 6);
    }
  });

  it('finds the minimum: probabilities have the mean of the labels, and more penalty means smaller weights', () => {
    const random = Random.seeded(9);
    const features = Float32Array.from({ length: 32 * 500 }, () => random.normal());
    const labels = Uint8Array.from({ length: 500 }, (_, i) =>
      random.uniform() < 1 / (1 + Math.exp(-3 * (features[32 * i] ?? NaN))) ? 1 : 0,
    );
    const models = [0, 1, 100, 1e6].map((l2) => fitLogistic(features, labels, { l2 }));
    const sizes = models.map(({ weights }) => Math.hypot(...weights));
    expect([...sizes].sort((a, b) => b - a)).toEqual(sizes);
    expect(sizes.at(-1)).toBeLessThan(0.001);
    for (const model of models) {
      expect(model.converged).toBe(true);
      let sum = 0;
      for (let i = 0; i < 500; i++)
        sum += predictLogistic(model, features.subarray(32 * i, 32 * i + 32)) - (labels[i] ?? NaN);
      expect(Math.abs(sum / 500)).toBeLessThan(1e-9);
    }
  });

  it('says where it has not converged: nothing holds back the weight of a line that parts the labels', () => {
    const apart = fitLogistic([-2, -1, 1, 2], [0, 0, 1, 1], { l2: 0 });
    expect(apart.converged).toBe(false);
    expect(predictLogistic(apart, [1])).toBeGreaterThan(0.99);
    // All labels but those at 0 are parted.
    expect(fitLogistic([-1, 0, 0, 1], [0, 0, 1, 1], { l2: 0 }).converged).toBe(false);
    expect(fitLogistic([-1, 0, 0, 1], [0, 0, 1, 1], { l2: 1e-3 }).converged).toBe(true);
    // Two features that are one have many best weights, and one best probability.
    const [x, y] = [
      [1, 2, 3, 4, 5, 6],
      [0, 1, 0, 1, 0, 1],
    ];
    const twice = fitLogistic(
      x.flatMap((value) => [value, -value]),
      y,
      { l2: 0 },
    );
    expect(twice.converged).toBe(true);
    expect(predictLogistic(twice, [2, -2])).toBeCloseTo(predictLogistic(fitLogistic(x, y, { l2: 0 }), [2]), 6);
    const random = Random.seeded(2);
    for (let round = 0; round < 20; round++) {
      const rows = Array.from({ length: 60 }, () => [random.normal(), random.normal()] as const);
      const labels = rows.map(([a]) => (random.normal() < a ? 1 : 0));
      const summed = rows.flatMap(([a, b]) => [a, b, a + b, 3 * a - b]);
      expect(fitLogistic(summed, labels, { l2: 0 }).converged).toBe(true);
    }
  });

  it('refuses what it cannot be fitted to', () => {
    expect(() => fitLogistic([], [])).toThrow(RangeError);
    expect(() => fitLogistic([1, 2, 3], [0, 1])).toThrow('3 numbers are not 1 to 32 features of 2 examples');
    expect(() => fitLogistic(new Float64Array(66), [0, 1])).toThrow('1 to 32 features');
    expect(() => fitLogistic([1, 2, 3, NaN], [0, 1])).toThrow('feature 1 of example 1 is NaN');
    expect(() => fitLogistic([1, 2], [0, 2])).toThrow('label 1 is 2');
    expect(() => fitLogistic([1, 2], [0, NaN])).toThrow(RangeError);
    expect(() => fitLogistic([1, 2], [1, 1])).toThrow('all labels are 1');
    expect(() => fitLogistic([1, 2], [0, 0])).toThrow('all labels are 0');
    expect(() => fitLogistic([1, 2], [0, 1], { l2: -1 })).toThrow('L2 penalty');
    expect(() => fitLogistic([1, 2], [0, 1], { weights: [1] })).toThrow('2 examples and 1 weights');
    expect(() => fitLogistic([1, 2], [0, 1], { weights: [1, 0] })).toThrow('weight 1');
    expect(() => fitLogistic([1, 2], [0, 1], { weights: [1, Infinity] })).toThrow('weight 1');
    expect(() => predictLogistic(fitLogistic([1, 2], [0, 1]), [1, 2])).toThrow('1 features, and was given 2');
  });
});

describe('Platt scaling', () => {
  it.each(golden.platt)('agrees with scikit-learn, $scores.length scores', ({ scores, labels, at, values }) => {
    const model = fitPlatt(scores, labels);
    const predicted = at.map((score) => predictLogistic(model, [score]));
    expect(model.converged).toBe(true);
    expect(largestDifference(predicted, values)).toBeLessThan(1e-5);
  });

  it('stays off 0 and 1 where a score parts the labels, or all are alike', () => {
    const apart = fitPlatt([1, 2, 3, 4], [0, 0, 1, 1]);
    expect(apart.converged).toBe(true);
    // Targets are 1/4 and 3/4; the line through both kinds goes beyond them by a little.
    expect(predictLogistic(apart, [4])).toBeGreaterThan(0.75);
    expect(predictLogistic(apart, [4])).toBeLessThan(0.9);
    expect(predictLogistic(apart, [2.5])).toBeCloseTo(0.5, 9);
    const alike = fitPlatt([1, 2, 3], [1, 1, 1]);
    expect(predictLogistic(alike, [2])).toBeCloseTo(4 / 5, 9);
    expect(fitPlatt([1, 2, 3, 4], [0, 0, 1, 1], { smoothing: false }).converged).toBe(false);
    expect(() => fitPlatt([1, 2], [1, 1], { smoothing: false })).toThrow('all labels are 1');
    expect(() => fitPlatt([1, 2], [1, 0.5])).toThrow('label 1 is 0.5');
    expect(() => fitPlatt([1, 2], [1])).toThrow('2 scores and 1 labels');
  });
});
