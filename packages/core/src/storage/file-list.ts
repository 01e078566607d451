import * as disk from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fromFileSystem, NeurodexError } from '../errors.ts';
import { isRecord } from '../records.ts';
import { errorCode } from '../thrown.ts';
import { damaged } from './damaged.ts';
import { parseJson, readSmall } from './json-file.ts';
import { LOCK_FILE } from './lock.ts';
import { renamePath } from './rename.ts';
import { checkSeal, hasSeal, sealed } from './seal.ts';

/** In every folder that the program makes: which files it made there. `--force` deletes these and no others. */
export const FILE_LIST = 'files.json';
const FORMAT = 'neurodex-files';

/** A file that the program made. */
export interface ListedFile {
  /** Its path within the folder, '/' between folders. */
  readonly file: string;
  /** Its size. */
  readonly bytes: number;
}

/** Reads which files of a folder the program made; undefined where the folder does not say. */
export type FileLister = (folder: string) => Promise<readonly string[] | undefined>;

/**
 * Whether a path of a list stays within its folder.
 * @example
 * ```ts
 * import { isInside } from '@neurodex/core/storage';
 *
 * console.log(isInside('names/cats.txt'), isInside('../cats.txt'), isInside('/etc/passwd')); // → true false false
 * ```
 */
export const isInside = (path: string): boolean =>
  path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && part !== '\\');

/**
 * Lists the files that are in a folder now, and in folders within it, in its `files.json`.
 * @throws NeurodexError `output-unwritable`, `disk-full`
 * @example
 * ```ts
 * import { mkdirSync, writeFileSync } from 'node:fs';
 * import { readFileSizes, writeFileList } from '@neurodex/core/storage';
 *
 * mkdirSync('out/names', { recursive: true });
 * writeFileSync('out/names/cats.txt', 'Tom\n');
 * await writeFileList('out');
 * console.log(await readFileSizes('out')); // → [ { file: 'names/cats.txt', bytes: 4 } ]
 * ```
 */
export async function writeFileList(folder: string): Promise<void> {
  const files: ListedFile[] = [];
  for await (const { path, entry } of walk(folder, () => true)) {
    if (!entry.isFile() || path === LOCK_FILE || path === FILE_LIST || TORN_LIST.test(path)) continue;
    files.push({ file: path, bytes: (await disk.stat(join(folder, path))).size });
  }
  files.sort((a, b) => (a.file < b.file ? -1 : 1));
  await writeList(folder, files);
}

/** Adds files that the program writes into a folder later. @param names in the folder itself */
export async function addToFileList(folder: string, names: readonly string[]): Promise<void> {
  const before = ((await readFileSizes(folder)) ?? []).filter(({ file }) => !names.includes(file));
  const added: ListedFile[] = [];
  for (const file of names) {
    const found = await disk.stat(join(folder, file)).catch(() => undefined);
    added.push({ file, bytes: found?.size ?? 0 });
  }
  await writeList(folder, [...before, ...added]);
}

/**
 * Lists a folder in which some files were written and others deleted, without looking at the rest of it.
 * @param written with '/' between folders; those that were deleted are none of them
 * @example
 * ```ts
 * import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
 * import { changeFileList, readFileSizes, writeFileList } from '@neurodex/core/storage';
 *
 * mkdirSync('out');
 * writeFileSync('out/cats.txt', 'Tom\n');
 * await writeFileList('out');
 * rmSync('out/cats.txt');
 * writeFileSync('out/dogs.txt', 'Rex, Bello\n');
 * await changeFileList('out', { written: ['dogs.txt'], deleted: ['cats.txt'] });
 * console.log(await readFileSizes('out')); // → [ { file: 'dogs.txt', bytes: 11 } ]
 * ```
 */
