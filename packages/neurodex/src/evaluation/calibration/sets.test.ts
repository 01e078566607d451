import { Random } from '@neurodex/core/random';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bestThreshold } from './best-threshold.ts';
import { coverageOf } from './coverage.ts';
import { golden, scoredAnswers } from './golden.fixture.ts';
import { type ScoredAnswers, setsAt } from './scored-answers.ts';
import { countSet } from './set-counts.ts';
import { setScores } from './set-f1.ts';

describe('sets of answers', () => {
  it.each(golden.sets)(
    'of $counts.length queries have the measures of scikit-learn and NumPy',
    ({ counts, ...one }) => {
      const [scores, coverage] = [setScores(counts), coverageOf(counts)];
      for (const name of ['f1', 'precision', 'recall'] as const) expect(scores?.[name]).toBeCloseTo(one[name], 12);
      for (const name of ['coverage', 'meanSize', 'medianSize', 'emptyShare'] as const) {
        expect(coverage?.[name]).toBeCloseTo(one[name], 12);
      }
    },
  );

  it('count what is relevant, each row once', () => {
    expect(countSet([4, 2, 4, 9], new Set([2, 4, 7]))).toEqual({ returned: 3, hits: 2, relevant: 3 });
    expect(countSet(new Set<number>(), new Set([1]))).toEqual({ returned: 0, hits: 0, relevant: 1 });
  });

  it('of queries with nothing relevant are right where they are empty', () => {
    const [empty, some] = [
      { returned: 0, hits: 0, relevant: 0 },
      { returned: 5, hits: 0, relevant: 0 },
    ];
    expect(setScores([empty])).toEqual({ f1: 1, precision: 1, recall: 1 });
    expect(setScores([some])).toEqual({ f1: 0, precision: 0, recall: 0 });
    expect(setScores([{ returned: 0, hits: 0, relevant: 2 }])).toEqual({ f1: 0, precision: 0, recall: 0 });
    expect(setScores([{ returned: 4, hits: 2, relevant: 2 }])).toEqual({ f1: 2 / 3, precision: 0.5, recall: 1 });
    expect(setScores([])).toBeUndefined();
    expect(coverageOf([])).toBeUndefined();
    expect(coverageOf([empty, some])).toMatchObject({ coverage: 0, answerableCoverage: null, emptyShare: 0.5 });
    const covered = { returned: 2, hits: 1, relevant: 1 };
    expect(coverageOf([empty, covered, covered])).toEqual({
      queries: 3,
      coverage: 2 / 3,
      answerableCoverage: 1,
      meanSize: 4 / 3,
      medianSize: 2,
      emptyShare: 1 / 3,
    });
  });
});

