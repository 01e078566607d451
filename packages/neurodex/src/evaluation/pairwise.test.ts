import { type ProgressEvent, silentReporter } from '@neurodex/core';
import type { Role } from '@neurodex/datasets';
import { describe, expect, test } from 'vitest';
import { noThumbnail } from '../pictures/no-thumbnail.fixture.ts';
import { type PictureStore, partsOf } from '../pictures/picture-store.ts';
import { testPairs } from './pairwise.ts';
import { queriesOf } from './queries.ts';
import { parseMeasure } from './registry.ts';
import { evaluateRuns } from './runs.ts';
import { refuseDifferentQueries } from './same-queries.ts';
import type { Measured } from './summary.ts';
import { parseQrels, parseRun } from './trec-read.ts';

const measuredOf = (system: string, values: Record<string, readonly number[]>): Measured => ({
  system,
  metrics: {},
  perQuery: new Map(
    Object.entries(values).map(([label, column]) => [label, new Map(column.map((value, i) => [`q${i}`, value]))]),
  ),
});

describe('testPairs', () => {
  const good = measuredOf('good', { RR: Array.from({ length: 30 }, (_, i) => 0.5 + 0.01 * i), 'IA@1': [1, 1] });
  const bad = measuredOf('bad', { RR: Array.from({ length: 30 }, (_, i) => 0.2 + 0.012 * i) });
  const same = measuredOf('same', { RR: Array.from({ length: 30 }, (_, i) => 0.5 + 0.01 * i), 'IA@1': [0, 1] });

  test('says who is better on what, only on measures that both have', () => {
    const tests = testPairs([good, bad, same], { seed: 1 });
    expect(tests.map(({ systems, measure, winner }) => [...systems, measure, winner])).toEqual([
      ['good', 'bad', 'RR', 'good'],
      ['good', 'same', 'RR', null],
      ['good', 'same', 'IA@1', null],
      ['bad', 'same', 'RR', 'same'],
    ]);
    const [first, equal, memory] = tests;
    expect(first?.difference).toBeCloseTo(0.3 - (0.002 * 29) / 2, 12);
    expect(first?.interval[0]).toBeGreaterThan(0.2);
    expect(first?.queries).toEqual({ better: 30, equal: 0, worse: 0 });
    expect(first?.pHolm).toBeCloseTo(4 * (first?.p ?? 0), 12);
    expect(equal).toMatchObject({ difference: 0, interval: [0, 0], effectSize: null, p: 1, pHolm: 1, exact: true });
    // One query decides: both patterns of its sign are as extreme.
    expect(memory).toMatchObject({ difference: 0.5, p: 1, exact: true, queries: { better: 1, equal: 1, worse: 0 } });
  });

  test('is the same for the same seed, and mirrored for systems in the other order', () => {
    const [one] = testPairs([good, bad], { seed: 1 });
    expect(testPairs([good, bad], { seed: 1 })[0]).toEqual(one);
    const [other] = testPairs([bad, good], { seed: 1 });
    expect(other).toMatchObject({ difference: -(one?.difference as number), winner: 'good' });
  });

  test('tells how many tests are done', () => {
    const told: string[] = [];
    const reporter = {
      ...silentReporter,
      progress: ({ phase, done, total }: ProgressEvent) => void told.push(`${phase} ${done}/${total}`),
    };
    testPairs([good, bad, same], { seed: 1, reporter });
    expect(told).toEqual(['test 1/4', 'test 2/4', 'test 3/4', 'test 4/4']);
  });

  test('different queries are a fault of the program', () => {
    for (const other of [measuredOf('x', { RR: [1] }), measuredOf('x', { RR: [] })]) {
      expect(() => testPairs([good, other], { seed: 0 })).toThrow('were measured on different queries');
      expect(() => testPairs([other, good], { seed: 0 })).toThrow('were measured on different queries');
    }
    const none = [measuredOf('x', { RR: [] }), measuredOf('y', { RR: [] })];
    expect(() => testPairs(none, { seed: 0 })).toThrow('were measured on different queries');
    const names = { system: 'z', metrics: {}, perQuery: new Map([['RR', new Map([['other', 1]])]]) };
    expect(() => testPairs([measuredOf('x', { RR: [1] }), names], { seed: 0 })).toThrow('z was not measured on q0');
  });
});

