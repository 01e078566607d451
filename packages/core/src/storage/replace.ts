import * as disk from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fromFileSystem, NeurodexError } from '../errors.ts';
import { errorCode } from '../thrown.ts';
import { type FileLister, holdsOthers, otherFiles, readFileList, removeListed } from './file-list.ts';
import { LOCK_FILE, type Lock, lockFile } from './lock.ts';
import { renamePath } from './rename.ts';
import { type FileSystem, syncFolder } from './sync.ts';
import { besides, leftBehind } from './temporary.ts';

/** How a folder may take the place of another one. */
export interface Replacing {
  /** Whether what is there is replaced. */
  readonly force: boolean;
  /** A file that the old folder must hold. */
  readonly marker?: string | undefined;
  /** Tells which of its files the program made. */
  readonly lister?: FileLister | undefined;
  /** The file system; that of the machine by default. */
  readonly files?: FileSystem;
}

/**
 * Looks whether a new folder may have a name.
 * @throws NeurodexError `output-exists` unless nothing is there, or `force` is given for a folder whose files the program
 *   made, every one of them
 * @example
 * ```ts
 * import { errorCode } from '@neurodex/core';
 * import { refuseExisting } from '@neurodex/core/storage';
 *
 * await refuseExisting('out', { force: false }); // goes on: there is none
 * await refuseExisting('photos', { force: false }).catch((error) => console.log(errorCode(error))); // → output-exists
 * // The program did not make these photos.
 * await refuseExisting('photos', { force: true }).catch((error) => console.log(errorCode(error))); // → output-exists
 * ```
 */
export async function refuseExisting(
  goal: string,
  { force, marker, lister = readFileList, files = disk }: Replacing,
): Promise<void> {
  const refuse = (what: string, hint: string): never => {
    throw new NeurodexError('output-exists', `${goal} ${what}`, { hint, details: { path: goal } });
  };
  let found: Awaited<ReturnType<FileSystem['lstat']>>;
  try {
    found = await files.lstat(goal);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw fromFileSystem(error, goal);
  }
  if (!force) refuse('already exists', 'choose another name, or replace it with --force');
  if (found.isSymbolicLink())
    refuse('is a symbolic link, so it is not replaced', 'name the folder that it leads to, or another one');
  if (!found.isDirectory()) refuse('is not a folder, so it is not replaced', 'choose another name');
  const names = await files.readdir(goal);
  const byHand = 'choose another name, or delete that folder yourself';
  if (names.length === 0) return;
  if (marker !== undefined && !names.includes(marker))
    refuse(`holds other things (there is no ${marker} in it), so it is not replaced`, byHand);
  const listed = await lister(goal);
  if (listed === undefined)
    return refuse('does not say which of its files Neurodex made, so it is not replaced', byHand);
  const others = await otherFiles(goal, listed);
  if (others.length > 0) throw holdsOthers(goal, others);
}

/** Gives a complete folder its name; with `force` in the place of the one that is there. */
export async function putInPlace(temporary: string, goal: string, replacing: Replacing): Promise<void> {
  const { force, lister = readFileList, files = disk } = replacing;
  // Whatever has been put there while the work was done is not ours to delete.
  if (force) await refuseExisting(goal, replacing);
  const old = besides(goal, 'replaced');
  const lock = force ? await setAside(goal, old, files) : undefined;
  try {
    await renamePath(temporary, goal, { files });
  } catch (error) {
    if (lock !== undefined) {
      await renamePath(old, goal, { files });
      await lock.release(join(goal, LOCK_FILE));
    }
    const code = errorCode(error);
    if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOTDIR') {
      throw new NeurodexError('output-exists', `${goal} was made by someone else in the meantime`, {
        hint: 'choose another name, or replace it with --force',
        details: { path: goal },
        cause: error,
      });
    }
    throw error;
  }
  await syncFolder(dirname(goal), files);
  if (lock === undefined) return;
  const left = await removeReplaced(old, lister).catch(() => ['files that cannot be deleted']);
  if (left.length === 0) return;
  throw new NeurodexError(
    'output-unwritable',
    `${goal} is new and complete, but the old one holds ${left.join(', ')} and stays`,
    { hint: `look into ${old}, and delete it yourself`, details: { path: old } },
  );
}

/** Moves the old folder away under a lock, so that a later run knows what to do with it if this process is killed. */
async function setAside(goal: string, old: string, files: FileSystem): Promise<Lock | undefined> {
  if ((await files.lstat(goal).catch(() => undefined)) === undefined) return undefined;
  const lock = await lockFile(join(goal, LOCK_FILE));
  try {
    await renamePath(goal, old, { files });
    return lock;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

const removeReplaced = async (old: string, lister: FileLister): Promise<string[]> =>
  await removeListed(old, (await lister(old)) ?? []);

/**
 * What a process left that was killed while it replaced a folder: the old one gets its name again where the new one did
 * not get it, and is deleted where it did.
 */
export async function recoverReplaced(goal: string, lister: FileLister = readFileList): Promise<void> {
  for (const old of await leftBehind(goal, 'replaced')) {
    if ((await disk.lstat(goal).catch(() => undefined)) !== undefined) {
      await removeReplaced(old, lister).catch(() => {});
      continue;
    }
    await renamePath(old, goal);
    await disk.rm(join(goal, LOCK_FILE), { force: true });
  }
}
