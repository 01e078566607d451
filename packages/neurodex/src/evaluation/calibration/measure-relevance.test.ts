import { describe, expect, it } from 'vitest';
import type { Query } from '../../query/query.ts';
import type { JudgedAnswer } from '../../relevance/answer-relevance.ts';
import type { EvaluationQuery } from '../queries.ts';
import type { JudgedSystem, RankingWithRelevance } from './judged-system.ts';
import { measureRelevance } from './measure-relevance.ts';

/** Gives fixed answers, and records how many were asked for. */
class ToldSystem implements JudgedSystem {
  readonly asked: { queries: string[]; k: number }[] = [];
  private readonly rankings: Readonly<Record<string, RankingWithRelevance>>;

  constructor(rankings: Readonly<Record<string, RankingWithRelevance>>) {
    this.rankings = rankings;
  }

  async rank(queries: readonly Query[], k: number): Promise<RankingWithRelevance[]> {
    const names = (queries as readonly EvaluationQuery[]).map(({ name }) => name);
    this.asked.push({ queries: names, k });
    return names.flatMap((name) => this.rankings[name] ?? []);
  }

  /** Answers whose evidence is 1 − confidence or more. */
  confident(_: unknown, { answers, nothingFound }: RankingWithRelevance, confidence: number): JudgedAnswer[] {
    return nothingFound ? [] : answers.filter(({ evidence }) => evidence >= 1 - confidence);
  }
}

const query = (name: string, ...relevant: number[]) =>
  ({ kind: 'text', text: name, name, relevant: new Set(relevant) }) as unknown as EvaluationQuery;
/** @param answers row, score, relevance; the evidence is the relevance */
const ranking = (none: number | undefined, ...answers: [number, number, number][]): RankingWithRelevance => ({
  answers: answers.map(([row, score, relevance]) => ({ row, score, relevance, evidence: relevance })),
  none,
  nothingFound: (none ?? 0) > 0.5,
});

/** Four pictures; two known queries and two unknown ones. */
const queries = [query('a', 0, 1), query('b', 2), query('x'), query('y')];
const rankings = {
  a: ranking(0.1, [0, 9, 0.9], [2, 8, 0.15], [1, 7, 0.6], [3, 1, 0]),
  b: ranking(0.6, [1, 6, 0.3], [2, 5, 0.5], [0, 2, 0], [3, 1, 0]),
  x: ranking(0.9, [0, 4, 0.3], [1, 3, 0], [2, 2, 0], [3, 1, 0]),
  y: ranking(0.3, [3, 8, 0.7], [1, 7, 0.1], [2, 2, 0], [0, 1, 0]),
};

