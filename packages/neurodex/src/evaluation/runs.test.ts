import { NeurodexError, silentReporter } from '@neurodex/core';
import { describe, expect, test } from 'vitest';
import { parseMeasure } from './registry.ts';
import { evaluateRuns, type RunsOptions } from './runs.ts';
import { parseQrels, parseRun } from './trec-read.ts';

/** q1 has relevant documents, q2 only one of grade 0, q3 one of a negative grade. */
const qrels = parseQrels('q1 0 a 1\nq1 0 b 0\nq2 0 a 0\nq3 0 a -1\n', 'qrels');
const runOf = (text: string) => parseRun(text, 'run');
const measures = [parseMeasure('RR')];

function judged(runs: Record<string, string>, options: Partial<RunsOptions> = {}) {
  const said: string[] = [];
  const reporter = { ...silentReporter, warn: (message: string) => said.push(message) };
  const all = new Map(Object.entries(runs).map(([name, text]) => [name, runOf(text)]));
  return { ...evaluateRuns({ qrels, qrelsFile: 'qrels.txt', runs: all, measures, reporter, ...options }), said };
}

function refusal(make: () => unknown): NeurodexError {
  try {
    make();
  } catch (error) {
    if (error instanceof NeurodexError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('evaluateRuns', () => {
  test('counts every judged query, those without a relevant document as 0, and says so', () => {
    const { comparison, said } = judged({ run: 'q1 Q0 b 1 2 t\nq1 Q0 a 2 1 t\nq2 Q0 a 1 1 t\nq3 Q0 a 1 1 t\n' });
    expect(comparison).toMatchObject({ queries: 3, withoutRelevant: 2 });
    // a is second: 1/2, over three queries.
    expect(comparison.systems.run?.RR).toBeCloseTo(1 / 6, 12);
    expect(said).toEqual([expect.stringMatching(/^2 of 3 queries have no relevant document in qrels\.txt/)]);
  });

  test('is silent where every query is judged, answered and has something relevant', () => {
    const only = parseQrels('q1 0 a 1\n', 'qrels');
    const { comparison, said } = judged({ run: 'q1 Q0 a 1 1 t\n' }, { qrels: only });
    expect(comparison).toMatchObject({ queries: 1, withoutRelevant: 0, systems: { run: { RR: 1 } } });
    expect(said).toEqual([]);
  });

  test('warns of judged queries that are not answered, and of answered ones that are not judged', () => {
    const { said } = judged({ mine: 'q1 Q0 a 1 1 t\nq8 Q0 a 1 1 t\nq9 Q0 a 1 1 t\n' });
    expect(said.slice(1)).toEqual([
      'mine: 2 of 3 judged queries not answered, counted as 0',
      'mine: 2 of 3 answered queries not judged in qrels.txt, not counted',
    ]);
  });

  test('refuses what leaves nothing to judge', () => {
    const none = refusal(() => judged({ run: 'q1 Q0 a 1 1 t\n' }, { qrels: new Map() }));
    expect(none).toMatchObject({ code: 'trec-malformed', details: { file: 'qrels.txt' } });
    const empty = refusal(() =>
      evaluateRuns({ qrels, qrelsFile: 'qrels.txt', runs: new Map([['mine', new Map()]]), measures }),
    );
    expect(empty).toMatchObject({ code: 'trec-malformed', details: { inputs: ['mine'] } });
    const others = refusal(() => judged({ mine: 'x1 Q0 a 1 1 t\n' }));
    expect(others.message).toContain('answers none of the queries that qrels.txt judges');
    const indexing = refusal(() => judged({ mine: 'q1 Q0 a 1 1 t\n' }, { measures: [parseMeasure('IA@1')] }));
    expect(indexing).toMatchObject({ code: 'usage', details: { measure: 'IA@1' } });
  });
});