describe('refuseDifferentQueries', () => {
  const catalogueOf = (rows: readonly (readonly [string, string, Role])[], shade = 0): PictureStore => ({
    size: 1,
    ...partsOf(rows.map(([path, label, role], row) => ({ row, id: row, path, labels: [label], role }))),
    hasClasses: true,
    ...noThumbnail,
    notices: [],
    skipped: [],
    pixels: Uint8Array.from({ length: rows.length * 3 }, (_, i) => i + shade),
  });
  const rows = [
    ['a', 'x', 'catalogue'],
    ['b', 'y', 'catalogue'],
    ['q', 'x', 'test'],
    ['r', 'y', 'test'],
  ] as const;
  const asked = (name: string, store: PictureStore) => ({ name, store: store, queries: queriesOf(store, 'test') });
  const first = asked('one', catalogueOf(rows));

  test('the same are let through, also in another order', () => {
    refuseDifferentQueries(first, asked('two', catalogueOf(rows)));
    const reversed = { ...catalogueOf([...rows].reverse()), size: 2, pixels: new Uint8Array(100) };
    refuseDifferentQueries(first, asked('two', reversed));
  });

  test.each([
    ['queries', catalogueOf([...rows.slice(0, 3), ['s', 'y', 'test']]), 'their queries differ, 1 only in one (r among'],
    [
      'catalogues',
      catalogueOf([...rows, ['c', 'x', 'catalogue']]),
      'catalogue pictures differ, 1 only in two (c among',
    ],
    [
      'labels',
      catalogueOf(rows.map(([path, , role]) => [path, 'x', role] as const)),
      'other pictures are relevant to q (1 in one, 2 in two)',
    ],
    ['pixels', catalogueOf(rows, 1), 'the query q is another picture in each'],
  ])('other %s are refused, saying what differs', (_, store, difference) => {
    expect(() => refuseDifferentQueries(first, asked('two', store))).toThrowError(
      expect.objectContaining({ code: 'queries-differ', message: expect.stringContaining(difference) }),
    );
  });
});

describe('evaluateRuns', () => {
  const qrels = parseQrels('1 0 a 1\n1 0 b 0\n2 0 a 2\n3 0 c 0\n', 'q');
  const run = (text: string) => parseRun(text, 'r');
  const judge = (text: string, measures = ['RR', 'AP'], warnings: string[] = []) =>
    evaluateRuns({
      qrels,
      qrelsFile: 'q',
      runs: new Map([['r', run(text)]]),
      measures: measures.map(parseMeasure),
      reporter: { ...silentReporter, warn: (message) => warnings.push(message) },
    });

  test('counts every judged query, and says what was left open', () => {
    const warnings: string[] = [];
    const { comparison } = judge('1 Q0 b 1 2 t\n1 Q0 a 2 1 t\n9 Q0 a 1 1 t\n', undefined, warnings);
    expect(comparison).toMatchObject({ queries: 3, withoutRelevant: 1, systems: { r: { RR: 0.5 / 3, AP: 0.5 / 3 } } });
    expect(Object.keys(comparison.intervals.r ?? {})).toEqual(['RR', 'AP']);
    expect(warnings).toEqual([
      expect.stringContaining('1 of 3 queries have no relevant document'),
      expect.stringContaining('r: 2 of 3 judged queries not answered'),
      expect.stringContaining('r: 1 of 2 answered queries not judged in q'),
    ]);
  });

  test.each([
    ['an empty run', '', 'trec-malformed', 'holds no answer'],
    ['a run of other queries', '7 Q0 a 1 1 t', 'trec-malformed', 'answers none of the queries'],
    ['a score that is NaN', '1 Q0 a 1 nan t', 'trec-malformed', 'line 1: the score nan is not a number'],
    ['a document twice', '1 Q0 a 1 2 t\n1 Q0 a 2 1 t', 'trec-malformed', 'line 2: a is answered twice'],
  ])('%s is refused', (_, text, code, message) => {
    expect(() => judge(text)).toThrowError(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  test('indexing accuracy is no measure of a run, and judgements must be there', () => {
    expect(() => judge('1 Q0 a 1 1 t', ['IA@1'])).toThrowError(expect.objectContaining({ code: 'usage' }));
    const nothing = { qrels: new Map(), qrelsFile: 'q', runs: new Map([['r', run('1 Q0 a 1 1 t')]]) };
    expect(() => evaluateRuns(nothing)).toThrowError(
      expect.objectContaining({ code: 'trec-malformed', message: 'q holds no judgement' }),
    );
  });
});
