import { link, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fromFileSystem } from '@neurodex/core';
import { makeFolder, removeStale, Temporary } from '@neurodex/core/storage';
import { type CachedObject, ContentCache, type ObjectStore } from '@neurodex/objects';
import type { ShardFile } from './records.ts';

/** A folder of an index, whose files stay until it is released. */
export interface OpenFolder {
  readonly folder: string;
  release(): Promise<void>;
}

/** Index folders of a store: their files are links to objects of a cache of this machine, which other processes share. */
export class ShardFolders {
  private readonly store: ObjectStore;
  private readonly cache: ContentCache;
  private readonly temporary: Temporary;
  private count = 0;

  private constructor(store: ObjectStore, cache: ContentCache, temporary: Temporary) {
    this.store = store;
    this.cache = cache;
    this.temporary = temporary;
  }

  /**
   * @param folder of the cache @param maxBytes of all objects that it holds, at most
   * @throws NeurodexError `output-unwritable`, `disk-full`
   */
  static async open(store: ObjectStore, folder: string, maxBytes: number): Promise<ShardFolders> {
    const cache = await ContentCache.open(folder, { maxBytes });
    const opened = join(folder, 'opened');
    await removeStale(opened);
    return new ShardFolders(store, cache, await Temporary.beside(opened));
  }

  /** @throws NeurodexError `cache-full`, `object-missing`, `object-damaged`, `store-*`, `disk-full` */
  async folder(files: readonly ShardFile[]): Promise<OpenFolder> {
    const folder = join(this.temporary.folder, String(this.count++));
    const objects: CachedObject[] = [];
    const release = async (): Promise<void> => {
      await rm(folder, { recursive: true, force: true });
      for (const object of objects) await object.release();
    };
    try {
      for (const { file, bytes, sha256 } of files) {
        const object = await this.cache.open(this.store, { bytes, sha256 });
        objects.push(object);
        const path = join(folder, file);
        await makeFolder(dirname(path));
        await link(object.path, path).catch((error: unknown) => {
          throw fromFileSystem(error, path);
        });
      }
    } catch (error) {
      await release();
      throw error;
    }
    return { folder, release };
  }

  /** Removes copies of objects from the cache of this machine. Folders that are open keep their files. */
  async forget(digests: readonly string[]): Promise<void> {
    for (const sha256 of digests) await this.cache.forget(sha256);
  }

  /** Removes the folders; the objects stay in the cache. */
  async close(): Promise<void> {
    await this.temporary.remove();
  }
}
