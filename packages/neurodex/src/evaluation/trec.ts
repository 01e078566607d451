import { writeAtomically } from '@neurodex/core/storage';
import { distinctScores, printScore, rankAsTrec, type ScoredDocument } from './ranking.ts';
import { escapeName } from './trec-names.ts';

/*
 * The two files of TREC evaluations (https://github.com/usnistgov/trec_eval):
 *   qrels  `query 0 document grade`, the relevance judgements
 *   run    `query Q0 document rank score tag`, the answers of one system
 * Names of queries and documents are picture paths, escaped as trec-names.ts says. trec-read.ts reads them.
 */

export interface JudgedQuery {
  readonly query: string;
  readonly grades: ReadonlyMap<string, number>;
}

export interface AnsweredQuery {
  readonly query: string;
  readonly answers: readonly ScoredDocument[];
}

/** @throws NeurodexError `disk-full`, `output-unwritable` */
export function writeQrels(path: string, judgements: Iterable<JudgedQuery>): Promise<void> {
  return writeLines(path, qrelsLines(judgements));
}

function* qrelsLines(judgements: Iterable<JudgedQuery>): Generator<string> {
  for (const { query, grades } of judgements) {
    const name = writtenName(query);
    for (const [document, grade] of grades) yield `${name} 0 ${writtenName(document)} ${grade}\n`;
  }
}

/**
 * Answers are written in the order of `rankAsTrec`, with ranks from 1 and scores that strictly fall
 * (`distinctScores`), so that whoever reads the file ranks the documents as our measures do.
 * @param tag names the system
 * @param rankings taken one at a time, so that they may be made as they are written
 * @throws NeurodexError `disk-full`, `output-unwritable`
 */
export function writeRun(path: string, tag: string, rankings: Iterable<AnsweredQuery>): Promise<void> {
  return writeLines(path, runLines(tag, rankings));
}

function* runLines(tag: string, rankings: Iterable<AnsweredQuery>): Generator<string> {
  const system = writtenName(tag);
  for (const { query, answers } of rankings) {
    const name = writtenName(query);
    const ranked = rankAsTrec(answers);
    const scores = distinctScores(ranked.map(({ score }) => score));
    for (const [i, { document }] of ranked.entries()) {
      yield `${name} Q0 ${writtenName(document)} ${i + 1} ${printScore(scores[i] ?? NaN)} ${system}\n`;
    }
  }
}

function writtenName(name: string): string {
  if (name === '') throw new RangeError('a name in a TREC file cannot be empty');
  return escapeName(name);
}

/** Full rankings can be larger than a string may be, so lines are written a chunk at a time. */
async function writeLines(path: string, lines: Iterable<string>): Promise<void> {
  await writeAtomically(path, async (handle) => {
    let chunk = '';
    for (const line of lines) {
      chunk += line;
      if (chunk.length < 1 << 18) continue;
      await handle.writeFile(chunk);
      chunk = '';
    }
    await handle.writeFile(chunk);
  });
}
