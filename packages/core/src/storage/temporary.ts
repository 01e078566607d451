import { randomBytes } from 'node:crypto';
import * as disk from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isLeftBehind, LOCK_FILE, type Lock, lockFile } from './lock.ts';

/** Beside the target, so that a rename stays on one file system; the random part lets two writers meet. */
export const besides = (target: string, word: string): string =>
  `${target}.${word}-${process.pid}-${randomBytes(3).toString('hex')}`;

/**
 * A folder `<target>.partial-<pid>-…` that is filled and then renamed. Its lock says whose it is while the process runs.
 * @example
 * ```ts
 * import { readdirSync, writeFileSync } from 'node:fs';
 * import { renamePath, Temporary } from '@neurodex/core/storage';
 *
 * const temporary = await Temporary.beside('out');
 * writeFileSync(`${temporary.folder}/colours.txt`, 'red');
 * await renamePath(temporary.folder, 'out');
 * await temporary.releaseAt('out');
 * console.log(readdirSync('out')); // → [ 'colours.txt' ]
 * ```
 */
export class Temporary {
  /** Where it is. */
  readonly folder: string;
  private readonly lock: Lock;

  private constructor(folder: string, lock: Lock) {
    this.folder = folder;
    this.lock = lock;
  }

  /** A folder beside a file or folder that is to be written. */
  static async beside(target: string, files: Pick<typeof disk, 'mkdir'> = disk): Promise<Temporary> {
    const folder = besides(target, 'partial');
    await files.mkdir(folder);
    try {
      return new Temporary(folder, await lockFile(join(folder, LOCK_FILE)));
    } catch (error) {
      await disk.rmdir(folder).catch(() => {});
      throw error;
    }
  }

  /** After it was renamed. */
  releaseAt(folder: string): Promise<void> {
    return this.lock.release(join(folder, LOCK_FILE));
  }

  /** Never throws: what cannot be deleted now is removed by a later run of the same command. */
  async remove(): Promise<void> {
    await disk.rm(this.folder, { recursive: true, force: true }).catch(() => {});
  }
}

/** Folders beside a target that were called by `besides` and whose lock was left by a process that has ended. */
export async function leftBehind(target: string, word: string): Promise<string[]> {
  const prefix = `${basename(target)}.${word}-`;
  const names = await disk.readdir(dirname(target)).catch(() => []);
  const found: string[] = [];
  for (const name of names) {
    if (!name.startsWith(prefix) || !/^\d+-[0-9a-f]{6}$/.test(name.slice(prefix.length))) continue;
    const folder = join(dirname(target), name);
    if (await isLeftBehind(join(folder, LOCK_FILE)).catch(() => false)) found.push(folder);
  }
  return found;
}

/**
 * Removes what processes that were killed left of a target: folders that hold a lock of theirs, and nothing else.
 * @example
 * ```ts
 * import { spawnSync } from 'node:child_process';
 * import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
 * import { hostname } from 'node:os';
 * import { LOCK_FILE, removeStale } from '@neurodex/core/storage';
 *
 * const { pid } = spawnSync(process.execPath, ['--version']); // it has ended by now
 * const folder = `out.partial-${pid}-0a1b2c`;
 * mkdirSync(folder);
 * writeFileSync(`${folder}/${LOCK_FILE}`, JSON.stringify({ pid, host: hostname(), token: '' }));
 * await removeStale('out');
 * console.log(existsSync(folder)); // → false
 * ```
 */
export async function removeStale(target: string): Promise<void> {
  for (const folder of await leftBehind(target, 'partial')) {
    await disk.rm(folder, { recursive: true, force: true }).catch(() => {});
  }
}
