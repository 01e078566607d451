import { readFile } from 'node:fs/promises';
import { nodeRuntime } from '@neurodex/autograd/node';
import { defined, silentReporter } from '@neurodex/core';
import type { Role } from '@neurodex/datasets';
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EvaluationQuery, queriesOf } from '../evaluation/queries.ts';
import type { JudgedRanking } from '../relevance/answer-judge.ts';
import { FACTS_ID } from '../report/html-report.ts';
import { type Index, openIndex } from '../systems/open-index.ts';
import { evaluateIndex } from './evaluate-index.ts';
import { measureProbabilities } from './measure-probabilities.ts';
import { writeReport } from './report.ts';
import { disc, SMALL_WRITE, WrittenIndexes } from './written-indexes.fixture.ts';

/** Four classes that are indexed, and one of which there are queries only. */
const COLOURS = ['#c22', '#22c', '#2a2', '#cc2', '#2cc'];
const UNKNOWN = 4;
const roleOf = (c: number, i: number): Role => {
  if (c === UNKNOWN) return 'test';
  return (['catalogue', 'train', 'validation', 'test'] as const)[i % 4] ?? 'test';
};

let indexes: WrittenIndexes;
let index: Index;
/** As the judge says, one query after another. */
let said: { query: EvaluationQuery; ranking: JudgedRanking }[];
const quiet = { device: 'cpu' as const, reporter: silentReporter };
const asked = (name = 'judged.index') => ({ index: indexes.at(name), split: 'test' as const, ...quiet });

beforeAll(async () => {
  indexes = await WrittenIndexes.create();
  const drawn = COLOURS.flatMap((colour, c) =>
    Array.from({ length: c === UNKNOWN ? 6 : 20 }, async (_, i) => [`${c}/${i}.png`, await disc(colour, i)] as const),
  );
  const folder = await indexes.draw('discs', Object.fromEntries(await Promise.all(drawn)));
  const pictures = folder.pictures.map((picture) => {
    const [c = NaN, i = NaN] = picture.path.split(/[/.]/).map(Number);
    return { ...picture, role: roleOf(c, i) };
  });
  await indexes.make({ ...folder, pictures }, 'judged.index', {}, ['dsi', 'pixels']);
  index = await openIndex(indexes.at('judged.index'), nodeRuntime());
  const judge = defined(await index.judge('pixels'), 'a judge');
  said = [];
  for (const query of queriesOf(index.store, 'test')) {
    const [ranking] = await judge.rank([query], index.store.catalogue.length);
    said.push({ query, ranking: defined(ranking, 'a ranking') });
  }
}, 120_000);
afterAll(async () => {
  await index.close();
  await indexes.remove();
});

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

