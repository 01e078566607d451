import { createHash } from 'node:crypto';
import { type FileHandle, link, lstat, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errorCode, NeurodexError } from '@neurodex/core';
import {
  makeFolder,
  removeStale,
  renamePath,
  syncFolder,
  Temporary,
  throwIfInterrupted,
  writeAtomically,
} from '@neurodex/core/storage';
import { checkRange } from '../check-range.ts';
import { checkKey, compareKeys, nameToPart, partToName } from '../keys.ts';
import { withLock } from '../locks.ts';
import type {
  ByteRange,
  ListedObject,
  ObjectStat,
  ObjectStore,
  PutCondition,
  PutContent,
  PutOptions,
  PutResult,
  StoredBytes,
} from '../object-store.ts';
import { openSource } from '../source-file.ts';
import {
  fromFolder,
  isAbsent,
  openObject,
  piecesOfFile,
  readRange,
  removeEmptyFolders,
  statOpen,
} from './folder-files.ts';

/** Folders of the store's own; no name of a key begins with '.'. */
const PARTIAL = '.partial';
const LOCKS = '.locks';

/** Times that a put begins anew because folders come and go. */
const MOST_TRIES = 5;

/** What a file system answers that has no hard links. */
const NO_LINKS: ReadonlySet<string | undefined> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/**
 * A folder as a store: each object is a file, each part of a key but the last a folder. Objects are written beside and get
 * their names in one step: `absent` by a hard link, which only one of several can make, all other puts by a rename under a
 * lock of the key. Both hold between processes, and between machines as far as the file system does.
 */
export class FolderStore implements ObjectStore {
  readonly place: string;
  private readonly root: string;
  private readonly signal: AbortSignal | undefined;

  constructor(folder: string, signal?: AbortSignal) {
    this.place = folder;
    this.root = resolve(folder);
    this.signal = signal;
  }

  get(key: string, range?: ByteRange): Promise<StoredBytes | undefined> {
    checkRange(range);
    return this.withObject(key, async (handle) => {
      const { bytes, etag } = await statOpen(handle);
      const { start, end } = range ?? { start: 0, end: bytes };
      return { content: await readRange(handle, start, Math.min(end, bytes)), etag };
    });
  }

  stat(key: string): Promise<ObjectStat | undefined> {
    return this.withObject(key, statOpen);
  }

  async *list(prefix: string): AsyncGenerator<ListedObject, void, undefined> {
    // Folders that hold nothing with the prefix are not read.
    const folders = prefix.split('/').slice(0, -1);
    if (folders.some((part) => part === '' || part === '.' || part === '..')) return;
    yield* this.listBelow(folders, prefix);
  }

  async put(key: string, content: PutContent, { condition }: PutOptions = {}): Promise<PutResult> {
    const path = this.pathOf(key);
    throwIfInterrupted(this.signal);
    const source = content instanceof Uint8Array ? undefined : await openSource(content.file);
    return await this.told(path, async () => {
      let temporary: Temporary | undefined;
      try {
        if (condition === 'absent' && (await this.statAt(path)) !== undefined) return { written: false };
        await makeFolder(join(this.root, PARTIAL));
        temporary = await Temporary.beside(join(this.root, PARTIAL, 'put'));
        const file = join(temporary.folder, 'content');
        const etag = await this.write(file, source === undefined ? [content as Uint8Array] : piecesOfFile(source));
        return (await this.putInPlaceFreed(file, path, condition)) ? { written: true, etag } : { written: false };
      } finally {
        await source?.close();
        await temporary?.remove();
      }
    });
  }

  async delete(key: string): Promise<void> {
    const path = this.pathOf(key);
    throwIfInterrupted(this.signal);
    await this.told(path, async () => {
      if ((await this.statAt(path)) === undefined) return await this.refuseMissing();
      await this.locked(path, async () => {
        await rm(path, { force: true });
        await syncFolder(dirname(path));
      });
    });
  }

  download(key: string, path: string): Promise<ObjectStat | undefined> {
    return this.withObject(key, async (handle) => {
      await writeAtomically(path, async (target) => {
        for await (const piece of piecesOfFile(handle)) {
          throwIfInterrupted(this.signal);
          await target.writeFile(piece);
        }
      });
      return await statOpen(handle);
    });
  }

  /** What processes that were killed left of their puts. */
  async removeStale(): Promise<void> {
    await removeStale(join(this.root, PARTIAL, 'put'));
  }

  /** @throws NeurodexError `store-missing` */
  async refuseMissing(): Promise<void> {
    const found = await stat(this.root).catch((error: unknown) => {
      if (isAbsent(error)) return undefined;
      throw error;
    });
    if (found?.isDirectory()) return;
    throw new NeurodexError('store-missing', `${this.place} is not there, or is no folder`, {
      hint: 'check the path; a folder is made when something is put into it',
      details: { place: this.place },
    });
  }

  /** @throws NeurodexError `object-key-invalid` */
  private pathOf(key: string): string {
    checkKey(key);
    return join(this.root, ...key.split('/').map(partToName));
  }

