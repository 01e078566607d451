import { describe, expect, it } from 'vitest';
import { answerJudge } from './answer-judge.ts';

const LABELS = [['cat'], ['dog'], ['cat'], ['bird']];
const calibration = { sharpness: Math.log(2), relevance: { x: [0, 1], y: [0, 1] }, found: [0.5], queries: 1 };
const judge = answerJudge({
  name: 'bm25',
  calibrations: { text: calibration },
  labelsOf: (row) => LABELS[row] ?? [],
  silentScore: 0,
});
const answers = (...scores: number[]) => scores.map((score, row) => ({ row, score }));
const evidence = (...scores: number[]) =>
  judge.judge('text', answers(...scores), undefined).answers.map((each) => each.evidence);

describe('a judge of answers', () => {
  it('judges the kinds of queries that are calibrated, and refuses others', () => {
    expect(['picture', 'text', 'composed'].map((kind) => judge.judges(kind))).toEqual([false, true, false]);
    expect(() => judge.judge('picture', [], 0.5)).toThrow(
      new RangeError('answers of bm25 to a query of kind picture are not calibrated'),
    );
    const ranking = judge.judge('text', answers(1), undefined);
    expect(() => judge.confident('composed', ranking, 0.9)).toThrow(RangeError);
  });

  it('counts no vote of an answer of which its system knows nothing', () => {
    // exp(ln 2 · score): 4 and 2 of 6; the cat at the score 0 is one of two cats all the same.
    expect(evidence(2, 1, 0, 0)).toEqual([4 / 6, 2 / 6, 4 / 6, 0].map((x) => expect.closeTo(x, 12)));
    expect(evidence(0, 0, 0, 0)).toEqual([0, 0, 0, 0]);
    const nothing = judge.judge('text', answers(0, 0), undefined);
    expect(judge.confident('text', nothing, 0.5)).toEqual([]);
  });

  it('promises no confidence that too few queries, or too few that found anything, stand for', () => {
    const found = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];
    const fitted = answerJudge({ name: 'dsi', calibrations: { text: { ...calibration, found } }, labelsOf: () => [] });
    // The second smallest of nine is above 0, the smallest is not, and nine are too few for more.
    expect([0.8, 0.9, 0.95].map((confidence) => fitted.promises('text', confidence))).toEqual([true, false, false]);
  });

  it('never says of a query that nothing is found where nobody knows', () => {
    expect(judge.judge('text', answers(0, 0), undefined)).toMatchObject({ none: undefined, nothingFound: false });
    // Odds of 9 to 1 against it are even ones in one query of ten.
    expect(judge.judge('text', answers(1, 1, 1, 1), 0.9)).toMatchObject({
      none: expect.closeTo(0.5, 12),
      nothingFound: true,
    });
  });
});
