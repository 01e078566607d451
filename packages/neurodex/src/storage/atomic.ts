import { randomBytes } from 'node:crypto';
import * as disk from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { fromFileSystem, NeurodexError } from '../errors.ts';

/** What writing needs of `node:fs/promises`; tests hand in one that fails. */
export type FileSystem = Pick<typeof disk, 'lstat' | 'mkdir' | 'open' | 'readdir' | 'rename' | 'rm'>;

/** Beside the target, so that the rename stays on one file system; the random part lets two writers meet. */
const besides = (target: string, word: string): string =>
  `${target}.${word}-${process.pid}-${randomBytes(3).toString('hex')}`;

/** @throws NeurodexError `interrupted` once the signal has been given */
export function throwIfInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw new NeurodexError('interrupted', 'interrupted', { cause: signal.reason });
  }
}

/**
 * Write a file so that its name means either the old content or the whole new one, after a power cut as well:
 * temporary name beside it, fsync, rename.
 * @throws NeurodexError `disk-full`, `output-unwritable`
 */
export async function writeFileAtomically(
  path: string,
  content: string | Uint8Array,
  files: FileSystem = disk,
): Promise<void> {
  const temporary = besides(path, 'partial');
  try {
    const handle = await files.open(temporary, 'wx');
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await files.rename(temporary, path);
    await syncFolder(dirname(path), files);
  } catch (error) {
    await files.rm(temporary, { force: true });
    throw fromFileSystem(error, path);
  }
}

export interface CreateFolderOptions {
  /** Replace what is there. The old folder stays until the new one is complete. */
  readonly force?: boolean;
  /**
   * A file that the old folder must hold for `force` to replace it ('index.json'), so that a slip of the pen cannot
   * delete a folder of another kind. An empty folder is replaced in any case.
   */
  readonly marker?: string;
  /** Once given, the result is thrown away. `work` should watch it too: it is waited for. */
  readonly signal?: AbortSignal;
  readonly files?: FileSystem;
}

/**
 * Make a folder that appears under its name only when `work` is done: `work` fills `<target>.partial-<pid>-…` beside
 * it, which is then renamed; on any error it is removed.
 * @returns what `work` returned
 * @throws NeurodexError `output-exists` (before any work), `interrupted`, `disk-full`, `output-unwritable`; and
 *   whatever `work` throws
 */
export async function createFolder<T>(
  target: string,
  options: CreateFolderOptions,
  work: (temporary: string) => Promise<T>,
): Promise<T> {
  const { force = false, marker, signal, files = disk } = options;
  const goal = resolve(target);
  const temporary = besides(goal, 'partial');
  await refuseExisting(goal, force, marker, files);
  throwIfInterrupted(signal);
  try {
    await files.mkdir(dirname(goal), { recursive: true });
    await files.mkdir(temporary);
    const result = await work(temporary);
    throwIfInterrupted(signal);
    await syncTree(temporary, files);
    await putInPlace(temporary, goal, force, files);
    return result;
  } catch (error) {
    await files.rm(temporary, { recursive: true, force: true });
    throw inWordsOf(error, temporary, goal);
  }
}

/** @throws NeurodexError `output-exists` unless `goal` is free, or may be replaced */
export async function refuseExisting(
  goal: string,
  force: boolean,
  marker: string | undefined,
  files: FileSystem = disk,
): Promise<void> {
  const refuse = (what: string, hint: string): never => {
    throw new NeurodexError('output-exists', `${goal} ${what}`, { hint, details: { path: goal } });
  };
  let found: Awaited<ReturnType<FileSystem['lstat']>>;
  try {
    found = await files.lstat(goal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw fromFileSystem(error, goal);
  }
  if (!force) refuse('already exists', 'choose another name, or replace it with --force');
  if (!found.isDirectory()) refuse('is not a folder, so it is not replaced', 'choose another name');
  const names = await files.readdir(goal);
  if (marker !== undefined && names.length > 0 && !names.includes(marker)) {
    refuse(
      `holds other things (there is no ${marker} in it), so it is not replaced`,
      'choose another name, or delete that folder yourself',
    );
  }
}

/** Gives a complete folder its name; with `force` in the place of the one that is there. */
export async function putInPlace(
  temporary: string,
  goal: string,
  force: boolean,
  files: FileSystem = disk,
): Promise<void> {
  const old = besides(goal, 'replaced');
  const replaced = force && (await renameIfThere(goal, old, files));
  try {
    await files.rename(temporary, goal);
  } catch (error) {
    if (replaced) await files.rename(old, goal);
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTEMPTY' || code === 'EEXIST') {
      throw new NeurodexError('output-exists', `${goal} was made by someone else in the meantime`, {
        hint: 'choose another name, or replace it with --force',
        details: { path: goal },
        cause: error,
      });
    }
    throw error;
  }
  await syncFolder(dirname(goal), files);
  if (!replaced) return;
  try {
    await files.rm(old, { recursive: true, force: true });
  } catch (error) {
    throw new NeurodexError('output-unwritable', `${goal} is new and complete, but the old one cannot be deleted`, {
      hint: `delete ${old} yourself`,
      details: { path: old },
      cause: error,
    });
  }
}

async function renameIfThere(from: string, to: string, files: FileSystem): Promise<boolean> {
  try {
    await files.rename(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** A refusal that concerns the new folder, or has no path, is about the target; others belong to `work`. */
export function inWordsOf(error: unknown, temporary: string, goal: string): unknown {
  const { path } = (error ?? {}) as NodeJS.ErrnoException;
  const ours = path === undefined || path === temporary || path.startsWith(temporary + sep);
  return ours || path === goal || path === dirname(goal) ? fromFileSystem(error, goal) : error;
}

/** Everything in a folder is on the disk. */
export async function syncTree(folder: string, files: FileSystem = disk): Promise<void> {
  for (const entry of await files.readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await syncTree(path, files);
    else if (entry.isFile()) await syncPath(path, 'r+', files);
  }
  await syncFolder(folder, files);
}

async function syncFolder(folder: string, files: FileSystem): Promise<void> {
  // Windows cannot open a folder, and does not need to: its renames are journalled.
  if (process.platform !== 'win32') await syncPath(folder, 'r', files);
}

async function syncPath(path: string, flags: string, files: FileSystem): Promise<void> {
  const handle = await files.open(path, flags);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
