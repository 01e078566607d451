import { isUtf8 } from 'node:buffer';
import { type Line, linesOf } from '@neurodex/core/storage';

/** A record of a CSV file, or why there is none at its line. */
export type CsvRecord =
  | { readonly line: number; readonly end: number; readonly fields: readonly string[] }
  | { readonly line: number; readonly end: number; readonly reason: string };

/** Bytes of a line; a longer one is no row of a table. */
const LONGEST_LINE = 1 << 22;
/** Lines of one record, and their characters together: what is longer has a quote that was never closed. */
const MOST_LINES = 200;
const LONGEST_RECORD = 1 << 22;

/** What separates fields, the likeliest first. */
export const DELIMITERS = [',', '\t', ';', '|'] as const;
/** What separates the fields of a record. */
export type Delimiter = (typeof DELIMITERS)[number];

/** The delimiter that occurs most often outside of quotes in the first line. */
export function delimiterOf(line: string): Delimiter {
  const bare = line.replace(/"(?:[^"]|"")*"/g, '');
  let best: Delimiter = ',';
  for (const each of DELIMITERS) if (bare.split(each).length > bare.split(best).length) best = each;
  return best;
}

/**
 * The records of a CSV file (RFC 4180), in little memory: quoted fields may hold delimiters, doubled quotes and line breaks; lines
 * end with LF, CRLF or CR; a byte order mark is dropped, and blank lines are passed over. A quote within a field that does not begin
 * with one is text. Damage costs one line: reading goes on behind it.
 * @param delimiter by the first line where it is not given
 * Errors of the file system are thrown as they are.
 * @example
 * ```ts
 * import { writeFileSync } from 'node:fs';
 * import { csvRecords } from '@neurodex/datasets';
 *
 * writeFileSync('labels.csv', 'file,label\r\n"1, old.png",cat\r\n');
 * const rows: string[] = [];
 * for await (const record of csvRecords('labels.csv')) if ('fields' in record) rows.push(record.fields.join(' is '));
 * console.log(rows.join('; ')); // → file is label; 1, old.png is cat
 * ```
 */
export async function* csvRecords(path: string, delimiter?: Delimiter): AsyncGenerator<CsvRecord, void, undefined> {
  yield* csvRecordsOf(linesOf(path, LONGEST_LINE), delimiter);
}

export async function* csvRecordsOf(
  lines: AsyncIterable<Line>,
  delimiter?: Delimiter,
): AsyncGenerator<CsvRecord, void, undefined> {
  const reader = new CsvReader(delimiter);
  // A list, and not a generator within a generator, which costs each of 59 million lines as much as reading it does.
  for await (const line of lines) for (const record of reader.line(line)) yield record;
  for (const record of reader.end()) yield record;
}

function textOf({ bytes }: Line): { readonly text: string } | { readonly reason: string } {
  if (bytes === undefined) return { reason: `it is longer than ${LONGEST_LINE} bytes` };
  if (!isUtf8(bytes)) return { reason: 'it is not UTF-8' };
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  return { text: text.startsWith('\ufeff') ? text.slice(1) : text };
}

/** What a stretch of text holds: records, and perhaps the beginning of one that goes on in the next line. */
interface Parsed {
  readonly records: readonly (readonly string[] | string)[];
  readonly open: boolean;
}

class CsvReader {
  private delimiter: Delimiter | undefined;
  /** Lines of a record whose quote is not closed yet. */
  private held: { readonly line: Line; readonly text: string }[] = [];
  private length = 0;

  constructor(delimiter: Delimiter | undefined) {
    this.delimiter = delimiter;
  }

  /** The records that end with a line. */
  line(line: Line): readonly CsvRecord[] {
    const read = textOf(line);
    if ('reason' in read) return [...this.end(), { line: line.number, end: line.end, reason: read.reason }];
    const { text } = read;
    if (this.held.length === 0) {
      if (text.trim() === '') return [];
      this.delimiter ??= delimiterOf(text);
    }
    this.held.push({ line, text });
    this.length += text.length;
    // Only a line with a quote can close one.
    if (this.held.length === 1 || text.includes('"')) {
      const whole = this.held.length === 1 ? text : this.held.map((each) => each.text).join('\n');
      const { records, open } = parse(whole, this.delimiter ?? ',');
      if (!open) return this.take(records);
    }
    return this.held.length >= MOST_LINES || this.length > LONGEST_RECORD ? this.giveUp() : [];
  }

  /** There are no more lines. */
  end(): readonly CsvRecord[] {
    const records: CsvRecord[] = [];
    while (this.held.length > 0) records.push(...this.giveUp());
    return records;
  }

  private take(records: Parsed['records']): readonly CsvRecord[] {
    const line = this.held[0]?.line.number ?? 0;
    const end = this.held.at(-1)?.line.end ?? 0;
    this.release();
    return records.map((fields) =>
      typeof fields === 'string' ? { line, end, reason: fields } : { line, end, fields },
    );
  }

  /** The first line that is held has a quote that nothing closes; those behind it are read anew. */
  private giveUp(): readonly CsvRecord[] {
    const [first, ...rest] = this.release();
    if (first === undefined) return [];
    const reason = 'it has a quote that is never closed';
    return [{ line: first.line.number, end: first.line.end, reason }, ...rest.flatMap(({ line }) => this.line(line))];
  }

  private release(): CsvReader['held'] {
    const { held } = this;
    this.held = [];
    this.length = 0;
    return held;
  }
}

/** Reads whole lines. A record that is damaged is its reason. */
function parse(text: string, delimiter: string): Parsed {
  if (!text.includes('"')) {
    const lines = text.includes('\r') ? text.split('\r').filter((line) => line !== '') : [text];
    return { records: lines.map((line) => line.split(delimiter)), open: false };
  }
  const records: (readonly string[] | string)[] = [];
  let fields: string[] = [];
  let damage: string | undefined;
  let at = 0;
  const endOfField = (): number => {
    for (let i = at; i < text.length; i++) if (text[i] === delimiter || text[i] === '\r') return i;
    return text.length;
  };
  const endRecord = (): void => {
    if (damage !== undefined || fields.length > 1 || fields[0] !== '') records.push(damage ?? fields);
    fields = [];
    damage = undefined;
  };
  for (;;) {
    if (text[at] === '"') {
      const quoted = quotedField(text, at);
      if (quoted === undefined) return { records, open: true };
      fields.push(quoted.value);
      at = quoted.end;
      const end = endOfField();
      if (end > at) damage ??= 'it has text behind a closing quote';
      at = end;
    } else {
      const end = endOfField();
      fields.push(text.slice(at, end));
      at = end;
    }
    const isEnd = at >= text.length;
    if (isEnd || text[at] === '\r') endRecord();
    if (isEnd || (text[at] === '\r' && at + 1 === text.length)) return { records, open: false };
    at++;
  }
}

/** @returns undefined where the quote at `start` is not closed */
function quotedField(text: string, start: number): { readonly value: string; readonly end: number } | undefined {
  let value = '';
  let from = start + 1;
  for (;;) {
    const quote = text.indexOf('"', from);
    if (quote < 0) return undefined;
    value += text.slice(from, quote);
    if (text[quote + 1] !== '"') return { value, end: quote + 1 };
    value += '"';
    from = quote + 2;
  }
}
