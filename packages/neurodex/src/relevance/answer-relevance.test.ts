import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { confidentSet, evidenceFor, judgeAnswers } from './answer-relevance.ts';
import { fitSharpness, VOTERS, Votes } from './votes.ts';

const LABELS = [['cat'], ['dog'], ['cat'], ['cat', 'dog'], ['bird'], []];
const labelsOf = (row: number): readonly string[] => LABELS[row] ?? [];
const answers = (...scores: number[]) => scores.map((score, row) => ({ row, score }));
const identity = { x: [0, 1], y: [0, 1] };

describe('votes', () => {
  it('share their weights among the answers that would be relevant together', () => {
    // exp(ln 2 · score): 4, 2 and 1 of 7.
    const votes = new Votes(answers(2, 1, 0), Math.log(2), labelsOf);
    expect(votes.share(0)).toBeCloseTo(5 / 7, 12);
    expect(votes.share(1)).toBeCloseTo(2 / 7, 12);
    expect(votes.share(2)).toBeCloseTo(5 / 7, 12);
    // Of several labels, one in common is enough, and nobody votes twice.
    expect(votes.share(3)).toBeCloseTo(1, 12);
    expect(votes.share(4)).toBe(0);
  });

  it('count once for an answer with several labels', () => {
    const votes = new Votes(answers(0, 0, 0, 0), 1, labelsOf);
    expect(votes.share(3)).toBeCloseTo(1, 12);
    expect(votes.share(0)).toBeCloseTo(3 / 4, 12);
    expect(votes.share(1)).toBeCloseTo(2 / 4, 12);
  });

  it('are for an answer itself where there are no labels', () => {
    const votes = new Votes(answers(Math.log(3), 0), 1, () => []);
    expect([votes.share(0), votes.share(1), votes.share(2)]).toEqual([0.75, 0.25, 0].map((x) => expect.closeTo(x, 12)));
  });

  it('are those of the best answers, whatever scores are', () => {
    const scores = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { maxLength: 2 * VOTERS });
    fc.assert(
      fc.property(scores, fc.double({ min: 1e-6, max: 1e3, noNaN: true }), (values, sharpness) => {
        const ranked = [...values].sort((a, b) => b - a).map((score, row) => ({ row, score }));
        const votes = new Votes(ranked, sharpness, () => []);
        const sum = ranked.reduce((total, { row }) => total + votes.share(row), 0);
        expect(sum).toBeCloseTo(values.length === 0 ? 0 : 1, 6);
        for (const { row } of ranked.slice(VOTERS)) expect(votes.share(row)).toBe(0);
      }),
    );
  });

  it('are as sharp as queries ask for', () => {
    const query = (right: number[]) => ({ answers: answers(1, 0.9, 0.5, 0), relevant: new Set(right) });
    expect(fitSharpness([query([0]), query([0])])).toBeGreaterThan(fitSharpness([query([0]), query([3])]));
    expect(fitSharpness([])).toBe(1);
    expect(fitSharpness([{ answers: answers(1, 1), relevant: new Set([0]) }])).toBe(1);
  });
});

describe('answers that are judged', () => {
  it('are as relevant as their votes and the chance that anything is', () => {
    const calibration = { sharpness: Math.log(2), relevance: identity };
    const judged = judgeAnswers(answers(2, 1, 0), calibration, { none: 0.3, labelsOf });
    expect(judged.map(({ row, score }) => [row, score])).toEqual([
      [0, 2],
      [1, 1],
      [2, 0],
    ]);
    expect(judged.map(({ evidence }) => evidence)).toEqual([0.5, 0.2, 0.5].map((x) => expect.closeTo(x, 12)));
    expect(judged.map(({ relevance }) => relevance)).toEqual(judged.map(({ evidence }) => evidence));
    expect(judgeAnswers([], calibration, { none: 0, labelsOf })).toEqual([]);
  });

  it('are in a set with as much evidence as it takes, the first of those alone that would be relevant together', () => {
    const found = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
    // The second smallest of nine, for ⌈10 · 0.8⌉ = 8 of them.
    expect(evidenceFor(found, 0.8)).toBe(0.2);
    expect(evidenceFor(found, 0.95)).toBe(Number.NEGATIVE_INFINITY);
    const judged = [0.5, 0.3, 0.5, 0.1, 0, 0].map((evidence, row) => ({
      row,
      score: -row,
      evidence,
      relevance: evidence,
    }));
    const rows = (confidence: number) => confidentSet(judged, { found }, confidence, labelsOf).map(({ row }) => row);
    expect(rows(0.8)).toEqual([0, 1]);
    expect(rows(0.5)).toEqual([0]);
    expect(rows(0.2)).toEqual([]);
    // Too few queries were asked for that: every answer with any evidence.
    expect(rows(0.95)).toEqual([0, 1, 3]);
    // Without labels each answer is its own.
    expect(confidentSet(judged, { found }, 0.8, () => []).map(({ row }) => row)).toEqual([0, 1, 2]);
  });
});
