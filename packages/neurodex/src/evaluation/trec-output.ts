import { join } from 'node:path';
import { claimNames } from '@neurodex/core/storage';
import type { PictureStore } from '../pictures/picture-store.ts';
import { gradesIn, pathOf } from './documents.ts';
import type { Ranking, SystemEvaluation } from './evaluate.ts';
import type { EvaluationQuery } from './queries.ts';
import { type AnsweredQuery, type JudgedQuery, writeQrels, writeRun } from './trec.ts';

const QRELS = 'qrels.txt';

const runFile = (system: string): string => `run-${system}.txt`;

/**
 * The folder of TREC files, made when it is not there.
 * @throws NeurodexError `output-exists` for a file of such a name that the program did not write, `output-unwritable`
 */
export const openTrecFolder = (out: string, systems: readonly string[]): Promise<void> =>
  claimNames(out, [QRELS, ...systems.map(runFile)]);

/**
 * Write `qrels.txt` and, for every evaluation (made with `keepRankings`), `run-<system>.txt` into a folder, which is
 * made when it is not there. Document names are picture paths; the escaping is that of trec-names.ts.
 * @throws NeurodexError `output-exists` for a file of such a name that the program did not write, `disk-full`,
 *   `output-unwritable`
 */
export async function writeTrec(
  out: string,
  {
    catalogue: store,
    queries,
    evaluations,
  }: {
    readonly catalogue: PictureStore;
    readonly queries: readonly EvaluationQuery[];
    readonly evaluations: readonly SystemEvaluation[];
  },
): Promise<void> {
  await openTrecFolder(
    out,
    evaluations.map(({ system }) => system),
  );
  await writeQrels(join(out, QRELS), judgements(store, queries));
  for (const { system, rankings } of evaluations) {
    await writeRun(join(out, runFile(system)), system, answers(store, rankings));
  }
}

function* judgements(store: PictureStore, queries: readonly EvaluationQuery[]): Generator<JudgedQuery> {
  const gradesOf = gradesIn(store);
  for (const query of queries) yield { query: query.name, grades: gradesOf(query) };
}

function* answers(store: PictureStore, rankings: readonly Ranking[]): Generator<AnsweredQuery> {
  for (const { query, rows, scores } of rankings) {
    yield {
      query,
      answers: Array.from(rows, (row, i) => ({ document: pathOf(store, row), score: scores[i] ?? NaN })),
    };
  }
}
