import { extname } from 'node:path';
import { linesOf, openFileBytes } from '@neurodex/core/storage';
import { parquetSchema } from 'hyparquet';
import { hasPictureExtension } from '../../image/picture-formats.ts';
import { LONGEST_LINE, parseLine } from '../jsonl/jsonl.ts';
import { ParquetDecoder } from '../parquet/decoder.ts';
import { isForeign, readFooter, reasonOf } from '../parquet/file.ts';
import { csvRecords } from './csv.ts';
import type { Place } from './file-index.ts';

export const TABLE_KINDS = ['csv', 'jsonl', 'parquet'] as const;
export type TableKind = (typeof TABLE_KINDS)[number];

/** A file whose rows describe pictures. */
export interface Table extends Place {
  /** Absolute. */
  readonly path: string;
  /** For messages: relative to the source. */
  readonly name: string;
  readonly kind: TableKind;
}

export interface TableRow {
  /** Of a text file the line, of Parquet the row; from 1. */
  readonly number: number;
  /** Bytes of the file up to here, where they are known. */
  readonly end: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

export type TableEntry = TableRow | (Omit<TableRow, 'fields'> & { readonly reason: string });

/** What is wrong with a whole table; the message follows its name. */
export class TableProblem extends Error {}

const KIND_OF: Readonly<Record<string, TableKind>> = {
  '.csv': 'csv',
  '.tsv': 'csv',
  '.txt': 'csv',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.parquet': 'parquet',
};
export const tableKindOf = (path: string): TableKind | undefined => KIND_OF[extname(path).toLowerCase()];

/**
 * The rows of a table, in its order, in little memory. Rows that cannot be read come with their reason.
 * @throws TableProblem; errors of the file system as they are
 */
export async function* rowsOf({
  path,
  kind,
}: Pick<Table, 'path' | 'kind'>): AsyncGenerator<TableEntry, void, undefined> {
  if (kind === 'csv') yield* csvRows(path);
  else if (kind === 'jsonl') yield* jsonRows(path);
  else yield* parquetRows(path);
}

async function* csvRows(path: string): AsyncGenerator<TableEntry, void, undefined> {
  let columns: readonly string[] | undefined;
  for await (const record of csvRecords(path, /\.tsv$/i.test(path) ? '\t' : undefined)) {
    const { line: number, end } = record;
    if ('reason' in record) {
      if (columns === undefined) throw new TableProblem(headerProblem(record.reason));
      yield { number, end, reason: record.reason };
      continue;
    }
    const { fields } = record;
    if (columns === undefined) {
      columns = columnsOf(fields);
      if (!fields.some(hasPictureExtension)) continue;
    }
    if (fields.length !== columns.length) {
      const reason = `it has ${fields.length} fields, and the table has ${columns.length} columns`;
      yield { number, end, reason };
    } else yield { number, end, fields: Object.fromEntries(columns.map((column, i) => [column, fields[i]])) };
  }
}

const headerProblem = (reason: string): string =>
  reason === 'it is not UTF-8'
    ? 'is not text in UTF-8: save it as CSV in UTF-8'
    : `has no header that can be read: ${reason}`;

/** The names of the columns: of the header, or numbers where the first line describes a picture. */
function columnsOf(first: readonly string[]): readonly string[] {
  const isRow = first.some(hasPictureExtension);
  const names = first.map((name, i) => (isRow || name.trim() === '' ? `column ${i + 1}` : name.trim()));
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new TableProblem(`has two columns called ${JSON.stringify(twice)}`);
  return names;
}

async function* jsonRows(path: string): AsyncGenerator<TableEntry, void, undefined> {
  for await (const line of linesOf(path, LONGEST_LINE)) {
    const parsed = parseLine(line);
    if (parsed === undefined) continue;
    const { number, end } = line;
    yield 'reason' in parsed ? { number, end, reason: parsed.reason } : { number, end, fields: parsed.line };
  }
}

/** Rows of Parquet that are decoded together. */
const ROWS = 10_000;

async function* parquetRows(path: string): AsyncGenerator<TableEntry, void, undefined> {
  const source = await openFileBytes(path);
  const decoder = new ParquetDecoder();
  try {
    const metadata = await readFooter(source);
    const columns = parquetSchema(metadata).children.map(({ element }) => element.name);
    const total = Number(metadata.num_rows);
    const { byteLength } = source;
    for (let rowStart = 0; rowStart < total; rowStart += ROWS) {
      const rowEnd = Math.min(total, rowStart + ROWS);
      const job = { byteLength, metadata, columns, rowStart, rowEnd, useOffsetIndex: false };
      const rows = await decoder.rows(source, job);
      for (const [i, fields] of rows.entries()) yield { number: rowStart + i + 1, end: byteLength, fields };
    }
  } catch (error) {
    if (isForeign(error)) throw error;
    throw new TableProblem(reasonOf(error));
  } finally {
    await decoder.close();
    await source.close();
  }
}