describe('probabilities of relevance', () => {
  it('are measured as by hand', async () => {
    const found = await measureRelevance(new ToldSystem(rankings), queries, { catalogue: 4 });
    expect(found).toMatchObject({ queries: 4, answers: 16 });
    // Squares of 0.9, 0.15, 0.6; 0.3, 0.5; 0.3; 0.7, 0.1 less what is right: rows 0 and 1 of a, row 2 of b.
    const squares = 0.01 + 0.0225 + 0.16 + 0.09 + 0.25 + 0.09 + 0.49 + 0.01;
    expect(found?.brier).toBeCloseTo(squares / 16, 12);
    // Bins of 1/15: of 0 (8 answers), 0.1, 0.15, 0.3 (2), 0.5 (right), 0.6 (right), 0.7, 0.9 (right).
    const errors = 0 + 0.1 + 0.15 + 0.6 + 0.5 + 0.4 + 0.7 + 0.1;
    expect(found?.calibrationError).toBeCloseTo(errors / 16, 12);
    expect(found?.reliability).toHaveLength(15);
    expect(found?.reliability[4]).toMatchObject({ count: 2, accuracy: 0 });
    expect(found?.reliability[7]).toMatchObject({ count: 1, accuracy: 1 });
  });

  it('have sets of known queries, whose coverage and size are counted', async () => {
    const found = await measureRelevance(new ToldSystem(rankings), queries, { catalogue: 4 });
    // Nothing is found for b. The set of a is {0, 1} at 80 % and {0, 2, 1} above.
    expect(found?.coverage).toEqual([
      { confidence: 0.8, coverage: 0.5, meanSize: 1, medianSize: 1, emptyShare: 0.5 },
      { confidence: 0.9, coverage: 0.5, meanSize: 1.5, medianSize: 1.5, emptyShare: 0.5 },
      { confidence: 0.95, coverage: 0.5, meanSize: 1.5, medianSize: 1.5, emptyShare: 0.5 },
    ]);
  });

  it('tell known queries from unknown ones', async () => {
    const found = await measureRelevance(new ToldSystem(rankings), queries, { catalogue: 4 });
    // 0.1 and 0.6 against 0.9 and 0.3: three of four pairs are right; 0.3 passes where both known ones do.
    expect(found?.unknown).toMatchObject({
      queries: 2,
      known: 2,
      auroc: 0.75,
      fpr95: 0.5,
      falseNothing: 0.5,
      rightNothing: 0.5,
    });
    const filled = found?.unknown?.histogram.filter(({ known, unknown }) => known + unknown > 0);
    expect(filled).toEqual([
      { from: 0.1, to: 0.15, known: 1, unknown: 0 },
      { from: 0.3, to: 0.35, known: 0, unknown: 1 },
      { from: 0.6, to: 0.65, known: 1, unknown: 0 },
      { from: 0.9, to: 0.95, known: 0, unknown: 1 },
    ]);
    const known = await measureRelevance(new ToldSystem(rankings), queries.slice(0, 2), { catalogue: 4 });
    expect(known?.unknown).toBeNull();
    const unsure = { ...rankings, x: { ...rankings.x, none: undefined }, y: { ...rankings.y, none: undefined } };
    expect((await measureRelevance(new ToldSystem(unsure), queries, { catalogue: 4 }))?.unknown).toBeNull();
  });

  it('make sets, beside those of the best threshold of scores', async () => {
    const found = await measureRelevance(new ToldSystem(rankings), queries, { catalogue: 4 });
    // Sets {0, 1}, {2}, {} and {3}: F1 1, 1, 1 and 0. With scores of 9 and more, 2/3, 0, 1 and 1.
    expect(found?.setF1).toEqual({
      queries: 4,
      f1: 0.75,
      precision: 0.75,
      recall: 0.75,
      bestScoreThreshold: { f1: (2 / 3 + 2) / 4, threshold: 9 },
    });
    const empty = await measureRelevance(new ToldSystem(rankings), queries.slice(2), { catalogue: 4 });
    expect(empty?.setF1.bestScoreThreshold).toEqual({ f1: 1, threshold: null });
    expect(empty?.coverage).toEqual([]);
  });

  it('of the ten first answers are judged, and sets are made of those that vote', async () => {
    const row = (i: number): [number, number, number] => [i, -i, i < 10 ? 0 : 1];
    const long = { a: ranking(1, ...Array.from({ length: 120 }, (_, i) => row(i))) };
    const sure = { a: { ...long.a, nothingFound: false } };
    const found = await measureRelevance(new ToldSystem(sure), [query('a', 5, 110)], { catalogue: 120 });
    // One of ten with a probability of 0 is right; 90 of the 100 that vote are in the set, and the relevant ones are not.
    expect(found).toMatchObject({ answers: 10, calibrationError: 0.1, brier: 0.1 });
    expect(found?.coverage[0]).toEqual({ confidence: 0.8, coverage: 0, meanSize: 90, medianSize: 90, emptyShare: 0 });
    expect(found?.setF1).toMatchObject({ precision: 1 / 110, recall: 0.5 });
    const both = await measureRelevance(new ToldSystem({ ...rankings, ...long }), [query('a', 5), query('x')], {
      catalogue: 120,
    });
    expect(both?.unknown?.histogram.at(-1)).toEqual({ from: 0.95, to: 1, known: 1, unknown: 0 });
  });

  it('are asked for in batches, smaller ones of long rankings', async () => {
    const told = new ToldSystem(rankings);
    const many = Array.from({ length: 70 }, () => query('a', 0));
    await measureRelevance(told, many, { catalogue: 4 });
    expect(told.asked.map(({ queries: { length } }) => length)).toEqual([32, 32, 6]);
    const large = new ToldSystem(rankings);
    await measureRelevance(large, many.slice(0, 8), { catalogue: 100_000 });
    expect(large.asked.map(({ queries: { length }, k }) => [length, k])).toEqual([
      [4, 100_000],
      [4, 100_000],
    ]);
    const more = measureRelevance(new ToldSystem(rankings), queries, { catalogue: 3 });
    await expect(more).rejects.toThrow('more answers than was said');
  });

  it('are of whole rankings where there is room, of queries taken evenly', async () => {
    const many = Array.from({ length: 8 }, (_, i) => query(`${'abxy'[i % 4]}`, ...(i % 4 === 0 ? [0] : [])));
    const told = new ToldSystem(rankings);
    const progress: number[] = [];
    const options = { catalogue: 4, pairs: 15, onProgress: (done: number) => progress.push(done) };
    const found = await measureRelevance(told, many, options);
    expect(found).toMatchObject({ queries: 8, answers: 32, setF1: { queries: 3 } });
    // Places 3, 6 and 8 of 8.
    expect(told.asked).toEqual([
      { queries: ['x', 'b', 'y'], k: 4 },
      { queries: ['a', 'b', 'y', 'a', 'x'], k: 100 },
    ]);
    expect(progress).toEqual([3, 8]);
    expect((await measureRelevance(new ToldSystem(rankings), many, { ...options, pairs: 0 }))?.setF1.queries).toBe(1);
    expect(await measureRelevance(told, [], { catalogue: 4 })).toBeUndefined();
  });
});
