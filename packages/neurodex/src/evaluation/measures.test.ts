import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RankedQuery } from './measure.ts';
import { DEFAULT_MEASURES, MEASURE_NAMES, MEASURES, type MeasureName, parseMeasure } from './registry.ts';
import { scoreRun } from './score-run.ts';
import { readQrels, readRun } from './trec-read.ts';

const fixture = (path: string) => fileURLToPath(new URL(`./fixtures/trec/${path}`, import.meta.url));

/** trec_eval's names for our measures. */
const TREC_EVAL: Record<string, MeasureName> = {
  map: 'AP',
  Rprec: 'Rprec',
  recip_rank: 'RR',
  P: 'P',
  recall: 'R',
  ndcg_cut: 'nDCG',
  map_cut: 'AP',
  success: 'Success',
};

function ours(printed: string): string {
  const [, name, cutoff] = /^(.*?)(?:_([0-9]+))?$/.exec(printed) ?? [];
  const known = TREC_EVAL[name ?? ''];
  if (known === undefined) throw new Error(`no measure for ${printed}`);
  return cutoff === undefined ? known : `${known}@${cutoff}`;
}

describe.each(['binary', 'graded-ties'])('trec_eval on %s', async (folder) => {
  const qrels = await readQrels(fixture(`${folder}/qrels.txt`));
  const run = await readRun(fixture(`${folder}/run.txt`));
  const printed = (await readFile(fixture(`${folder}/trec_eval.txt`), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/\s+/) as [string, string, string]);

  test('the files hold judged queries without answers and answers without judgements', () => {
    expect([...qrels.keys()].filter((query) => !run.has(query)).length).toBeGreaterThan(0);
    expect([...run.keys()].filter((query) => !qrels.has(query)).length).toBeGreaterThan(0);
  });

  test.each([...new Set(printed.map(([measure]) => measure))])('%s to four digits, each query and the mean', (name) => {
    const expected = Object.fromEntries(
      printed.filter(([measure]) => measure === name).map(([, query, value]) => [query, value]),
    );
    const parsed = parseMeasure(ours(name));
    const values = scoreRun(qrels, run, [parsed]).get(parsed.label);
    const found: Record<string, string> = { all: (values?.mean ?? Number.NaN).toFixed(4) };
    for (const [query, value] of values?.perQuery ?? []) found[query] = value.toFixed(4);
    expect(Object.keys(found).length).toBe(qrels.size + 1);
    expect(found).toEqual(expected);
  });
});

describe('every measure', () => {
  const queries: fc.Arbitrary<RankedQuery> = fc.record({
    ranking: fc.uniqueArray(fc.constantFrom(...'abcdefghij'), { maxLength: 10 }),
    grades: fc
      .array(fc.tuple(fc.constantFrom(...'abcdefghij'), fc.integer({ min: -2, max: 3 })))
      .map((pairs) => new Map(pairs)),
  });

  test.each(MEASURE_NAMES)('%s lies in [0, 1], is 0 without answers and 1 for a perfect ranking', (name) => {
    const measure = MEASURES[name];
    expect(measure.name).toBe(name);
    fc.assert(
      fc.property(queries, fc.integer({ min: 1, max: 12 }), (query, depth) => {
        const cutoff = measure.cutoff === 'required' ? depth : undefined;
        const value = measure.compute(query, cutoff);
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1 + 1e-12);
        expect(measure.compute({ ...query, ranking: [] }, cutoff)).toBe(0);
        const relevant = [...query.grades].filter(([, grade]) => grade > 0).sort((a, b) => b[1] - a[1]);
        if (relevant.length === 0) {
          expect(value).toBe(0);
          return;
        }
        const perfect = { ...query, ranking: relevant.map(([document]) => document) };
        expect(measure.compute(perfect, cutoff && relevant.length)).toBeCloseTo(1, 12);
      }),
    );
  });

  test('a required cut-off is required', () => {
    const query = { ranking: ['a'], grades: new Map([['a', 1]]) };
    for (const name of MEASURE_NAMES) {
      const measure = MEASURES[name];
      if (measure.cutoff === 'required') expect(() => measure.compute(query, undefined)).toThrow(RangeError);
    }
  });

  test('a constant ranking gains nothing from relevance further down than the cut-off', () => {
    const query = { ranking: ['x', 'y', 'a'], grades: new Map([['a', 1]]) };
    const value = (text: string) => {
      const { measure, cutoff } = parseMeasure(text);
      return measure.compute(query, cutoff);
    };
    expect(['AP@2', 'RR@2', 'nDCG@2', 'IA@2', 'Success@2', 'R@2', 'P@2'].map(value)).toEqual([0, 0, 0, 0, 0, 0, 0]);
    expect(value('AP')).toBeCloseTo(1 / 3, 12);
    expect(value('RR')).toBeCloseTo(1 / 3, 12);
    expect(value('nDCG')).toBeCloseTo(1 / 2, 12);
    expect(value('IA@3')).toBe(1);
    expect(value('P@10')).toBeCloseTo(1 / 10, 12);
  });
});

describe('parseMeasure', () => {
  test.each([
    ['P@10', 'P', 10],
    ['AP', 'AP', undefined],
    ['AP@5', 'AP', 5],
    ['nDCG@100', 'nDCG', 100],
    ['Rprec', 'Rprec', undefined],
  ])('%s', (text, name, cutoff) => {
    const parsed = parseMeasure(text);
    expect([parsed.measure.name, parsed.cutoff, parsed.label]).toEqual([name, cutoff, text]);
  });

  test('leading zeros do not make another label', () => {
    expect(parseMeasure('P@010').label).toBe('P@10');
  });

  test.each([
    ['ndcg@5', 'nDCG@5'],
    ['Sucess@1', 'Success@1'],
    ['rprec', 'Rprec'],
    ['IAA@1', 'IA@1'],
    ['toString', ''],
    ['', ''],
  ])('%j is unknown, the nearest is %s', (text, nearest) => {
    expect(() => parseMeasure(text)).toThrowError(
      expect.objectContaining({
        code: 'usage',
        message: `${JSON.stringify(text)} is not a measure`,
        hint: expect.stringContaining(`did you mean ${nearest}`),
      }),
    );
  });

  test.each([
    ['P', 'needs a cut-off'],
    ['Rprec@5', 'takes no cut-off'],
    ['P@0', 'whole number'],
    ['P@', 'whole number'],
    ['P@-1', 'whole number'],
    ['P@1.5', 'whole number'],
    ['P@1e3', 'whole number'],
    ['P@10@20', 'whole number'],
  ])('%s %s', (text, problem) => {
    expect(() => parseMeasure(text)).toThrowError(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining(problem) }),
    );
  });

  test('the default measures', () => {
    expect(DEFAULT_MEASURES.map(({ label }) => label)).toEqual(
      'IA@1 IA@5 P@10 AP@10 R@10 R@100 RR Success@1 Success@10'.split(' '),
    );
  });
});
