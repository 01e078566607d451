import { defined } from '@neurodex/core';
import { digestFile, type Lock, throwIfInterrupted } from '@neurodex/core/storage';
import { type ContentDigest, contentKey, downloadContent } from '../content.ts';
import type { ObjectStore } from '../object-store.ts';
import { CacheFolder } from './cache-folder.ts';

/** How large a cache may be. */
export interface ContentCacheOptions {
  /** The most bytes of all objects together. An object that is fetched lies beside them until it is complete. */
  readonly maxBytes: number;
  /** Ends what it does. */
  readonly signal?: AbortSignal;
}

/** A file that holds what its digest says, and stays until it is released. */
export interface CachedObject {
  /** The file on this machine. */
  readonly path: string;
  /** Never throws; a second call does nothing. */
  release(): Promise<void>;
}

interface Use {
  count: number;
  readonly pin: Promise<Lock>;
}

/**
 * Local copies of content-addressed objects, in a folder of one machine that processes may share. What was not used for the
 * longest time makes room for others; what is open, in any process that is alive, stays.
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs';
 * import { silentReporter } from '@neurodex/core';
 * import { ContentCache, openStore, putContent } from '@neurodex/objects';
 *
 * const store = await openStore('store', { environment: process.env, reporter: silentReporter, create: true });
 * const words = await putContent(store, new TextEncoder().encode('red'));
 * const cache = await ContentCache.open('cache', { maxBytes: 1e6 });
 * const opened = await cache.open(store, words);
 * console.log(readFileSync(opened.path, 'utf8')); // → red
 * await opened.release();
 * ```
 */
export class ContentCache {
  private readonly files: CacheFolder;
  private readonly signal: AbortSignal | undefined;
  private readonly uses = new Map<string, Use & { readonly ready: Promise<void> }>();
  /** Identity of each file whose bytes this process has compared with their digest. */
  private readonly verified = new Map<string, string>();

  private constructor(files: CacheFolder, signal: AbortSignal | undefined) {
    this.files = files;
    this.signal = signal;
  }

  /** Makes the folder where it is not there. @throws NeurodexError `output-unwritable`, `disk-full` */
  static async open(folder: string, { maxBytes, signal }: ContentCacheOptions): Promise<ContentCache> {
    return new ContentCache(await CacheFolder.open(folder, maxBytes, signal), signal);
  }

  /**
   * The file of an object: fetched where it is not there or damaged, once for all that ask for it at a time. Its bytes are
   * compared with the digest before this process first uses them, and again after the file was changed.
   * @throws NeurodexError `cache-full` where objects in use leave no room; `object-missing`, `object-damaged` and `store-*` of
   *   the store; `disk-full`, `output-unwritable`, `interrupted`
   */
  async open(store: ObjectStore, digest: ContentDigest): Promise<CachedObject> {
    const { sha256 } = digest;
    contentKey(sha256);
    throwIfInterrupted(this.signal);
    const use = this.uses.get(sha256) ?? this.begin(store, digest);
    use.count++;
    try {
      await use.ready;
    } catch (error) {
      await this.leave(sha256, use);
      throw error;
    }
    let isOpen = true;
    return {
      path: this.files.pathOf(sha256),
      release: async () => {
        if (!isOpen) return;
        isOpen = false;
        await this.leave(sha256, use);
      },
    };
  }

  /** Removes the copy of an object, where there is one: its content is not to be found here any more. Not to be called while it is open. */
  async forget(sha256: string): Promise<void> {
    contentKey(sha256);
    this.verified.delete(sha256);
    await this.files.fetchAlone(sha256, () => this.files.remove(sha256));
  }

  private begin(store: ObjectStore, digest: ContentDigest): Use & { readonly ready: Promise<void> } {
    const pin = this.files.pin(digest.sha256);
    const use = { count: 0, pin, ready: pin.then(() => this.provide(store, digest)) };
    this.uses.set(digest.sha256, use);
    return use;
  }

  private async leave(sha256: string, use: Use): Promise<void> {
    use.count--;
    if (use.count > 0) return;
    // Whoever comes now begins anew, with a pin of its own.
    if (this.uses.get(sha256) === use) this.uses.delete(sha256);
    const pin = await use.pin.catch(() => undefined);
    await pin?.release();
  }

  private async provide(store: ObjectStore, digest: ContentDigest): Promise<void> {
    const { sha256, bytes } = digest;
    if (!(await this.isSound(digest))) {
      await this.files.fetchAlone(sha256, async () => {
        // Another process may have fetched it meanwhile.
        if (await this.isSound(digest)) return;
        await this.files.remove(sha256);
        await this.files.add(sha256, bytes, (path) => downloadContent(store, digest, path));
        const { identity } = defined(await this.files.find(sha256), 'the object that was fetched');
        this.verified.set(sha256, identity);
      });
    }
    await this.files.touch(sha256);
  }

  private async isSound({ sha256, bytes }: ContentDigest): Promise<boolean> {
    const found = await this.files.find(sha256);
    if (found?.bytes !== bytes) return false;
    if (this.verified.get(sha256) === found.identity) return true;
    const digest = await digestFile(this.files.pathOf(sha256)).catch(() => undefined);
    if (digest?.sha256 !== sha256) return false;
    this.verified.set(sha256, found.identity);
    return true;
  }
}
