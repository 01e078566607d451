import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noThumbnail } from '../pictures/no-thumbnail.fixture.ts';
import { type PictureStore, partsOf } from '../pictures/picture-store.ts';
import type { Query } from '../query/query.ts';
import type { System } from '../query/system.ts';
import { CurveTally } from './curves.ts';
import { gradesIn, namePlaces, pathOf } from './documents.ts';
import type { EvaluationQuery } from './queries.ts';
import { type RankedRows, rankAll } from './rank-rows.ts';
import { distinctScores, printScore, rankAsTrec } from './ranking.ts';
import { knownRelevantRows, relevantRows } from './relevance.ts';

// @own-process: the smallest steps between scores are denormal numbers.
const store = (paths: readonly string[], query = 'query'): PictureStore => ({
  size: 1,
  ...partsOf(
    [...paths, query].map((path, row) => ({
      row,
      id: row,
      path,
      labels: [row % 2 === 0 ? 'even' : 'odd'],
      role: row < paths.length ? ('catalogue' as const) : ('test' as const),
    })),
  ),
  hasClasses: true,
  ...noThumbnail,
  notices: [],
  skipped: [],
  pixels: new Uint8Array(3 * (paths.length + 1)),
});

/** Only what ranking asks for. */
const systemOf = (answers: (k: number) => { row: number; score: number }[], asked: number[] = []): System =>
  ({
    name: 'it',
    memorises: false,
    rank: async (queries: readonly Query[], k: number) => {
      asked.push(queries.length);
      return queries.map(() => answers(k));
    },
  }) as unknown as System;
const queryOf = (name: string, relevant: readonly number[] = []): EvaluationQuery =>
  ({ kind: 'picture', name, relevant: new Set(relevant) }) as unknown as EvaluationQuery;
const ranked = async (catalogue: PictureStore, system: System, queries = [queryOf('q')], batchSize = 2) => {
  const out: { name: string; rows: number[]; scores: number[] }[] = [];
  for await (const { query, ranking } of rankAll({ system, catalogue, queries, k: 9, batchSize }))
    out.push({ name: query.name, rows: [...ranking.rows], scores: [...ranking.scores] });
  return out;
};

describe('rankings', () => {
  it('are in the order of trec_eval, whichever way a system answers', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 9 }),
        fc.boolean(),
        async (scores, sorted) => {
          const paths = scores.map((_, i) => `p${(i * 7) % 10}`);
          const answers = scores.map((score, row) => ({ row, score }));
          if (sorted) answers.sort((a, b) => b.score - a.score);
          const [found] = await ranked(
            store(paths),
            systemOf(() => answers),
          );
          const expected = rankAsTrec(answers.map(({ row, score }) => ({ document: paths[row] ?? '', score, row })));
          expect(found?.rows).toEqual(expected.map(({ row }) => row));
          expect(found?.scores).toEqual(expected.map(({ score }) => score));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('are asked for in batches, the last of which may be smaller', async () => {
    const asked: number[] = [];
    const queries = ['a', 'b', 'c', 'd', 'e'].map((name) => queryOf(name));
    const found = await ranked(
      store(['x', 'y']),
      systemOf((k) => [{ row: 0, score: k }], asked),
      queries,
    );
    expect(asked).toEqual([2, 2, 1]);
    expect(found.map(({ name, scores }) => [name, ...scores])).toEqual(queries.map(({ name }) => [name, 9]));
    asked.length = 0;
    await ranked(
      store(['x', 'y']),
      systemOf(() => [], asked),
      queries.slice(0, 4),
    );
    expect(asked).toEqual([2, 2]);
  });

  it('hold catalogue pictures alone, once each, with scores that are numbers', async () => {
    const catalogue = store(['x', 'y']);
    const refused = (answers: { row: number; score: number }[]) =>
      expect(
        ranked(
          catalogue,
          systemOf(() => answers),
        ),
      ).rejects;
    for (const row of [2, 3, -1]) await refused([{ row, score: 1 }]).toThrow(`row ${row} is no catalogue picture`);
    await refused([
      { row: 1, score: 2 },
      { row: 1, score: 1 },
    ]).toThrow('the system it answered y twice');
    await refused([{ row: 1, score: Number.NaN }]).toMatchObject({
      code: 'index-damaged',
      message: 'the system it gives y a score that is not a number for the query q',
      hint: 'rebuild the index',
      details: { system: 'it', query: 'q' },
    });
    expect(
      await ranked(
        catalogue,
        systemOf(() => [{ row: 0, score: -Infinity }]),
      ),
    ).toHaveLength(1);
  });
});

it('documents are called by their paths, and stand in the order of their names', () => {
  const catalogue = store(['b', 'c', 'a', 'ä']);
  expect(pathOf(catalogue, 3)).toBe('ä');
  for (const row of [4, 5, -1]) expect(() => pathOf(catalogue, row)).toThrow(`row ${row} is no catalogue picture`);
  // Descending, by the bytes of UTF-8: ä, c, b, a.
  expect([...namePlaces(catalogue)]).toEqual([2, 1, 3, 0, -1]);
  expect(namePlaces(catalogue)).toBe(namePlaces(catalogue));
  const grades = gradesIn(catalogue);
  const query = queryOf('q', [0, 2]);
  expect([...grades(query)]).toEqual([
    ['b', 1],
    ['a', 1],
  ]);
  expect(grades(query)).toBe(grades(query));
});

