import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as disk from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { fromFileSystem, NeurodexError } from '../errors.ts';

/** Who works on a folder. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** ISO 8601 */
  readonly since: string;
  /** What tells this process from a later one with the same number, where the system says it; null elsewhere. */
  readonly process: string | null;
  /** Of this lock alone. */
  readonly token: string;
}

/** Milliseconds after which a lock that names nobody counts as left behind: its holder writes it at once. */
const UNFINISHED = 5000;

/** Milliseconds to wait while another process takes a lock over, and how often. */
const PAUSE = 20;
const MOST_ATTEMPTS = 500;

export interface Lock {
  /** Harmless when the lock is not there any more. */
  release(path?: string): Promise<void>;
}

/**
 * A lock file that one process holds at a time. One whose process has ended is taken over.
 * @throws NeurodexError `run-locked` naming the holder; `output-unwritable`, `disk-full`
 */
export async function lockFile(path: string): Promise<Lock> {
  const own: Holder = {
    pid: process.pid,
    host: hostname(),
    since: new Date().toISOString(),
    process: processMark(process.pid),
    token: randomBytes(8).toString('hex'),
  };
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    if (await create(path, own)) {
      return {
        async release(at = path) {
          if ((await read(at))?.holder?.token === own.token) await disk.rm(at, { force: true });
        },
      };
    }
    await refuseLocked(path);
    await removeStale(path, own);
  }
  throw locked(path, undefined);
}

/** @throws NeurodexError `run-locked` where a living process holds the lock */
export async function refuseLocked(path: string): Promise<void> {
  const found = await read(path);
  if (found !== undefined && isHeld(found)) throw locked(path, found.holder);
}

async function create(path: string, own: Holder): Promise<boolean> {
  try {
    await disk.writeFile(path, `${JSON.stringify(own)}\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    await disk.rm(path, { force: true });
    throw fromFileSystem(error, path);
  }
}

interface Found {
  /** Undefined where the file does not say. */
  readonly holder: Holder | undefined;
  /** Milliseconds since it was written. */
  readonly age: number;
}

async function read(path: string): Promise<Found | undefined> {
  try {
    const [text, { mtimeMs }] = await Promise.all([disk.readFile(path, 'utf8'), disk.stat(path)]);
    return { holder: holderOf(text), age: Date.now() - mtimeMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fromFileSystem(error, path);
  }
}

function holderOf(text: string): Holder | undefined {
  try {
    const value = JSON.parse(text) as Partial<Holder>;
    const sound = Number.isSafeInteger(value.pid) && typeof value.host === 'string' && typeof value.token === 'string';
    return sound ? (value as Holder) : undefined;
  } catch {
    return undefined;
  }
}

function isHeld({ holder, age }: Found): boolean {
  if (holder === undefined) return age < UNFINISHED;
  // Of another machine's processes nothing can be known from here.
  if (holder.host !== hostname()) return true;
  if (!isAlive(holder.pid)) return false;
  const now = processMark(holder.pid);
  return now === null || (holder.process ?? null) === null || now === holder.process;
}

/** Whether a process of this machine is running. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is alive too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Linux: the boot and, in ticks since it, the start of the process; numbers of processes are used again. */
function processMark(pid: number): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name may hold anything; what follows its last parenthesis begins with field 3, and the start is field 22.
    const started = status
      .slice(status.lastIndexOf(')') + 2)
      .split(' ')
      .at(19);
    return started === undefined ? null : `${boot} ${started}`;
  } catch {
    return null;
  }
}

/**
 * Takes away a lock that was left behind. One process does so at a time, and looks again first: what it found before may
 * have been taken over meanwhile.
 */
async function removeStale(path: string, own: Holder): Promise<void> {
  const guard = `${path}.takeover`;
  if (!(await create(guard, own))) {
    const found = await read(guard);
    // Its holder was killed within the moment that this takes.
    if (found !== undefined && found.age > UNFINISHED) await disk.rm(guard, { force: true });
    await setTimeout(PAUSE);
    return;
  }
  try {
    const found = await read(path);
    if (found !== undefined && !isHeld(found)) await disk.rm(path, { force: true });
  } finally {
    await disk.rm(guard, { force: true });
  }
}

function locked(path: string, holder: Holder | undefined): NeurodexError {
  const who =
    holder === undefined
      ? 'another process'
      : `process ${holder.pid} on ${holder.host === hostname() ? 'this machine' : holder.host}, since ${holder.since}`;
  return new NeurodexError('run-locked', `${path.replace(/[/\\][^/\\]*$/, '')} is in use by ${who}`, {
    hint: `wait for it or stop it; if that process is gone for certain, delete ${path}`,
    details: { path, ...(holder === undefined ? {} : { pid: holder.pid, host: holder.host, since: holder.since }) },
  });
}
