import { stat } from 'node:fs/promises';
import { errorCode, listed, NeurodexError, type Reporter, silentReporter } from '@neurodex/core';
import { throwIfInterrupted } from '@neurodex/core/storage';
import type { LayoutNote } from '../dataset.ts';
import type { ColumnFlags } from '../label-columns.ts';
import { plainName } from '../label-columns.ts';
import { type ClassNames, describeRow } from '../labels.ts';
import { chooseColumns, isSet, nameIn, type TableColumns } from './columns.ts';
import type { FileIndex } from './file-index.ts';
import type { JoinedPictures, PictureFacts } from './joined.ts';
import { rowsOf, type Table, TableProblem, type TableRow } from './table.ts';

/** Rows that say which columns there are. */
const FIRST_ROWS = 1000;

/** How tables are read. */
export interface ReadTablesOptions extends ColumnFlags {
  /** Names of the labels that are numbers, by the column. */
  readonly classNames?: ReadonlyMap<string, ClassNames>;
  /** Told how far it is. */
  readonly reporter?: Reporter;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

/** The first rows of a table. @throws TableProblem; errors of the file system as they are */
export async function firstRows(table: Pick<Table, 'path' | 'kind'>, most = FIRST_ROWS): Promise<TableRow[]> {
  const rows: TableRow[] = [];
  for await (const entry of rowsOf(table)) {
    if ('fields' in entry) rows.push(entry);
    if (rows.length >= most) break;
  }
  return rows;
}

/**
 * Reads tables whose rows name pictures, and puts what they say to the pictures.
 * @returns how they were read
 * @throws NeurodexError `source-unusable` for a table whose columns make no sense, `interrupted`
 */
export async function readTables(
  tables: readonly Table[],
  index: FileIndex,
  joined: JoinedPictures,
  options: ReadTablesOptions = {},
): Promise<LayoutNote[]> {
  const layout = new Map<string, LayoutNote>();
  for (const table of tables) {
    try {
      for (const note of await readTable(table, index, joined, options)) layout.set(note.message, note);
    } catch (error) {
      throw inWords(table, error);
    }
  }
  return [...layout.values()];
}

function inWords({ path }: Table, error: unknown): unknown {
  if (error instanceof TableProblem) {
    return new NeurodexError('source-unusable', `${path} ${error.message}`, {
      hint: '--picture-column and --label-column name the columns to read',
      details: { path },
      cause: error,
    });
  }
  if (error instanceof NeurodexError || errorCode(error) === undefined) return error;
  return new NeurodexError('source-unusable', `${path} cannot be read (${errorCode(error)})`, {
    hint: 'give a file that you may read',
    details: { path },
    cause: error,
  });
}

async function readTable(
  table: Table,
  index: FileIndex,
  joined: JoinedPictures,
  options: ReadTablesOptions,
): Promise<LayoutNote[]> {
  const { reporter = silentReporter, signal, classNames } = options;
  const first = await firstRows(table);
  if (first.length === 0) return [{ message: `${table.name} has no rows`, doubtful: true }];
  const columns = chooseColumns(table, first, index, options);
  const names = columns.labels[0] === undefined ? undefined : classNames?.get(columns.labels[0]);
  const seen = new Map<string, number>();
  const total = (await stat(table.path)).size;
  for await (const entry of rowsOf(table)) {
    throwIfInterrupted(signal);
    reporter.progress({ phase: 'listing', done: entry.end, total, unit: 'bytes' });
    const where = `${table.kind === 'parquet' ? 'row' : 'line'} ${entry.number}`;
    if ('reason' in entry) {
      joined.fault(table.name, where, entry.reason, `rows: ${entry.reason.replace(/\d+/g, 'N')}`);
      continue;
    }
    const { fields } = entry;
    for (const name of Object.keys(fields)) {
      if (!isBlank(fields[name]) && (seen.has(name) || seen.size < FIRST_ROWS))
        seen.set(name, (seen.get(name) ?? 0) + 1);
    }
    const name = nameIn(fields, columns.picture);
    if (name === undefined) {
      const reason = `it has nothing in the column ${JSON.stringify(columns.picture)}, which names the picture`;
      joined.fault(table.name, where, reason, 'rows: they name no picture');
      continue;
    }
    const found = index.find(name, table);
    const facts = 'path' in found ? factsOf(fields, columns, table, names) : found;
    if ('reason' in facts) joined.fault(table.name, where, facts.reason, `rows: ${facts.group ?? facts.reason}`);
    else if ('path' in found) joined.add(table.name, where, found.path, facts);
  }
  return notesOf(table, columns, seen);
}

const isBlank = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === 'string' && value.trim() === '');

/** Columns of this form of the name hold several labels in one text: `labels`, `tags`. */
const SEVERAL = /^(?:labels|classes|categories|tags|targets|.*(?:labels|names))$/;

function factsOf(
  fields: TableRow['fields'],
  columns: TableColumns,
  { kind }: Table,
  names: ClassNames,
): PictureFacts | { readonly reason: string; readonly group?: string } {
  if (columns.classes.length > 0) {
    return { labels: columns.classes.filter((name) => isSet(fields[name])), captions: [] };
  }
  const labels = columns.labels.flatMap((column): readonly unknown[] => {
    const value = fields[column];
    if (isBlank(value)) return [];
    if (kind !== 'csv' || typeof value !== 'string') return Array.isArray(value) ? value : [value];
    const several = SEVERAL.test(plainName(column)) ? value.split(/[|;,]/) : [value];
    return several
      .map((each) => each.trim())
      .filter((each) => each !== '')
      .map((each) => numbered(each, names));
  });
  const captions = columns.captions.flatMap((column): readonly unknown[] => {
    const value = fields[column];
    return isBlank(value) ? [] : Array.isArray(value) ? value : [value];
  });
  const described = describeRow({ labels, captions }, names);
  if ('reason' in described) return described;
  return { labels: described.labels, captions: [...new Set(described.captions ?? [])] };
}

/** In CSV numbers are texts. */
const numbered = (text: string, names: ClassNames): unknown =>
  names !== undefined && /^-?\d+$/.test(text) ? Number(text) : text;

function notesOf(table: Table, columns: TableColumns, seen: ReadonlyMap<string, number>): LayoutNote[] {
  const { picture, labels, classes, captions } = columns;
  const what = [
    `the pictures are those of the column ${listed([picture])}`,
    ...(labels.length > 0 ? [`the labels are those of ${listed(labels)}`] : []),
    ...(classes.length > 0 ? [`the labels are the columns of 0 and 1 (${listed(classes, 4)})`] : []),
    ...(captions.length > 0 ? [`the captions are those of ${listed(captions)}`] : []),
  ];
  const notes: LayoutNote[] = [{ message: `${table.name} describes the pictures: ${what.join('; ')}` }];
  const read = new Set([picture, ...labels, ...classes, ...captions]);
  const unread = [...seen].filter(([name]) => !read.has(name));
  if (unread.length > 0) {
    const names = unread.map(([name, rows]) => (name === 'objects' ? `objects (in ${rows} rows)` : name));
    notes.push({
      message: `${table.name}: ${unread.length === 1 ? 'the column' : 'the columns'} ${listed(names)} ${unread.length === 1 ? 'is' : 'are'} not read`,
    });
  }
  return notes;
}
