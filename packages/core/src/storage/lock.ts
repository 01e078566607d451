import { randomBytes } from 'node:crypto';
import * as disk from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fromFileSystem, NeurodexError } from '../errors.ts';
import { isRecord } from '../records.ts';
import { errorCode } from '../thrown.ts';
import { HERE, mayRun, type ProcessPlace, startOf } from './processes.ts';

/** The name of the lock in a folder. */
export const LOCK_FILE = 'lock';

/** Who works on a folder. */
interface Holder extends Partial<ProcessPlace> {
  readonly pid: number;
  readonly host: string;
  /** ISO 8601 */
  readonly since: string;
  /** What tells this process from a later one with the same number; null where the system does not say. */
  readonly started?: string | null;
  /** Of this lock alone. */
  readonly token: string;
}

/** Milliseconds after which a lock that names nobody counts as left behind: its holder writes it at once. */
const UNFINISHED = 5000;

/** Milliseconds to wait while another process takes a lock over, and how often. */
const PAUSE = 20;
const MOST_ATTEMPTS = 500;

/** A lock that is held. */
export interface Lock {
  /** Never throws: a lock that cannot be deleted is left behind by a process that ends, and so is taken over. */
  release(path?: string): Promise<void>;
}

/** What locking needs of `node:fs/promises`; tests hand in one that fails. */
export type LockFiles = Pick<typeof disk, 'open' | 'readFile' | 'rm' | 'stat'>;

/**
 * A lock file that one process holds at a time. One whose process has ended is taken over.
 * @throws NeurodexError `run-locked` naming the holder; `output-unwritable`, `disk-full`
 * @example
 * ```ts
 * import { errorCode } from '@neurodex/core';
 * import { lockFile } from '@neurodex/core/storage';
 *
 * const lock = await lockFile('lock');
 * await lockFile('lock').catch((error) => console.log(errorCode(error))); // → run-locked
 * await lock.release();
 * await (await lockFile('lock')).release(); // free again
 * ```
 */
export async function lockFile(path: string, files: LockFiles = disk): Promise<Lock> {
  const own: Holder = {
    pid: process.pid,
    ...HERE,
    since: new Date().toISOString(),
    started: startOf(process.pid),
    token: randomBytes(8).toString('hex'),
  };
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    if (await create(path, own, files)) {
      return {
        async release(at = path) {
          try {
            if ((await read(at, files))?.holder?.token === own.token) await files.rm(at, { force: true });
          } catch {
            // Left behind.
          }
        },
      };
    }
    await refuseLocked(path, files);
    await removeStale(path, own, files);
  }
  throw locked(path, takeover(path), undefined);
}

/**
 * Looks whether another process holds a lock.
 * @throws NeurodexError `run-locked` where a living process holds the lock
 * @example
 * ```ts
 * import { errorCode } from '@neurodex/core';
 * import { lockFile, refuseLocked } from '@neurodex/core/storage';
 *
 * await refuseLocked('lock'); // goes on: there is none
 * const lock = await lockFile('lock');
 * await refuseLocked('lock').catch((error) => console.log(errorCode(error))); // → run-locked
 * await lock.release();
 * ```
 */
export async function refuseLocked(path: string, files: LockFiles = disk): Promise<void> {
  const found = await read(path, files);
  if (found !== undefined && isHeld(found)) throw locked(path, path, found.holder);
}

/**
 * Whether a lock was left behind by a process that has ended; undefined where there is no lock, or none of this program.
 * @throws NeurodexError when it cannot be read
 * @example
 * ```ts
 * import { spawnSync } from 'node:child_process';
 * import { writeFileSync } from 'node:fs';
 * import { hostname } from 'node:os';
 * import { isLeftBehind, lockFile } from '@neurodex/core/storage';
 *
 * console.log(await isLeftBehind('lock')); // → undefined
 * const lock = await lockFile('lock');
 * console.log(await isLeftBehind('lock')); // → false
 * await lock.release();
 * const { pid } = spawnSync(process.execPath, ['--version']); // it has ended by now
 * writeFileSync('lock', JSON.stringify({ pid, host: hostname(), token: '' }));
 * console.log(await isLeftBehind('lock')); // → true
 * ```
 */
export async function isLeftBehind(path: string): Promise<boolean | undefined> {
  const found = await read(path, disk);
  return found?.holder === undefined ? undefined : !isHeld(found);
}

/** @returns whether the lock is ours now. What another process has written is never touched, whatever goes wrong here. */
async function create(path: string, own: Holder, files: LockFiles): Promise<boolean> {
  let handle: disk.FileHandle;
  try {
    handle = await files.open(path, 'wx');
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw fromFileSystem(error, path);
  }
  try {
    await handle.writeFile(`${JSON.stringify(own)}\n`);
    await handle.close();
    return true;
  } catch (error) {
    await handle.close().catch(() => {});
    // This process made it, a moment ago.
    await files.rm(path, { force: true }).catch(() => {});
    throw fromFileSystem(error, path);
  }
}

interface Found {
  /** Undefined where the file does not say. */
  readonly holder: Holder | undefined;
  /** Milliseconds since it was written. */
  readonly age: number;
}

async function read(path: string, files: LockFiles): Promise<Found | undefined> {
  try {
    const { mtimeMs } = await files.stat(path);
    return { holder: holderOf(await files.readFile(path, 'utf8')), age: Date.now() - mtimeMs };
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw fromFileSystem(error, path);
  }
}

/** Whether it says what a lock is judged by; the rest is for people. */
const isHolder = (value: unknown): value is Holder =>
  isRecord(value) &&
  Number.isSafeInteger(value.pid) &&
  typeof value.host === 'string' &&
  typeof value.token === 'string';

function holderOf(text: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isHolder(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isHeld({ holder, age }: Found): boolean {
  if (holder === undefined) return age < UNFINISHED;
  return mayRun(holder.pid, holder.started ?? null, holder);
}

const takeover = (path: string): string => `${path}.takeover`;

/**
 * Takes away a lock that was left behind. One process does so at a time, and looks again first: what it found before may
 * have been taken over meanwhile.
 */
async function removeStale(path: string, own: Holder, files: LockFiles): Promise<void> {
  const guard = takeover(path);
  if (!(await create(guard, own, files))) {
    const found = await read(guard, files);
    // Its holder was killed within the moment that this takes.
    if (found !== undefined && found.age > UNFINISHED) await files.rm(guard, { force: true });
    await setTimeout(PAUSE);
    return;
  }
  try {
    const found = await read(path, files);
    if (found !== undefined && !isHeld(found)) await files.rm(path, { force: true });
  } finally {
    await files.rm(guard, { force: true });
  }
}

/** @param file the one that is in the way */
function locked(path: string, file: string, holder: Holder | undefined): NeurodexError {
  const place = holder?.host === HERE.host ? placeOf(holder) : holder?.host;
  const who = holder === undefined ? 'another process' : `process ${holder.pid} on ${place}, since ${holder.since}`;
  return new NeurodexError('run-locked', `${dirname(path)} is in use by ${who}`, {
    hint: `wait for it or stop it; if that process is gone for certain, delete ${file}`,
    details: {
      path: file,
      ...(holder === undefined ? {} : { pid: holder.pid, host: holder.host, since: holder.since }),
    },
  });
}

const placeOf = ({ machine, namespace }: Holder): string => {
  const known = (a: string | null | undefined, b: string | null) => (a ?? null) === null || b === null || a === b;
  if (!known(machine, HERE.machine)) return 'another machine of that name';
  return known(namespace, HERE.namespace) ? 'this machine' : 'this machine, in another container';
};