  private async told<T>(path: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw fromFolder(error, path, this.place);
    }
  }

  private async withObject<T>(key: string, work: (handle: FileHandle) => Promise<T>): Promise<T | undefined> {
    const path = this.pathOf(key);
    throwIfInterrupted(this.signal);
    return await this.told(path, async () => {
      const handle = await openObject(path);
      if (handle === undefined) {
        await this.refuseMissing();
        return undefined;
      }
      try {
        return await work(handle);
      } finally {
        await handle.close();
      }
    });
  }

  private async statAt(path: string): Promise<ObjectStat | undefined> {
    const handle = await openObject(path);
    try {
      return handle === undefined ? undefined : await statOpen(handle);
    } finally {
      await handle?.close();
    }
  }

  /** @returns the etag of what was written */
  private async write(file: string, pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<string> {
    const handle = await open(file, 'wx+');
    try {
      for await (const piece of pieces) {
        throwIfInterrupted(this.signal);
        await handle.writeFile(piece);
      }
      await handle.sync();
      return (await statOpen(handle)).etag;
    } finally {
      await handle.close();
    }
  }

  /** As `putInPlace`, where folders stand in the way whose objects were deleted. */
  private async putInPlaceFreed(file: string, path: string, condition: PutCondition | undefined): Promise<boolean> {
    for (let tries = 1; ; tries++) {
      await removeEmptyFolders(path);
      try {
        return await this.putInPlace(file, path, condition);
      } catch (error) {
        // Another put has made a folder here, or removed one that it took for left over.
        if (!isAbsent(error) || tries === MOST_TRIES) throw error;
      }
    }
  }

  /** Gives a written file the name of its key. @returns whether the condition held */
  private async putInPlace(file: string, path: string, condition: PutCondition | undefined): Promise<boolean> {
    await this.makeFolderOf(path);
    let written: boolean | undefined;
    if (condition === 'absent') written = await linkNew(file, path);
    written ??= await this.locked(path, async () => {
      const now = condition === undefined ? undefined : await this.statAt(path);
      if (condition === 'absent' && now !== undefined) return false;
      if (typeof condition === 'object' && now?.etag !== condition.etag) return false;
      await renamePath(file, path);
      return true;
    });
    if (written) await syncFolder(dirname(path));
    return written;
  }

  /** Makes the folders of a key, on the disk before this resolves. */
  private async makeFolderOf(path: string): Promise<void> {
    const folder = dirname(path);
    const found = await stat(folder).catch(() => undefined);
    if (found?.isDirectory()) return;
    await makeFolder(folder);
    for (let at = dirname(folder); at.length >= this.root.length; at = dirname(at)) await syncFolder(at);
  }

  private async locked<T>(path: string, work: () => Promise<T>): Promise<T> {
    const locks = join(this.root, LOCKS);
    await mkdir(locks, { recursive: true });
    const name = createHash('sha256').update(path.slice(this.root.length)).digest('hex').slice(0, 32);
    return await withLock(join(locks, name), work, { signal: this.signal });
  }

  private async *listBelow(parts: readonly string[], prefix: string): AsyncGenerator<ListedObject, void, undefined> {
    throwIfInterrupted(this.signal);
    const folder = join(this.root, ...parts.map(partToName));
    const entries = await this.told(folder, () => this.entriesOf(folder));
    for (const { part, isFolder } of entries) {
      const key = [...parts, part].join('/');
      if (isFolder) {
        const begins = `${key}/`;
        if (begins.startsWith(prefix) || prefix.startsWith(begins)) yield* this.listBelow([...parts, part], prefix);
      } else if (key.startsWith(prefix)) {
        const found = await stat(join(folder, partToName(part))).catch(() => undefined);
        // Deleted a moment ago.
        if (found !== undefined) yield { key, bytes: found.size };
      }
    }
  }

  /** In the order of the keys that they lead to. */
  private async entriesOf(folder: string): Promise<readonly { readonly part: string; readonly isFolder: boolean }[]> {
    const entries = await readdir(folder, { withFileTypes: true }).catch(async (error: unknown) => {
      if (!isAbsent(error)) throw error;
      await this.refuseMissing();
      return [];
    });
    return entries
      .flatMap((entry) => {
        const part = nameToPart(entry.name);
        const isFolder = entry.isDirectory();
        return part === undefined || !(isFolder || entry.isFile()) ? [] : [{ part, isFolder }];
      })
      .sort((a, b) => compareKeys(orderOf(a), orderOf(b)));
  }
}

const orderOf = ({ part, isFolder }: { readonly part: string; readonly isFolder: boolean }): string =>
  isFolder ? `${part}/` : part;

/** @returns whether the name was free; undefined where the file system has no hard links */
async function linkNew(file: string, path: string): Promise<boolean | undefined> {
  try {
    await link(file, path);
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EEXIST') {
      const found = await lstat(path).catch(() => undefined);
      if (found?.isDirectory() !== true) return false;
      throw Object.assign(new Error(`${path} is a folder`), { code: 'EISDIR', syscall: 'link' });
    }
    if (NO_LINKS.has(code)) return undefined;
    throw error;
  }
}