describe('an index that is calibrated', () => {
  it('is measured on all queries, as the definitions say', async () => {
    const { relevance, ...comparison } = await evaluateIndex(asked());
    expect(comparison).toMatchObject({ queries: 20, withoutRelevant: 6 });
    expect(Object.keys(relevance ?? {})).toEqual(['dsi', 'pixels']);
    const found = defined(relevance?.pixels, 'the measures of pixels');
    expect(found).toMatchObject({ queries: 26, answers: 260, setF1: { queries: 26 } });

    const judged = said.flatMap(({ query, ranking }) =>
      ranking.answers
        .slice(0, 10)
        .map((answer) => ({ p: answer.relevance, y: query.relevant.has(answer.row) ? 1 : 0 })),
    );
    expect(found.brier).toBeCloseTo(mean(judged.map(({ p, y }) => (p - y) ** 2)), 12);
    const bins = Array.from({ length: 15 }, (_, b) => judged.filter(({ p }) => Math.min(14, Math.floor(15 * p)) === b));
    const errors = bins.map((bin) => Math.abs(bin.reduce((sum, { p, y }) => sum + p - y, 0)));
    expect(found.calibrationError).toBeCloseTo(errors.reduce((a, b) => a + b, 0) / judged.length, 12);
    expect(found.reliability.map(({ count }) => count)).toEqual(bins.map(({ length }) => length));

    const f1 = said.map(({ query: { relevant }, ranking: { answers } }) => {
      const set = answers.filter((answer) => answer.relevance >= 0.5).map(({ row }) => row);
      const hits = set.filter((row) => relevant.has(row)).length;
      return set.length + relevant.size === 0 ? 1 : (2 * hits) / (set.length + relevant.size);
    });
    expect(found.setF1.f1).toBeCloseTo(mean(f1), 12);
    expect(found.setF1.bestScoreThreshold.f1).toBeGreaterThanOrEqual(6 / 26);
  });

  it('has sets with a promised coverage, and tells known queries from unknown', async () => {
    const judge = defined(await index.judge('pixels'), 'a judge');
    const found = defined((await evaluateIndex(asked())).relevance?.pixels, 'the measures of pixels');
    const known = said.filter(({ query }) => query.relevant.size > 0);
    for (const { confidence, coverage, meanSize } of found.coverage) {
      const sets = known.map(({ query, ranking }) => judge.confident(query, ranking, confidence));
      expect(coverage).toBeCloseTo(
        mean(sets.map((set, i) => (set.some(({ row }) => known[i]?.query.relevant.has(row)) ? 1 : 0))),
        12,
      );
      expect(meanSize).toBeCloseTo(mean(sets.map(({ length }) => length)), 12);
    }
    expect(found.coverage.map(({ confidence }) => confidence)).toEqual([0.8, 0.9, 0.95]);
    const unknown = said.filter(({ query }) => query.relevant.size === 0);
    const pairs = known.flatMap((a) =>
      unknown.map((b) => {
        const difference = (b.ranking.none ?? NaN) - (a.ranking.none ?? NaN);
        return difference > 0 ? 1 : difference === 0 ? 0.5 : 0;
      }),
    );
    expect(found.unknown).toMatchObject({ queries: 6, known: 20, auroc: expect.closeTo(mean(pairs), 12) });
    const shares = [known, unknown].map((side) => mean(side.map(({ ranking }) => (ranking.nothingFound ? 1 : 0))));
    expect([found.unknown?.falseNothing, found.unknown?.rightNothing]).toEqual(shares);
  });

  it('is measured for the systems that were asked for, and not where a protocol draws queries', async () => {
    const [progress, totals]: [number[], Set<unknown>] = [[], new Set()];
    const reporter = {
      ...silentReporter,
      progress: ({ phase, done, total }: { phase: string; done: number; total?: number }) => {
        if (phase !== 'relevance') return;
        progress.push(done);
        totals.add(total);
      },
    };
    const { relevance } = await evaluateIndex({ ...asked(), systems: ['dsi'], reporter });
    expect(Object.keys(relevance ?? {})).toEqual(['dsi']);
    expect([progress.at(-1), [...totals]]).toEqual([26, [26]]);
    expect(await evaluateIndex({ ...asked(), protocol: 'notebook' })).not.toHaveProperty('relevance');
    expect(await measureProbabilities(index, ['pixels'], [], silentReporter)).toBeNull();
    const words = [{ kind: 'text', text: 'red', name: 'w', relevant: new Set([0]) }] as unknown as EvaluationQuery[];
    expect(await measureProbabilities(index, ['dsi'], words, silentReporter)).toBeNull();
  });

  it('shows that in its report, with a table behind each chart', async () => {
    const { relevance } = await writeReport({ ...asked(), out: indexes.at('r.html') });
    expect(relevance).toEqual((await evaluateIndex(asked())).relevance);
    const { document } = parseHTML(await readFile(indexes.at('r.html'), 'utf8'));
    const facts = JSON.parse(document.getElementById(FACTS_ID)?.textContent ?? 'null') as { relevance: unknown };
    expect(facts.relevance).toEqual(relevance);
    const charts = [...document.querySelectorAll('#relevance svg[role="img"]')].map((svg) =>
      svg.getAttribute('aria-label'),
    );
    expect(charts).toEqual([
      'reliability diagram of dsi',
      'reliability diagram of pixels',
      'probability that nothing is relevant, of known and of unknown queries',
    ]);
    expect(document.querySelectorAll('#relevance details table')).toHaveLength(3);
  });
});

it('an index without calibration says so', async () => {
  const pictures = await Promise.all(
    [0, 1].flatMap((c) => [0, 1, 2, 3].map(async (i) => [`${c}/${i}.png`, await disc(COLOURS[c] ?? '', i)] as const)),
  );
  const folder = await indexes.draw('few', Object.fromEntries(pictures));
  await indexes.make(folder, 'few.index', { training: { ...SMALL_WRITE.training, seeSteps: 1 } }, ['pixels']);
  expect((await evaluateIndex(asked('few.index'))).relevance).toBeNull();
  await writeReport({ ...asked('few.index'), out: indexes.at('few.html') });
  const page = await readFile(indexes.at('few.html'), 'utf8');
  expect(page).toContain('The index is not calibrated');
});