export async function changeFileList(
  folder: string,
  { written, deleted }: { readonly written: readonly string[]; readonly deleted: readonly string[] },
): Promise<void> {
  const before = await readFileSizes(folder);
  if (before === undefined) return await writeFileList(folder);
  const gone = new Set([...written, ...deleted]);
  const sizes = await Promise.all(
    written.map(async (file) => ({ file, bytes: (await disk.stat(join(folder, file))).size })),
  );
  const files = [...before.filter(({ file }) => !gone.has(file)), ...sizes];
  await writeList(
    folder,
    files.sort((a, b) => (a.file < b.file ? -1 : 1)),
  );
}

/**
 * Adds a file to the list of the folder that it is in; a folder without one is left as it is.
 * @example
 * ```ts
 * import { mkdirSync, writeFileSync } from 'node:fs';
 * import { listInFolder, readFileSizes, writeFileList } from '@neurodex/core/storage';
 *
 * mkdirSync('out');
 * await writeFileList('out');
 * writeFileSync('out/cats.txt', 'Tom\n');
 * await listInFolder('out/cats.txt');
 * console.log(await readFileSizes('out')); // → [ { file: 'cats.txt', bytes: 4 } ]
 * ```
 */
export async function listInFolder(path: string): Promise<void> {
  const folder = dirname(path);
  if ((await readFileSizes(folder)) !== undefined) await addToFileList(folder, [basename(path)]);
}

/**
 * The files of a folder with their sizes, as they were listed; undefined where there is no list, or one that was changed.
 * @example
 * ```ts
 * import { mkdirSync, writeFileSync } from 'node:fs';
 * import { FILE_LIST, readFileSizes, writeFileList } from '@neurodex/core/storage';
 *
 * mkdirSync('out');
 * writeFileSync('out/cats.txt', 'Tom\n');
 * await writeFileList('out');
 * console.log(await readFileSizes('out'), await readFileSizes('photos')); // → [ { file: 'cats.txt', bytes: 4 } ] undefined
 * writeFileSync(`out/${FILE_LIST}`, '{ "files": [] }');
 * console.log(await readFileSizes('out')); // → undefined
 * ```
 */
export async function readFileSizes(folder: string): Promise<readonly ListedFile[] | undefined> {
  try {
    const value: unknown = JSON.parse(await disk.readFile(join(folder, FILE_LIST), 'utf8'));
    return hasSeal(value) ? filesOf(value) : undefined;
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined || code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw fromFileSystem(error, join(folder, FILE_LIST));
  }
}

/**
 * Checks that the list of a folder is as it was written. The files themselves are not looked at.
 * @throws NeurodexError `index-missing`, `index-damaged`, `index-unreadable`
 * @example
 * ```ts
 * import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
 * import { errorCode } from '@neurodex/core';
 * import { checkFileList, FILE_LIST, writeFileList } from '@neurodex/core/storage';
 *
 * mkdirSync('out');
 * writeFileSync('out/cats.txt', 'Tom\n');
 * await writeFileList('out');
 * await checkFileList('out'); // goes on
 * const list = readFileSync(`out/${FILE_LIST}`, 'utf8');
 * writeFileSync(`out/${FILE_LIST}`, list.replace('cats', 'dogs'));
 * await checkFileList('out').catch((error) => console.log(errorCode(error))); // → index-damaged
 * ```
 */
export async function checkFileList(folder: string): Promise<void> {
  const path = join(folder, FILE_LIST);
  const value = parseJson(await readSmall(path), path);
  checkSeal(value, path);
  if (filesOf(value) === undefined) throw damaged(path, 'is no list of files');
}

/** What a list says, where it is one. Checked by hand: every command reads it, and loading zod would take longer than all else here. */
function filesOf(list: unknown): readonly ListedFile[] | undefined {
  if (!isRecord(list) || list.format !== FORMAT || list.version !== 1 || !Array.isArray(list.files)) return undefined;
  const files: ListedFile[] = [];
  for (const each of list.files) {
    if (!isRecord(each)) return undefined;
    const { file, bytes } = each;
    if (typeof file !== 'string' || !isInside(file)) return undefined;
    if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || bytes < 0) return undefined;
    files.push({ file, bytes });
  }
  return files;
}