it('names at a time in the order of code points, where scores are alike', () => {
  const documents = ['a', 'b', 'ab', '\u{1f600}', '\uffee'];
  const order = rankAsTrec(documents.map((document) => ({ document, score: 1 }))).map(({ document }) => document);
  expect(order).toEqual(['\u{1f600}', '\uffee', 'b', 'ab', 'a']);
  expect(() => rankAsTrec([{ document: 'x', score: Number.NaN }])).toThrow('the score of x is not a number');
  expect(rankAsTrec([0, 2, 1].map((score) => ({ document: 'x', score }))).map(({ score }) => score)).toEqual([2, 1, 0]);
});

describe('scores to print', () => {
  const float = (x: number): number => Math.fround(x);

  it('fall from one to the next, by the smallest step of a float32 where they do not', () => {
    expect(distinctScores([3, 2, 1])).toEqual([3, 2, 1]);
    // The next below 1 is 1 − 2⁻²⁴, below −1 it is −1 − 2⁻²³, below 0 it is −2⁻¹⁴⁹, below 2⁻¹⁴⁹ it is 0.
    expect(distinctScores([1, 1, 1])).toEqual([1, 1 - 2 ** -24, 1 - 2 ** -23]);
    expect(distinctScores([-1, -1])).toEqual([-1, -1 - 2 ** -23]);
    expect(distinctScores([0, 0, 0])).toEqual([0, -(2 ** -149), -(2 ** -148)]);
    expect(distinctScores([2 ** -149, 2 ** -149, 0])).toEqual([2 ** -149, 0, -(2 ** -149)]);
    expect(distinctScores([0.1, 0.1 - 1e-12, 0.05])).toEqual([float(0.1), float(0.1) - 2 ** -27, float(0.05)]);
    expect(distinctScores([Infinity, 1e39, 0, -Infinity])).toEqual([2 ** 127, 2 ** 127 - 2 ** 103, 0, -(2 ** 127)]);
  });

  it('have nine digits', () => {
    expect([1, 0.1, 1 / 3, 1e-20, -2.5].map(printScore)).toEqual(['1', '0.1', '0.333333333', '1e-20', '-2.5']);
  });
});

describe('relevance', () => {
  it('is a label in common, in one set for all queries of the same labels', () => {
    const catalogue = store(['a', 'b', 'c', 'd']);
    const [a, b, c, d, query] = catalogue.rows;
    if (!a || !b || !c || !d || !query) throw new Error('no rows');
    expect([...relevantRows(catalogue, query)]).toEqual([0, 2]);
    expect(relevantRows(catalogue, query)).toBe(relevantRows(catalogue, a));
    expect([...relevantRows(catalogue, { ...query, labels: ['odd', 'even', 'none'] })]).toEqual([1, 3, 0, 2]);
    expect([...relevantRows(catalogue, { ...query, labels: [] })]).toEqual([]);
    expect(knownRelevantRows(catalogue, query)).toBe(relevantRows(catalogue, query));
  });

  it('of a flat folder is the picture itself, and of others nobody knows', () => {
    const flat = { ...store(['a', 'b']), hasClasses: false };
    const [, b, query] = flat.rows;
    if (!b || !query) throw new Error('no rows');
    expect([...relevantRows(flat, b)]).toEqual([1]);
    expect([...relevantRows(flat, query)]).toEqual([]);
    expect([...(knownRelevantRows(flat, b) ?? [])]).toEqual([1]);
    expect(knownRelevantRows(flat, query)).toBeNull();
  });
});

describe('curves', () => {
  const rows = (...all: number[]): RankedRows => ({ rows: Int32Array.from(all), scores: new Float64Array(all.length) });

  it('have the best precision at a recall or beyond it, and the recall at each depth', () => {
    const tally = new CurveTally(5);
    tally.add(queryOf('nothing'), rows(0, 1, 2, 3, 4));
    // Relevant at ranks 1 and 4 of 5: precision 1 and 1/2; trec_eval takes ⌊2·level + 0.9⌋ answers, 1 at least.
    tally.add(queryOf('one', [0, 3]), rows(0, 1, 2, 3, 4));
    const { precision, recall } = tally.curves();
    expect(precision).toEqual([1, 1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5]);
    expect(recall).toEqual([1, 2, 3, 4, 5].map((k) => ({ k, recall: k < 4 ? 0.5 : 1 })));
    // Relevant at ranks 4 and 5: precision 1/4 and 2/5, of which 2/5 counts for both.
    tally.add(queryOf('two', [3, 4]), rows(0, 1, 2, 3, 4));
    const both = tally.curves();
    expect(both.precision[0]).toBeCloseTo((1 + 2 / 5) / 2, 12);
    expect(both.precision[10]).toBeCloseTo((0.5 + 2 / 5) / 2, 12);
    expect(both.recall.map((point) => point.recall)).toEqual([0.25, 0.25, 0.25, 0.75, 1]);
  });

  it('are 0 without a query, and where relevant pictures are not answered', () => {
    const tally = new CurveTally(3);
    expect(tally.curves().precision).toEqual(Array(11).fill(0));
    tally.add(queryOf('q', [0, 9]), rows(0, 1, 2));
    expect(tally.curves().precision).toEqual([1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0]);
    expect(tally.curves().recall.at(-1)).toEqual({ k: 3, recall: 0.5 });
  });

  it('are read at depths that grow by about a tenth, the last of which is the whole catalogue', () => {
    const depths = new CurveTally(100).curves().recall.map(({ k }) => k);
    const expected = [];
    for (let k = 1; k < 100; k = Math.max(k + 1, Math.round(1.1 * k))) expected.push(k);
    expect(depths).toEqual([...expected, 100]);
    expect(depths.slice(0, 16)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17]);
  });
});
