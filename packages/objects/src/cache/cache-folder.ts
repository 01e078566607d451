import { randomBytes } from 'node:crypto';
import type { BigIntStats, Stats } from 'node:fs';
import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { errorCode, fromFileSystem, NeurodexError } from '@neurodex/core';
import {
  isLeftBehind,
  type Lock,
  lockFile,
  makeFolder,
  removeStale,
  renamePath,
  Temporary,
} from '@neurodex/core/storage';
import { withLock } from '../locks.ts';

const OBJECT = /^[0-9a-f]{64}$/;
const PIN = /^([0-9a-f]{64})\.[0-9a-f]{16}$/;

/** Milliseconds after which a pin that names nobody counts as left behind. */
const UNFINISHED = 60_000;

interface Entry {
  readonly sha256: string;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly used: number;
}

/**
 * The folder of a cache, shared by processes: `objects/` with a file for each object under its digest, `pins/` with one for
 * each use of an object, `locks/`. An object's time of access says when it was used; reading it may set that as well, which
 * does no harm. Files of other names are left alone.
 */
export class CacheFolder {
  readonly folder: string;
  private readonly maxBytes: number;
  private readonly signal: AbortSignal | undefined;

  private constructor(folder: string, maxBytes: number, signal: AbortSignal | undefined) {
    this.folder = folder;
    this.maxBytes = maxBytes;
    this.signal = signal;
  }

  /** @throws NeurodexError `output-unwritable`, `disk-full` */
  static async open(folder: string, maxBytes: number, signal: AbortSignal | undefined): Promise<CacheFolder> {
    const root = resolve(folder);
    for (const name of ['objects', 'pins', 'locks']) await makeFolder(join(root, name), undefined, folder);
    await removeStale(join(root, 'fetch'));
    return new CacheFolder(root, maxBytes, signal);
  }

  /** Of an object, whether it is there or not. */
  pathOf(sha256: string): string {
    return join(this.folder, 'objects', sha256);
  }

  /** Whoever fetches an object, in any process, does so alone. */
  fetchAlone<T>(sha256: string, work: () => Promise<T>): Promise<T> {
    const options = { signal: this.signal, patience: Number.POSITIVE_INFINITY };
    return withLock(join(this.folder, 'locks', sha256), work, options);
  }

  /** Keeps an object, there or still to come, from being evicted until the pin is released. */
  pin(sha256: string): Promise<Lock> {
    return this.alone(() => lockFile(join(this.folder, 'pins', `${sha256}.${randomBytes(8).toString('hex')}`)));
  }

  /** Size and identity of an object; undefined where it is not there. */
  async find(sha256: string): Promise<{ readonly bytes: number; readonly identity: string } | undefined> {
    const found = await statOrNone(this.pathOf(sha256));
    return found === undefined
      ? undefined
      : { bytes: Number(found.size), identity: `${found.ino} ${found.size} ${found.mtimeNs}` };
  }

  /** The object is the last that would be evicted; what tells whether it was changed stays. */
  async touch(sha256: string): Promise<void> {
    const path = this.pathOf(sha256);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined) await utimes(path, new Date(), found.mtime).catch(() => {});
  }

  remove(sha256: string): Promise<void> {
    return rm(this.pathOf(sha256), { force: true });
  }

  /**
   * Adds an object. @param fill writes it to a path of the same file system
   * @throws NeurodexError `cache-full`, and what `fill` throws
   */
  async add(sha256: string, bytes: number, fill: (path: string) => Promise<void>): Promise<void> {
    // The disk may have no more space than the cache.
    await this.alone(() => this.makeRoom(bytes));
    const temporary = await Temporary.beside(join(this.folder, 'fetch')).catch((error: unknown) => {
      throw fromFileSystem(error, this.folder);
    });
    try {
      const path = join(temporary.folder, 'object');
      await fill(path);
      // Whole milliseconds, which `touch` can keep as they are.
      await utimes(path, new Date(), new Date());
      await this.alone(async () => {
        await this.makeRoom(bytes);
        await renamePath(path, this.pathOf(sha256));
      });
    } finally {
      await temporary.remove();
    }
  }

  private alone<T>(work: () => Promise<T>): Promise<T> {
    return withLock(join(this.folder, 'locks', 'cache'), work, { signal: this.signal });
  }

  /** Evicts what was not used for the longest time until there is room. @throws NeurodexError `cache-full` */
  private async makeRoom(bytes: number): Promise<void> {
    const pinned = await this.pinned();
    const entries = await this.entries();
    let total = entries.reduce((sum, entry) => sum + entry.bytes, bytes);
    const victims: Entry[] = [];
    for (const entry of entries.sort((a, b) => a.used - b.used)) {
      if (total <= this.maxBytes) break;
      if (pinned.has(entry.sha256)) continue;
      victims.push(entry);
      total -= entry.bytes;
    }
    if (total > this.maxBytes) throw this.full(total - bytes, bytes);
    for (const { sha256 } of victims) await this.remove(sha256);
  }

  private full(inUse: number, needed: number): NeurodexError {
    return new NeurodexError(
      'cache-full',
      `the cache ${this.folder} may hold ${this.maxBytes} bytes: ${inUse} are of objects in use, and ${needed} more are needed`,
      { hint: 'allow it more bytes, or use fewer objects at a time', details: { path: this.folder, inUse, needed } },
    );
  }

  private async entries(): Promise<Entry[]> {
    const entries: Entry[] = [];
    for (const sha256 of await readdir(join(this.folder, 'objects'))) {
      if (!OBJECT.test(sha256)) continue;
      const found: Stats | undefined = await stat(this.pathOf(sha256)).catch(() => undefined);
      if (found?.isFile()) entries.push({ sha256, bytes: found.size, used: found.atimeMs });
    }
    return entries;
  }

  /** What processes that are alive use; what others left is removed. */
  private async pinned(): Promise<Set<string>> {
    const pinned = new Set<string>();
    for (const name of await readdir(join(this.folder, 'pins'))) {
      const sha256 = PIN.exec(name)?.[1];
      if (sha256 === undefined) continue;
      const path = join(this.folder, 'pins', name);
      if (await isStale(path)) await rm(path, { force: true });
      else pinned.add(sha256);
    }
    return pinned;
  }
}

async function isStale(path: string): Promise<boolean> {
  const left = await isLeftBehind(path).catch(() => false);
  if (left !== undefined) return left;
  const found = await stat(path).catch(() => undefined);
  return found === undefined || Date.now() - found.mtimeMs > UNFINISHED;
}

async function statOrNone(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw fromFileSystem(error, path);
  }
}
