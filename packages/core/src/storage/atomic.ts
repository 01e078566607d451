import * as disk from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { fromFileSystem } from '../errors.ts';
import { throwIfInterrupted } from '../interrupted.ts';
import { systemError } from '../thrown.ts';
import { type FileLister, writeFileList } from './file-list.ts';
import { makeFolder } from './make-folder.ts';
import { renamePath } from './rename.ts';
import { putInPlace, recoverReplaced, refuseExisting } from './replace.ts';
import { type FileSystem, syncFolder, syncTree } from './sync.ts';
import { removeStale, Temporary } from './temporary.ts';

export { throwIfInterrupted } from '../interrupted.ts';
export { putInPlace, refuseExisting } from './replace.ts';
export { type FileSystem, syncTree } from './sync.ts';

/**
 * Write a file so that its name means either the old content or the whole new one, after a power cut as well: in a
 * temporary folder beside it, fsync, rename. What a process that was killed left there of the same file is removed.
 * @throws NeurodexError `disk-full`, `output-unwritable`
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs';
 * import { writeFileAtomically } from '@neurodex/core/storage';
 *
 * for (const colour of ['red', 'green']) await writeFileAtomically('colour.txt', colour);
 * console.log(readFileSync('colour.txt', 'utf8')); // → green
 * ```
 */
export async function writeFileAtomically(
  path: string,
  content: string | Uint8Array,
  files: FileSystem = disk,
): Promise<void> {
  await writeAtomically(path, (handle) => handle.writeFile(content), files);
}

/**
 * As `writeFileAtomically`, for content that comes in pieces.
 * @param fill writes it
 * @throws NeurodexError `disk-full`, `output-unwritable`; and whatever `fill` throws: the file is then as it was
 * @example
 * ```ts
 * import { existsSync, readFileSync } from 'node:fs';
 * import { writeAtomically } from '@neurodex/core/storage';
 *
 * await writeAtomically('colours.txt', async (file) => {
 *   for (const colour of ['red', ' green']) await file.write(colour);
 *   console.log(existsSync('colours.txt')); // → false
 * });
 * console.log(readFileSync('colours.txt', 'utf8')); // → red green
 * ```
 */
export async function writeAtomically(
  path: string,
  fill: (handle: disk.FileHandle) => Promise<void>,
  files: FileSystem = disk,
): Promise<void> {
  let temporary: Temporary | undefined;
  try {
    await removeStale(resolve(path));
    temporary = await Temporary.beside(resolve(path), files);
    const file = join(temporary.folder, basename(path));
    const handle = await files.open(file, 'wx');
    try {
      await fill(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await renamePath(file, path, { files });
    await syncFolder(dirname(path), files);
  } catch (error) {
    throw fromFileSystem(error, path);
  } finally {
    await temporary?.remove();
  }
}

/** How a folder is made. */
export interface CreateFolderOptions {
  /** Replace what is there. The old folder stays until the new one is complete. */
  readonly force?: boolean;
  /**
   * A file that the old folder must hold for `force` to replace it ('index.json'), so that a slip of the pen cannot
   * delete a folder of another kind. An empty folder is replaced in any case.
   */
  readonly marker?: string;
  /** Tells which files of an old folder the program made; those of its list of files by default. */
  readonly lister?: FileLister;
  /** Once given, the result is thrown away. `work` should watch it too: it is waited for. */
  readonly signal?: AbortSignal;
  /** The file system; that of the machine by default. */
  readonly files?: FileSystem;
}

/**
 * Make a folder that appears under its name only when `work` is done: `work` fills `<target>.partial-<pid>-…` beside
 * it, which is then renamed; on any error it is removed, and what a process that was killed left of the same target too.
 * @returns what `work` returned
 * @throws NeurodexError `output-exists` (before any work), `interrupted`, `disk-full`, `output-unwritable`; and
 *   whatever `work` throws
 * @example
 * ```ts
 * import { existsSync, readdirSync, writeFileSync } from 'node:fs';
 * import { createFolder } from '@neurodex/core/storage';
 *
 * await createFolder('out', {}, async (temporary) => {
 *   writeFileSync(`${temporary}/colours.txt`, 'red');
 *   console.log(existsSync('out')); // → false
 * });
 * console.log(readdirSync('out').sort()); // → [ 'colours.txt', 'files.json' ]
 * ```
 */
export async function createFolder<T>(
  target: string,
  options: CreateFolderOptions,
  work: (temporary: string) => Promise<T>,
): Promise<T> {
  const { force = false, marker, lister, signal, files = disk } = options;
  const goal = resolve(target);
  await recoverReplaced(goal, lister);
  await refuseExisting(goal, { force, marker, lister, files });
  throwIfInterrupted(signal);
  let temporary: Temporary | undefined;
  try {
    await makeFolder(dirname(goal), files, goal);
    await removeStale(goal);
    temporary = await Temporary.beside(goal, files);
    const result = await work(temporary.folder);
    throwIfInterrupted(signal);
    if (lister === undefined) await writeFileList(temporary.folder);
    await syncTree(temporary.folder, files);
    await putInPlace(temporary.folder, goal, { force, marker, lister, files });
    await temporary.releaseAt(goal);
    temporary = undefined;
    return result;
  } catch (error) {
    await temporary?.releaseAt(goal);
    throw inWordsOf(error, temporary?.folder ?? goal, goal);
  } finally {
    await temporary?.remove();
  }
}

/** A refusal that concerns the new folder, or has no path, is about the target; others belong to `work`. */
export function inWordsOf(error: unknown, temporary: string, goal: string): unknown {
  const { path } = systemError(error);
  const ours = path === undefined || path === temporary || path.startsWith(temporary + sep);
  return ours || path === goal || path === dirname(goal) ? fromFileSystem(error, goal) : error;
}
