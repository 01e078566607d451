import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, fromFileSystem } from '@neurodex/core';
import { makeFolder } from '@neurodex/core/storage';
import type { ObjectStore } from '@neurodex/objects';
import type { ShardFile } from './records.ts';
import { downloadFiles } from './work-folder.ts';

/** Index folders that are copied from a store when they are first asked for. */
export class ShardFolders {
  private readonly store: ObjectStore;
  private readonly cache: string;

  /** @param cache folder that they are copied to, and stay in */
  constructor(store: ObjectStore, cache: string) {
    this.store = store;
    this.cache = cache;
  }

  /** The folder of an index. @param digest of all of its files @throws NeurodexError `object-*`, `store-*`, `disk-full` */
  async folder(digest: string, files: readonly ShardFile[]): Promise<string> {
    const folder = join(this.cache, digest);
    if (existsSync(folder)) return folder;
    await makeFolder(this.cache);
    const partial = await mkdtemp(join(this.cache, `${digest}.partial-`));
    try {
      await downloadFiles(this.store, files, partial);
      await rename(partial, folder).catch((error: unknown) => {
        // Another process was first.
        if (errorCode(error) !== 'ENOTEMPTY' && errorCode(error) !== 'EEXIST') throw fromFileSystem(error, folder);
      });
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
    return folder;
  }
}
