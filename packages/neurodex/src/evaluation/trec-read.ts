import { createReadStream } from 'node:fs';
import { NeurodexError } from '@neurodex/core';
import type { ScoredDocument } from './ranking.ts';
import { LineCutter, TrecLine } from './trec-lines.ts';
import { atof, atol, type CNumber } from './trec-numbers.ts';
import { TrecTable } from './trec-table.ts';

/*
 * TREC files are read as trec_eval 10 reads them (get_trec_results.c, get_qrels.c): fields are separated by any white space of C,
 * lines that begin with '#' are comments, fields behind the tag are passed over, and numbers are those of atof and atol.
 * Names are bytes. They are kept as strings of which each character is a byte, and nothing is decoded: two names are the same
 * when their bytes are.
 */

/** What is known of each query of a file, by its name; a Map is one. */
export interface ByQuery<Value> extends Iterable<readonly [string, Value]> {
  readonly size: number;
  has(query: string): boolean;
  get(query: string): Value | undefined;
  keys(): Iterable<string>;
  /** @throws NeurodexError `trec-malformed` where a document stands there twice */
  refuseTwice?(query: string): void;
}

/** query → document → grade; 0 or less is not relevant. */
export type Qrels = ByQuery<ReadonlyMap<string, number>>;

/** query → its answers: score descending, then name descending by its bytes. */
export type Run = ByQuery<readonly ScoredDocument[]>;

export interface ReadTrecOptions {
  /** What the file is called in messages; its path by default. */
  readonly name?: string;
  /** Called for fields that are not numbers, with what trec_eval makes of them. */
  readonly warn?: (message: string) => void;
}

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** @throws NeurodexError `source-missing`, `source-unusable`, `trec-malformed` naming file and line */
export async function readQrels(path: string, options: ReadTrecOptions = {}): Promise<Qrels> {
  const parser = new QrelsParser(options.name ?? path, options.warn);
  await feed(path, parser, options.name ?? path);
  return parser.end();
}

/** @throws NeurodexError `source-missing`, `source-unusable`, `trec-malformed` naming file and line */
export async function readRun(path: string, options: ReadTrecOptions = {}): Promise<Run> {
  const parser = new RunParser(options.name ?? path, options.warn);
  await feed(path, parser, options.name ?? path);
  return parser.end();
}

/** @param file named in errors */
export function parseQrels(text: string | Uint8Array, file: string, { warn }: ReadTrecOptions = {}): Qrels {
  const parser = new QrelsParser(file, warn);
  parser.write(bytesOf(text));
  return parser.end();
}

/** @param file named in errors */
export function parseRun(text: string | Uint8Array, file: string, { warn }: ReadTrecOptions = {}): Run {
  const parser = new RunParser(file, warn);
  parser.write(bytesOf(text));
  return parser.end();
}

const bytesOf = (text: string | Uint8Array): Buffer =>
  typeof text === 'string' ? Buffer.from(text) : Buffer.from(text);

async function feed(path: string, parser: TrecParser, name: string): Promise<void> {
  try {
    for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
      parser.write(piece);
    }
  } catch (error) {
    if (error instanceof NeurodexError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const missing = code === 'ENOENT' || code === 'ENOTDIR';
    const why = missing ? 'is not there' : code === 'EISDIR' ? 'is a folder' : `cannot be read (${code})`;
    throw new NeurodexError(missing ? 'source-missing' : 'source-unusable', `the TREC file ${name} ${why}`, {
      hint: 'name a file that exists and that you may read',
      details: { path },
      cause: error,
    });
  }
}

/** What both kinds of files have in common. */
abstract class TrecParser {
  protected readonly table = new TrecTable();
  protected readonly file: string;
  private readonly warn: (message: string) => void;
  private readonly line = new TrecLine();
  private readonly cutter = new LineCutter((bytes, from, to, number) => this.take(bytes, from, to, number));
  /** Of the line before: most have the same query. */
  private query = '';
  private mayHoldNul = false;
  private odd = { count: 0, first: '' };

  constructor(file: string, warn: (message: string) => void = () => {}) {
    this.file = file;
    this.warn = warn;
  }

  protected abstract readonly fields: number;
  protected abstract row(line: TrecLine): void;

  write(piece: Buffer): void {
    this.mayHoldNul ||= piece.includes(0);
    this.cutter.write(piece);
  }

  protected finish(): void {
    this.cutter.end();
    const { count, first } = this.odd;
    if (count === 0) return;
    const others = count === 1 ? '' : `, and ${count - 1} more like it`;
    this.warn(`${this.file}, ${first}${others}`);
  }

  private take(bytes: Buffer, from: number, to: number, number: number): void {
    const start = number === 1 && bytes.subarray(from, from + 3).equals(BYTE_ORDER_MARK) ? from + 3 : from;
    // Comments may be in any encoding.
    if (bytes[start] === 0x23) return;
    if (this.mayHoldNul && bytes.subarray(start, to).includes(0)) {
      throw malformed(this.file, number, 'it holds a NUL character, as text in UTF-16 does', 'save the file as UTF-8');
    }
    this.line.split(bytes, start, to, number, this.fields + 1);
    if (this.line.count > 0) this.row(this.line);
  }

