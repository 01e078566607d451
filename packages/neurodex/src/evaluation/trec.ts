import { readFile } from 'node:fs/promises';
import { NeurodexError } from '../errors.ts';
import { writeAtomically } from '../storage/atomic.ts';
import { distinctScores, printScore, rankAsTrec, type ScoredDocument } from './ranking.ts';
import { escapeName, unescapeName } from './trec-names.ts';

/*
 * The two files of TREC evaluations (https://github.com/usnistgov/trec_eval):
 *   qrels  `query 0 document grade`, the relevance judgements
 *   run    `query Q0 document rank score tag`, the answers of one system
 * Names of queries and documents are picture paths, escaped as trec-names.ts says; reading undoes it.
 */

/** query → document → grade; 0 or less is not relevant. */
export type Qrels = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** query → its answers, in the order of `rankAsTrec`. */
export type Run = ReadonlyMap<string, readonly ScoredDocument[]>;

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
    for (let i = 0; i < ranked.length; i++) {
      const { document } = ranked[i] as ScoredDocument;
      yield `${name} Q0 ${writtenName(document)} ${i + 1} ${printScore(scores[i] as number)} ${system}\n`;
    }
  }
}

function writtenName(name: string): string {
  if (name === '') throw new RangeError('a name in a TREC file cannot be empty');
  return escapeName(name);
}

export const readQrels = async (path: string): Promise<Qrels> => parseQrels(await readText(path), path);

export const readRun = async (path: string): Promise<Run> => parseRun(await readText(path), path);

/**
 * @param file named in errors
 * @throws NeurodexError `trec-malformed` naming file and line
 */
export function parseQrels(text: string, file: string): Qrels {
  const qrels = new Map<string, Map<string, number>>();
  for (const line of linesOf(text, file, 4, 'query 0 document grade')) {
    const [query, , document, grade] = line.fields as [string, string, string, string];
    if (!/^[+-]?[0-9]+$/.test(grade)) throw malformed(file, line.number, `the grade ${grade} is not a whole number`);
    const grades = entry(qrels, line.name(query), () => new Map<string, number>());
    const name = line.name(document);
    if (grades.has(name)) throw malformed(file, line.number, `${name} is judged twice for the query ${query}`);
    grades.set(name, Number(grade));
  }
  return qrels;
}

/**
 * The rank column is not looked at: as for trec_eval, the scores and names make the order.
 * @param file named in errors
 * @throws NeurodexError `trec-malformed` naming file and line
 */
export function parseRun(text: string, file: string): Run {
  const scores = new Map<string, Map<string, number>>();
  for (const line of linesOf(text, file, 6, 'query Q0 document rank score tag')) {
    const [query, , document, , written] = line.fields as [string, string, string, string, string, string];
    if (!/^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$|^[+-]?inf(inity)?$/i.test(written)) {
      throw malformed(file, line.number, `the score ${written} is not a number`);
    }
    const score = /inf/i.test(written) ? (written.startsWith('-') ? -Infinity : Infinity) : Number(written);
    const answers = entry(scores, line.name(query), () => new Map<string, number>());
    const name = line.name(document);
    if (answers.has(name)) throw malformed(file, line.number, `${name} is answered twice for the query ${query}`);
    answers.set(name, score);
  }
  const run = new Map<string, ScoredDocument[]>();
  for (const [query, answers] of scores) {
    run.set(query, rankAsTrec(Array.from(answers, ([document, score]) => ({ document, score }))));
  }
  return run;
}

interface Line {
  readonly number: number;
  readonly fields: readonly string[];
  name(field: string): string;
}

/** Blank lines and comments ('#' first) are passed over, as trec_eval does. */
function* linesOf(text: string, file: string, count: number, form: string): Generator<Line> {
  let number = 0;
  for (const line of text.split('\n')) {
    number++;
    const at = number;
    // Only the white space of C: any other is part of a name.
    const fields = line.split(/[ \t\v\f\r]+/).filter((field) => field !== '');
    if (fields[0] === undefined || fields[0].startsWith('#')) continue;
    if (fields.length !== count) throw malformed(file, at, `${fields.length} fields where "${form}" has ${count}`);
    yield {
      number: at,
      fields,
      name(field) {
        try {
          return unescapeName(field);
        } catch {
          throw malformed(file, at, `${field} holds a % that does not begin a percent-encoded character (write %25)`);
        }
      },
    };
  }
}

function entry<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

const malformed = (file: string, line: number, problem: string) =>
  new NeurodexError('trec-malformed', `${file}, line ${line}: ${problem}`, {
    hint: 'qrels lines are "query 0 document grade", run lines are "query Q0 document rank score tag"',
    details: { file, line },
  });

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new NeurodexError('source-missing', `the TREC file ${path} cannot be read`, {
      hint: 'name a file that exists and that you may read',
      details: { path },
      cause: error,
    });
  }
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