/** The files that the program made in a folder, and in folders of its own within it. */
export const readFileList: FileLister = async (folder) => {
  const own = await readFileSizes(folder);
  if (own === undefined) return undefined;
  const files = [FILE_LIST, ...own.map(({ file }) => file)];
  for (const list of files.filter((file) => file.endsWith(`/${FILE_LIST}`))) {
    const within = dirname(list);
    for (const file of (await readFileList(join(folder, within))) ?? []) files.push(`${within}/${file}`);
  }
  return files;
};

/** Names of what else is in a folder, as far up as possible: a folder of which nothing is listed is named alone. */
export async function otherFiles(folder: string, listed: readonly string[]): Promise<string[]> {
  const files = new Set([...listed, LOCK_FILE]);
  const folders = foldersOf(listed);
  const others: string[] = [];
  for await (const { path, entry } of walk(folder, (each) => folders.has(each))) {
    const ours = entry.isDirectory() ? folders.has(path) : files.has(path) || TORN_LIST.test(path);
    if (!ours) others.push(entry.isDirectory() ? `${path}/` : path);
  }
  return others.sort();
}

/** Deletes the listed files of a folder, and the folders that are empty then. @returns what is left, by name */
export async function removeListed(folder: string, listed: readonly string[]): Promise<string[]> {
  // The list itself is the first of them, and needed as long as there are others.
  const torn = (await disk.readdir(folder)).filter((name) => TORN_LIST.test(name));
  for (const file of [LOCK_FILE, ...listed, ...torn].reverse()) await disk.rm(join(folder, file), { force: true });
  const deepestFirst = [...foldersOf(listed)].sort((a, b) => b.length - a.length);
  for (const within of [...deepestFirst, '.']) await disk.rmdir(join(folder, within)).catch(() => {});
  return await disk.readdir(folder).catch(() => []);
}

/** The error of a folder that holds what the program did not make. */
export function holdsOthers(folder: string, others: readonly string[]): NeurodexError {
  const named = others.slice(0, 5).join(', ');
  const more = others.length > 5 ? ` and ${others.length - 5} more` : '';
  return new NeurodexError(
    'output-exists',
    `${folder} holds ${named}${more}, which Neurodex did not write, so it is not replaced`,
    {
      hint: `move ${others.length === 1 ? 'it' : 'them'} elsewhere, or choose another folder`,
      details: { path: folder, others },
    },
  );
}

async function writeList(folder: string, files: readonly ListedFile[]): Promise<void> {
  const path = join(folder, FILE_LIST);
  const temporary = `${path}.${process.pid}.new`;
  try {
    await disk.writeFile(temporary, sealed({ format: FORMAT, version: 1, files }));
    await renamePath(temporary, path);
  } catch (error) {
    await disk.rm(temporary, { force: true }).catch(() => {});
    throw fromFileSystem(error, path);
  }
}

/** A list that a process was writing when it was killed. */
const TORN_LIST = /^files\.json\.\d+\.new$/;

function foldersOf(files: readonly string[]): Set<string> {
  const folders = new Set<string>();
  for (const file of files) {
    for (let at = file.lastIndexOf('/'); at > 0; at = file.lastIndexOf('/', at - 1)) folders.add(file.slice(0, at));
  }
  return folders;
}

/** Everything below a folder; links are not followed. */
async function* walk(
  root: string,
  enters: (path: string) => boolean,
  below = '',
): AsyncGenerator<{ path: string; entry: import('node:fs').Dirent }> {
  for (const entry of await disk.readdir(join(root, below), { withFileTypes: true })) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    yield { path, entry };
    if (entry.isDirectory() && enters(path)) yield* walk(root, enters, path);
  }
}
