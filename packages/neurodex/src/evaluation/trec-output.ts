import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { fromFileSystem, NeurodexError } from '../errors.ts';
import { gradesIn, pathOf } from './documents.ts';
import type { Ranking, SystemEvaluation } from './evaluate.ts';
import type { EvaluationQuery } from './queries.ts';
import { type AnsweredQuery, type JudgedQuery, writeQrels, writeRun } from './trec.ts';

/**
 * Write `qrels.txt` and, for every evaluation (made with `keepRankings`), `run-<system>.txt` into a folder, which is
 * made when it is not there. Document names are picture paths; the escaping is that of trec-names.ts.
 * @throws NeurodexError `disk-full`, `output-unwritable`
 */
export async function writeTrec(
  out: string,
  {
    catalogue,
    queries,
    evaluations,
  }: {
    readonly catalogue: Catalogue;
    readonly queries: readonly EvaluationQuery[];
    readonly evaluations: readonly SystemEvaluation[];
  },
): Promise<void> {
  try {
    await mkdir(out, { recursive: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'EEXIST' && code !== 'ENOTDIR') throw fromFileSystem(error, out);
    throw new NeurodexError('output-unwritable', `${out} is not a folder, so nothing can be written into it`, {
      hint: 'name a folder for the TREC files',
      details: { path: out },
      cause: error,
    });
  }
  await writeQrels(join(out, 'qrels.txt'), judgements(catalogue, queries));
  for (const { system, rankings } of evaluations) {
    await writeRun(join(out, `run-${system}.txt`), system, answers(catalogue, rankings));
  }
}

function* judgements(catalogue: Catalogue, queries: readonly EvaluationQuery[]): Generator<JudgedQuery> {
  const gradesOf = gradesIn(catalogue);
  for (const query of queries) yield { query: query.name, grades: gradesOf(query) };
}

function* answers(catalogue: Catalogue, rankings: readonly Ranking[]): Generator<AnsweredQuery> {
  for (const { query, rows, scores } of rankings) {
    yield {
      query,
      answers: Array.from(rows, (row, i) => ({ document: pathOf(catalogue, row), score: scores[i] as number })),
    };
  }
}
