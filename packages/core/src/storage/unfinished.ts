import * as disk from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fromFileSystem, NeurodexError } from '../errors.ts';
import { errorCode } from '../thrown.ts';
import { inWordsOf, throwIfInterrupted } from './atomic.ts';
import { FILE_LIST, writeFileList } from './file-list.ts';
import { LOCK_FILE, type Lock, lockFile, refuseLocked } from './lock.ts';
import { makeFolder } from './make-folder.ts';
import { putInPlace, recoverReplaced, refuseExisting } from './replace.ts';
import { syncTree } from './sync.ts';

export { LOCK_FILE } from './lock.ts';

/**
 * Where the unfinished run lives until it is complete.
 * @example
 * ```ts
 * import { unfinishedName } from '@neurodex/core/storage';
 *
 * console.log(unfinishedName('pets')); // → pets.partial
 * ```
 */
export const unfinishedName = (goal: string): string => `${goal}.partial`;

/** How a folder is made that can be gone on with. */
export interface UnfinishedOptions {
  /** Replace the folder that is there once the new one is complete; without `resume`, also throw an unfinished one away. */
  readonly force: boolean;
  /** Go on with an unfinished folder, if there is one. */
  readonly resume: boolean;
  /** A file that a folder at the target must hold for `force` to replace it. */
  readonly marker: string;
  /** A file that tells an unfinished folder of ours from another one of that name; `work` writes it before all others. */
  readonly ownMarker: string;
  /** Names of everything that `work` makes in the folder; with something else in it, it is left alone. */
  readonly ownNames: readonly string[];
  /** Ends the work. */
  readonly signal?: AbortSignal;
}

/** A folder that is being made. */
export interface Unfinished {
  /** The folder to work in. */
  readonly folder: string;
  /** Whether it holds what an earlier process left. */
  readonly resumed: boolean;
}

/**
 * Make a folder that appears under its name only when it is complete, and that can be gone on with when it is not: `work`
 * fills `<target>.partial`, which is then renamed. One process works on it at a time.
 * @param work fills the folder, and leaves nothing in it that does not belong to the complete one
 * @param keeps whether what is there after an error is worth keeping; if not, it is removed
 * @throws NeurodexError `output-exists`, `run-unfinished`, `run-locked` (before any work), `interrupted`, `disk-full`,
 *   `output-unwritable`; and whatever `work` throws
 * @example
 * ```ts
 * import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
 * import { completeFolder, type Unfinished } from '@neurodex/core/storage';
 *
 * const options = { force: false, resume: true, marker: 'done.json', ownMarker: 'begun.json', ownNames: [] };
 * const work = async ({ folder, resumed }: Unfinished): Promise<void> => {
 *   writeFileSync(`${folder}/begun.json`, '{}');
 *   if (!resumed) throw new Error('the disk is full');
 *   renameSync(`${folder}/begun.json`, `${folder}/done.json`);
 * };
 * const run = (): Promise<void> => completeFolder('out', options, work, async () => true);
 * await run().catch(() => console.log(existsSync('out'), existsSync('out.partial'))); // → false true
 * await run();
 * console.log(readdirSync('out').sort()); // → [ 'done.json', 'files.json' ]
 * ```
 */
export async function completeFolder<T>(
  target: string,
  options: UnfinishedOptions,
  work: (unfinished: Unfinished) => Promise<T>,
  keeps: (folder: string, error: unknown) => Promise<boolean>,
): Promise<T> {
  const { force, resume, marker, ownMarker, ownNames, signal } = options;
  const goal = resolve(target);
  const folder = unfinishedName(goal);
  await recoverReplaced(goal);
  await refuseExisting(goal, { force, marker });
  const found = await holdsRun(folder, [ownMarker, marker], ownNames);
  if (found && !resume && !force) {
    await refuseLocked(join(folder, LOCK_FILE));
    throw unfinished(folder);
  }
  throwIfInterrupted(signal);
  let lock: Lock | undefined;
  try {
    await makeFolder(folder, disk, goal);
    lock = await lockFile(join(folder, LOCK_FILE));
    if (!resume) await empty(folder);
    const result = await work({ folder, resumed: resume && found });
    await writeFileList(folder);
    await syncTree(folder);
    await putInPlace(folder, goal, { force, marker });
    await lock.release(join(goal, LOCK_FILE));
    return result;
  } catch (error) {
    // Without the lock it is somebody else's.
    if (lock !== undefined) {
      if (!(await keeps(folder, error))) await disk.rm(folder, { recursive: true, force: true });
      for (const at of [folder, goal]) await lock.release(join(at, LOCK_FILE));
    }
    throw inWordsOf(error, folder, goal);
  }
}

/**
 * Whether there is an unfinished folder that something has been done in.
 * @throws NeurodexError `output-exists` for something else of that name
 */
async function holdsRun(folder: string, markers: readonly string[], ownNames: readonly string[]): Promise<boolean> {
  let names: string[];
  try {
    if ((await disk.lstat(folder)).isSymbolicLink()) throw foreign(folder, 'is a symbolic link');
    names = await disk.readdir(folder);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT') return false;
    if (code === 'ENOTDIR') throw foreign(folder, 'is not a folder');
    throw fromFileSystem(error, folder);
  }
  // A process that is killed while it writes its first file leaves that one under a temporary name.
  const inside = names.filter(
    (name) => ![LOCK_FILE, `${LOCK_FILE}.takeover`].includes(name) && !/\.partial-\d+-[0-9a-f]+$/.test(name),
  );
  if (inside.length === 0) return false;
  if (!markers.some((name) => inside.includes(name)))
    throw foreign(folder, 'holds other things than an unfinished run');
  const known = new Set([...markers, ...ownNames, FILE_LIST]);
  const others = inside.filter((name) => !known.has(name));
  if (others.length > 0) throw foreign(folder, `holds ${others.slice(0, 5).join(', ')}, which Neurodex did not write`);
  return true;
}

async function empty(folder: string): Promise<void> {
  const names = (await disk.readdir(folder)).filter((name) => name !== LOCK_FILE);
  for (const name of names) await disk.rm(join(folder, name), { recursive: true, force: true });
}

const foreign = (folder: string, what: string): NeurodexError =>
  new NeurodexError('output-exists', `${folder} ${what}, so it is left alone`, {
    hint: 'choose another name with --out, or move it away: an unfinished run is kept there',
    details: { path: folder },
  });

const unfinished = (folder: string): NeurodexError =>
  new NeurodexError('run-unfinished', `${folder} holds a run that is not finished`, {
    hint: 'go on with it with --resume, or start anew with --force, which throws it away',
    details: { path: folder },
  });
