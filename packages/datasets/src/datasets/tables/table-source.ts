import { stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { listed, NeurodexError } from '@neurodex/core';
import type { Dataset } from '../dataset.ts';
import { type Listing, listPictures } from '../folder/folder.ts';
import { planByLevel, planFolder } from '../folder/layout.ts';
import { splitAndStem } from '../split-names.ts';
import { chooseColumns } from './columns.ts';
import { FileIndex } from './file-index.ts';
import { SourceFolder } from './find.ts';
import { JoinedPictures } from './joined.ts';
import { firstRows, type ReadTablesOptions, readTables } from './read-tables.ts';
import { type Table, tableKindOf } from './table.ts';

/** Flickr8k calls its table so. */
const isTableName = (name: string): boolean => /\.(?:csv|tsv)$/i.test(name) || /^captions\.txt$/i.test(name);
/** What competitions want back, and what models have said, describes no pictures. */
const ANSWERS = /submission|predict|(?:^|[-_ ])preds?(?:[-_ .]|$)/i;

function tableAt(source: string, name: string): Table {
  const at = name.lastIndexOf('/');
  const stem = basename(name, extname(name));
  return {
    path: join(source, name),
    name,
    kind: tableKindOf(name) ?? 'csv',
    folder: name.slice(0, Math.max(0, at)),
    part: splitAndStem(stem)?.part,
  };
}

/** Rows that show whether a table is about the pictures. */
const LOOKED_AT = 100;

/**
 * The tables of a folder whose rows name pictures of it and give them labels or captions.
 * @param index the pictures of the folder
 */
async function tablesIn(source: string, names: readonly string[], index: FileIndex): Promise<Table[]> {
  const found: Table[] = [];
  for (const name of [...names].sort()) {
    if (ANSWERS.test(basename(name))) continue;
    const table = tableAt(source, name);
    const rows = await firstRows(table, LOOKED_AT).catch(() => []);
    try {
      const { labels, captions, classes } = chooseColumns(table, rows, index);
      if (labels.length + captions.length + classes.length > 0) found.push(table);
    } catch (error) {
      // Several columns that may be the label: it is about the pictures, and opening it says what to do.
      if (error instanceof Error && /has several columns/.test(error.message)) found.push(table);
    }
  }
  return found;
}

/** Whether a path is a table of pictures, or a folder that has one. */
export async function isTableSource(folder: SourceFolder): Promise<boolean> {
  const { path } = folder;
  if ((await stat(path).catch(() => undefined))?.isFile()) return isTableName(basename(path));
  const names = await folder.likelyFiles(isTableName);
  if (names.length === 0) return false;
  const listing = await listPictures(path).catch(() => undefined);
  return listing !== undefined && (await tablesIn(path, names, new FileIndex(listing.files))).length > 0;
}

/** How a table is read. */
export interface TableSourceOptions extends ReadTablesOptions {
  /** The class is the folder at this level, beside what the table says. */
  readonly classLevel?: number;
}

/**
 * Pictures that a table describes: CSV or TSV with a column of paths, file names or ids, and one of labels or captions, or a column
 * for each class. The table is SOURCE, or lies in the folder that is. Where it has no labels, folders are the classes as without it.
 * @throws NeurodexError source-missing, source-empty, source-unusable
 * @example
 * ```ts
 * import { writeFileSync } from 'node:fs';
 * import { openTableSource } from '@neurodex/datasets';
 *
 * writeFileSync('photos/labels.tsv', 'path\tlabel\ncat/1.png\ttabby\n');
 * const { pictures } = await openTableSource('photos/labels.tsv');
 * console.log(pictures[0]?.path, pictures[0]?.labels.join()); // → cat/1.png tabby
 * ```
 */
export async function openTableSource(path: string, options: TableSourceOptions = {}): Promise<Dataset> {
  const at = resolve(path);
  const found = await stat(at).catch(() => undefined);
  if (found === undefined) {
    throw new NeurodexError('source-missing', `${at} does not exist`, {
      hint: 'check the path for a typing error',
      details: { source: at },
    });
  }
  const root = found.isFile() ? dirname(at) : at;
  // Of a table without pictures its own columns say what is wrong: addresses in place of paths.
  const { files, folders, skipped } = await listPictures(root).catch((error: unknown) => {
    if (found.isFile() && error instanceof NeurodexError && error.code === 'source-empty') return NOTHING;
    throw error;
  });
  const index = new FileIndex(files);
  const tables = found.isFile()
    ? [tableAt(root, basename(at))]
    : await tablesIn(root, await new SourceFolder(root).likelyFiles(isTableName), index);
  refuseSeveral(root, tables);
  const joined = new JoinedPictures();
  const layout = await readTables(tables, index, joined, options);
  const { classLevel } = options;
  if (classLevel !== undefined) joined.labelByFolder(planByLevel(files, classLevel).placed);
  else if (!joined.hasLabels) {
    const { placed } = planFolder(files, folders, root);
    const classes = new Set(placed.map(({ label }) => label));
    // A folder around all pictures is no class.
    if (classes.size > 1) {
      joined.labelByFolder(placed);
      layout.push({ message: `no table has labels: the ${classes.size} folders around the pictures are the classes` });
    }
  }
  const names = tables.map(({ name }) => name);
  return joined.dataset({
    name: 'csv',
    source: at,
    root,
    files,
    by: listed(names, 2),
    tables: tables.map((table) => table.path),
    skipped: skipped.filter((each) => !names.includes(each.path)),
    layout,
  });
}

const NOTHING: Listing = { files: [], folders: [], skipped: [] };

/** Several tables go together where each is of one split, or of one folder. */
function refuseSeveral(source: string, tables: readonly Table[]): void {
  const places = tables.map(({ folder, part }) => `${folder}\0${part ?? ''}`);
  const at = places.findIndex((place, i) => places.indexOf(place) < i);
  const together = tables.filter((_, i) => places[i] === places[at]).map(({ name }) => name);
  if (at < 0) return;
  throw new NeurodexError(
    'source-unusable',
    `${source} has several tables that describe the same pictures: ${listed(together)}`,
    { hint: 'name the table to read as SOURCE, or move the others elsewhere', details: { source, tables: together } },
  );
}
