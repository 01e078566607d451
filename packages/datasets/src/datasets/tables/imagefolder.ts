import { join, resolve } from 'node:path';
import { listed, NeurodexError } from '@neurodex/core';
import type { Dataset, LayoutNote } from '../dataset.ts';
import { listPictures } from '../folder/folder.ts';
import { planByLevel } from '../folder/layout.ts';
import { folderKind } from '../split-names.ts';
import { classNamesIn } from './class-names.ts';
import { fileNameColumns } from './columns.ts';
import { FileIndex } from './file-index.ts';
import type { SourceFolder } from './find.ts';
import { JoinedPictures } from './joined.ts';
import { firstRows, type ReadTablesOptions, readTables } from './read-tables.ts';
import { type Table, tableKindOf } from './table.ts';

const NAMES = ['metadata.jsonl', 'metadata.csv', 'metadata.parquet'] as const;
const isMetadata = (path: string): boolean => NAMES.some((name) => path === name || path.endsWith(`/${name}`));

const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

function tableAt(source: string, name: string): Table {
  const kind = tableKindOf(name) ?? 'csv';
  return { path: join(source, name), name, kind, folder: folderOf(name) };
}

/** Whether a folder has files of metadata as the imagefolder of Hugging Face `datasets`: at its top, or in folders of splits. */
export async function isImageFolder(folder: SourceFolder): Promise<boolean> {
  for (const name of await folder.likelyFiles(isMetadata)) {
    const rows = await firstRows(tableAt(folder.path, name), 20).catch(() => undefined);
    // A damaged one is told when it is opened.
    const columns = rows?.flatMap(({ fields }) => Object.keys(fields));
    if (columns === undefined ? name.endsWith('.parquet') : fileNameColumns(columns).length > 0) return true;
  }
  return false;
}

/** How a folder with metadata is read. */
export interface ImageFolderOptions extends ReadTablesOptions {
  /** The class is the folder at this level, beside what the metadata say: as `drop_labels=False`. */
  readonly classLevel?: number;
}

/**
 * Pictures with files of metadata, as Hugging Face's imagefolder has them: `metadata.jsonl`, `.csv` or `.parquet`, whose column
 * `file_name` (or `…_file_name`) is a path relative to the file. Folders are no classes then, as in `datasets`.
 * @throws NeurodexError source-missing, source-empty, source-unusable (two files of metadata for the same folder, two columns of
 *   files)
 * @example
 * ```ts
 * import { writeFileSync } from 'node:fs';
 * import { openImageFolder } from '@neurodex/datasets';
 *
 * writeFileSync('photos/metadata.csv', 'file_name,label,text\ncat/1.png,tabby,A cat.\n');
 * const [first] = (await openImageFolder('photos')).pictures;
 * console.log(first?.path, first?.labels.join(), first?.captions?.join()); // → cat/1.png tabby A cat.
 * ```
 */
export async function openImageFolder(path: string, options: ImageFolderOptions = {}): Promise<Dataset> {
  const { classLevel } = options;
  const source = resolve(path);
  const { files, skipped } = await listPictures(source);
  const names = skipped.map((each) => each.path).filter(isMetadata);
  refuseTwo(source, names);
  // The metadata that are nearest to a picture come first.
  const tables = names
    .map((name) => tableAt(source, name))
    .sort((a, b) => depth(b) - depth(a) || (a.name < b.name ? -1 : 1));
  const joined = new JoinedPictures();
  const classNames = await classNamesIn(source);
  const layout: LayoutNote[] = await readTables(tables, new FileIndex(files), joined, { ...options, classNames });
  if (classLevel !== undefined) joined.labelByFolder(planByLevel(files, classLevel).placed);
  else if (files.some(isInClassFolder)) {
    layout.push({
      message:
        'folders are no classes where metadata describe the pictures (--class-level N takes the folders of level N as classes too)',
    });
  }
  return joined.dataset({
    name: 'imagefolder',
    source,
    files,
    by: listed(names, 2),
    tables: tables.map((table) => table.path),
    skipped: skipped.filter((each) => !names.includes(each.path)),
    layout,
  });
}

const isInClassFolder = (file: string): boolean =>
  file
    .split('/')
    .slice(0, -1)
    .some((name) => folderKind(name).kind === 'class');

const depth = ({ folder }: Table): number => (folder === '' ? 0 : folder.split('/').length);

function refuseTwo(source: string, names: readonly string[]): void {
  const folders = names.map(folderOf);
  const at = folders.findIndex((folder, i) => folders.indexOf(folder) < i);
  if (at < 0) return;
  const both = names.filter((name) => folderOf(name) === folders[at]);
  throw new NeurodexError('source-unusable', `${source} has two files of metadata for one folder: ${listed(both)}`, {
    hint: 'keep the one that describes the pictures, and move the other elsewhere',
    details: { source, files: both },
  });
}