describe('the best threshold', () => {
  it.each(golden.thresholds)('is $threshold, with a mean F1 of $f1, as NumPy finds by trying all', (one) => {
    const found = bestThreshold(scoredAnswers(one));
    expect(found?.f1).toBeCloseTo(one.f1, 12);
    expect(found?.threshold).toBe(one.threshold ?? Infinity);
  });

  const query = fc.record({
    answers: fc.array(fc.tuple(fc.constantFrom(-Infinity, 0, 0.25, 0.5, 0.75, 1), fc.constantFrom(0, 1)), {
      maxLength: 8,
    }),
    missed: fc.nat(3),
  });

  it('is better than any other, and than any lower one that is as good', () => {
    fc.assert(
      fc.property(fc.array(query, { minLength: 1, maxLength: 8 }), (queries) => {
        const answers = scoredAnswers({
          scores: queries.map((one) => one.answers.map(([score]) => score)),
          relevant: queries.map((one) => one.answers.map(([, relevant]) => relevant)),
          totals: queries.map((one) => one.missed + one.answers.reduce((sum, [, relevant]) => sum + relevant, 0)),
        });
        const tried = [...new Set(answers.scores)].map((at) => ({ at, f1: setScores(setsAt(answers, at))?.f1 ?? NaN }));
        const empty = queries.filter(({ answers: { length }, missed }) => length === 0 && missed === 0).length;
        const found = bestThreshold(answers);
        for (const { at, f1 } of tried) {
          expect(f1).toBeLessThanOrEqual((found?.f1 ?? NaN) + 1e-9);
          if (at > (found?.threshold ?? NaN)) expect(f1).toBeLessThan((found?.f1 ?? NaN) - 1e-12);
        }
        expect(found?.f1).toBeGreaterThanOrEqual(empty / queries.length);
        expect(found).toMatchObject(setScores(setsAt(answers, found?.threshold ?? NaN)) ?? {});
      }),
      { numRuns: 500 },
    );
  });

  it('leaves all sets empty where most queries have nothing relevant', () => {
    const answers = scoredAnswers({ scores: [[0.9], [0.8], [0.7]], relevant: [[0], [0], [1]], totals: [0, 0, 1] });
    expect(bestThreshold(answers)).toEqual({ threshold: Infinity, f1: 2 / 3, precision: 2 / 3, recall: 2 / 3 });
  });

  it('of many answers is the same as of their copy in another order, without drift', () => {
    const random = Random.seeded(1);
    const [Q, each] = [2000, 100];
    const scores = Float32Array.from({ length: Q * each }, () => random.uniform());
    const relevant = Uint8Array.from(scores, (score) => (random.uniform() < score ** 4 ? 1 : 0));
    const offsets = Uint32Array.from({ length: Q + 1 }, (_, q) => q * each);
    const totals = Uint32Array.from({ length: Q }, (_, q) =>
      relevant.subarray(q * each, (q + 1) * each).reduce((a, b) => a + b, 0),
    );
    const answers: ScoredAnswers = { scores, relevant, offsets, totals };
    const found = bestThreshold(answers);
    // With score⁴ as the chance of being relevant, F1 is greatest where that chance is half of it.
    expect((found?.threshold ?? NaN) ** 4).toBeCloseTo((found?.f1 ?? NaN) / 2, 1);
    for (const other of [0.001, 0.01, -0.001, -0.01]) {
      const near = setScores(setsAt(answers, (found?.threshold ?? NaN) + other));
      expect(near?.f1).toBeLessThanOrEqual((found?.f1 ?? NaN) + 1e-12);
    }
    const backwards: ScoredAnswers = {
      scores: scores.slice().reverse(),
      relevant: relevant.slice().reverse(),
      offsets,
      totals: totals.slice().reverse(),
    };
    const other = bestThreshold(backwards);
    expect(other?.threshold).toBe(found?.threshold);
    expect(other?.f1).toBeCloseTo(found?.f1 ?? NaN, 12);
  });

  it('refuses answers that do not fit together', () => {
    const fine = scoredAnswers({ scores: [[0.5], [0.25]], relevant: [[1], [0]], totals: [1, 0] });
    expect(
      bestThreshold({
        ...fine,
        offsets: Uint32Array.of(0),
        totals: new Uint32Array(0),
        scores: new Float32Array(0),
        relevant: new Uint8Array(0),
      }),
    ).toBeUndefined();
    expect(() => bestThreshold({ ...fine, relevant: new Uint8Array(1) })).toThrow('2 scores and 1 judgements');
    expect(() => bestThreshold({ ...fine, offsets: Uint32Array.of(0, 2) })).toThrow('2 offsets');
    expect(() => bestThreshold({ ...fine, offsets: Uint32Array.of(0, 1, 1) })).toThrow(RangeError);
    expect(() => bestThreshold({ ...fine, offsets: Uint32Array.of(0, 3, 2) })).toThrow('query 1 end before');
    expect(() => bestThreshold({ ...fine, totals: Uint32Array.of(0, 0) })).toThrow('1 relevant answers, and 0');
    expect(() => bestThreshold({ ...fine, relevant: Uint8Array.of(2, 0) })).toThrow('judgement 0 is 2');
    expect(() => bestThreshold({ ...fine, scores: Float32Array.of(NaN, 1) })).toThrow('NaN');
    expect(() => bestThreshold({ ...fine, scores: Float32Array.of(Infinity, 1) })).toThrow('a score is Infinity');
  });
});
