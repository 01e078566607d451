import { Random } from '@neurodex/core/random';
import { describe, expect, it } from 'vitest';
import { brierScore } from './brier-score.ts';
import { calibrationError, calibrationErrorOf } from './calibration-error.ts';
import { golden } from './golden.fixture.ts';
import { reliabilityBins } from './reliability.ts';

const answer = (confidence: number, right: boolean) => ({ confidence, right });
const judged = (list: readonly ReturnType<typeof answer>[]) => ({
  confidences: list.map(({ confidence }) => confidence),
  right: list.map(({ right }) => (right ? 1 : 0)),
});

describe.each(golden.reliability)('$confidences.length answers in $bins bins', (example) => {
  const { confidences, right, bins, error, brier, curve } = example;
  const answers = { confidences, right, weights: example.weights ?? undefined };

  it('have the calibration error of NumPy and the Brier score of scikit-learn', () => {
    expect(calibrationError(answers, bins)).toBeCloseTo(error, 12);
    expect(calibrationErrorOf(reliabilityBins(answers, bins))).toBeCloseTo(error, 12);
    expect(brierScore(answers)).toBeCloseTo(brier, 12);
  });

  it('have the reliability curve of scikit-learn', () => {
    const found = reliabilityBins({ confidences, right }, bins);
    const full = found.filter(({ count }) => count > 0);
    expect(full.length).toBe(curve.accuracy.length);
    for (const [i, { confidence, accuracy }] of full.entries()) {
      expect(confidence).toBeCloseTo(curve.confidence[i] ?? NaN, 12);
      expect(accuracy).toBeCloseTo(curve.accuracy[i] ?? NaN, 12);
    }
    expect(found.reduce((sum, { count }) => sum + count, 0)).toBe(confidences.length);
    expect(found.map(({ from }) => from)).toEqual(Array.from({ length: bins }, (_, i) => i / bins));
  });
});

describe('the calibration error', () => {
  it('is the mean difference between confidence and success, over ten bins', () => {
    // [0, 0.1): 0.05 and 0.01, none right. [0.7, 0.8): 0.7 and 0.75, one right. [0.9, 1]: 0.9 and 1, both right.
    const answers = judged([
      answer(0.05, false),
      answer(0.01, false),
      answer(0.7, true),
      answer(0.75, false),
      answer(0.9, true),
      answer(1, true),
    ]);
    expect(calibrationError(answers, 10)).toBeCloseTo((0.06 + 0.45 + 0.1) / 6, 12);
    // One bin: 3.41 expected, three right.
    expect(calibrationError(answers, 1)).toBeCloseTo(0.41 / 6, 12);
    expect(calibrationError(judged([]))).toBe(0);
    expect(brierScore(judged([]))).toBeUndefined();
  });

  it('is 0 where answers are as often right as expected, and 1 where all are wrong and certain', () => {
    expect(calibrationError(judged([answer(0.5, true), answer(0.5, false)]))).toBe(0);
    expect(calibrationError(judged([answer(1, false), answer(1, false)]))).toBe(1);
    expect(calibrationError(judged([answer(0, true)]))).toBe(1);
  });

  it('of a weight is that of so many answers, and what weighs nothing does not count', () => {
    const one = { confidences: [0.2, 0.9, 0.4], right: [0, 1, 1], weights: [3, 1, 0] };
    const repeated = { confidences: [0.2, 0.2, 0.2, 0.9], right: [0, 0, 0, 1] };
    expect(calibrationError(one)).toBeCloseTo(calibrationError(repeated), 12);
    expect(brierScore(one)).toBeCloseTo(brierScore(repeated) ?? NaN, 12);
    expect(reliabilityBins(one, 5)[2]).toEqual({
      from: 0.4,
      to: 0.6,
      count: 1,
      weight: 0,
      confidence: null,
      accuracy: null,
    });
  });

  it('of probabilities that hold is near 0, in typed arrays as well', () => {
    const random = Random.seeded(6);
    const confidences = Float32Array.from({ length: 200_000 }, () => random.uniform());
    const right = Uint8Array.from(confidences, (p) => (random.uniform() < p ? 1 : 0));
    expect(calibrationError({ confidences, right })).toBeLessThan(0.006);
    // Mean p·(1 − p) for a uniform p.
    expect(brierScore({ confidences, right })).toBeCloseTo(1 / 6, 2);
    const squared = confidences.map((p) => p ** 2);
    // Mean p − p².
    expect(calibrationError({ confidences: squared, right })).toBeCloseTo(1 / 6, 2);
  });

  it('refuses what is no probability or judgement', () => {
    expect(() => calibrationError({ confidences: [1.1], right: [1] })).toThrow('confidence 0 is 1.1');
    expect(() => calibrationError({ confidences: [NaN], right: [1] })).toThrow(RangeError);
    expect(() => calibrationError({ confidences: [1], right: [0.5] })).toThrow('judgement 0 is 0.5');
    expect(() => calibrationError({ confidences: [1], right: [] })).toThrow('1 confidences, 0 judgements');
    expect(() => brierScore({ confidences: [1], right: [1], weights: [-1] })).toThrow('weight 0 is -1');
    expect(() => brierScore({ confidences: [1], right: [1], weights: [Infinity] })).toThrow('weight 0');
    expect(() => brierScore({ confidences: [1], right: [1], weights: [] })).toThrow('0 weights');
    expect(() => reliabilityBins(judged([]), 0)).toThrow('bins');
  });
});