  protected queryOf(line: TrecLine): string {
    if (!line.is(0, this.query)) this.query = line.text(0);
    return this.query;
  }

  /** A field that is not a number is read as C reads it, and reported. */
  protected number(line: TrecLine, field: number, what: string, { value, rest }: CNumber): number {
    if (rest && this.odd.count++ === 0) {
      const text = JSON.stringify(shownName(line.text(field)));
      this.odd.first = `line ${line.number}: the ${what} ${text} is read as ${value}, as trec_eval does`;
    }
    return value;
  }
}

class QrelsParser extends TrecParser {
  protected readonly fields = 4;

  protected row(line: TrecLine): void {
    if (line.count !== 4) throw wrongCount(this.file, line, 4, 'query 0 document grade');
    const grade = this.number(line, 3, 'grade', atol(line.text(3)));
    this.table.add(this.queryOf(line), line.field(2), grade, line.number);
  }

  end(): Qrels {
    this.finish();
    const judgements = (query: string): Map<string, number> => {
      const grades = new Map<string, number>();
      for (const row of this.table.rowsOf(query)) {
        const document = this.table.documentOf(row);
        // Where two would matter, `refuseTwice` is called.
        if (!grades.has(document)) grades.set(document, this.table.valueOf(row));
      }
      return grades;
    };
    return byQuery(this.table, judgements, (query) => refuse(this.table, query, this.file, 'judged'));
  }
}

class RunParser extends TrecParser {
  protected readonly fields = 6;

  protected row(line: TrecLine): void {
    // Here, and not in judgements, a comment may be indented.
    if (line.field(0)[0] === 0x23) return;
    if (line.count < 6) throw wrongCount(this.file, line, 6, 'query Q0 document rank score tag');
    const score = this.number(line, 4, 'score', atof(line.text(4)));
    if (Number.isNaN(score)) {
      throw malformed(
        this.file,
        line.number,
        `the score ${line.text(4)} is not a number, and has no place in an order`,
      );
    }
    this.table.add(this.queryOf(line), line.field(2), score, line.number);
  }

  end(): Run {
    this.finish();
    const answers = (query: string): ScoredDocument[] =>
      Array.from(this.table.rowsOf(query), (row) => ({
        document: this.table.documentOf(row),
        score: this.table.valueOf(row),
      })).sort(byScore);
    return byQuery(this.table, answers, (query) => refuse(this.table, query, this.file, 'answered'));
  }
}

/** As trec_eval sorts (form_res_rels.c, comp_sim_docno). Characters are bytes here, so that `<` is strcmp. */
const byScore = (a: ScoredDocument, b: ScoredDocument): number =>
  b.score > a.score ? 1 : b.score < a.score ? -1 : b.document > a.document ? 1 : b.document < a.document ? -1 : 0;

function byQuery<Value>(
  table: TrecTable,
  of: (query: string) => Value,
  refuseTwice: (query: string) => void,
): ByQuery<Value> {
  return {
    size: table.queries.size,
    has: (query) => table.queries.has(query),
    get: (query) => (table.queries.has(query) ? of(query) : undefined),
    keys: () => table.queries.keys(),
    refuseTwice,
    *[Symbol.iterator]() {
      for (const query of table.queries.keys()) yield [query, of(query)] as const;
    },
  };
}

function refuse(table: TrecTable, query: string, file: string, verb: string): void {
  const lines = new Map<string, number>();
  for (const row of table.rowsOf(query)) {
    const document = table.documentOf(row);
    const before = lines.get(document);
    if (before !== undefined) {
      const what = `${shownName(document)} is ${verb} twice for the query ${shownName(query)}, first in line ${before}`;
      throw malformed(file, table.lineOf(row), what);
    }
    lines.set(document, table.lineOf(row));
  }
}

const wrongCount = (file: string, { count, number }: TrecLine, wanted: number, form: string): NeurodexError =>
  malformed(file, number, `${count > wanted ? 'more' : count} fields where "${form}" has ${wanted}`);

const malformed = (file: string, line: number, problem: string, hint = HINT): NeurodexError =>
  new NeurodexError('trec-malformed', `${file}, line ${line}: ${problem}`, { hint, details: { file, line } });

const HINT = 'qrels lines are "query 0 document grade", run lines are "query Q0 document rank score tag"';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A name for people: as UTF-8 where it is, else with its other bytes as `\xE9`. */
export function shownName(name: string): string {
  const bytes = Buffer.from(name, 'latin1');
  try {
    return utf8.decode(bytes);
  } catch {
    return name.replace(/[\x80-\xff]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).toUpperCase()}`);
  }
}
