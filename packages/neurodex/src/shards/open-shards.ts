import { defined, NeurodexError } from '@neurodex/core';
import type { ObjectStore } from '@neurodex/objects';
import { type IndexArtifact, openArtifact } from '../artifact/index-artifact.ts';
import { MemorySearch } from '../dsi/search/memory-search.ts';
import { type RouterRecord, readShardRecord } from './records.ts';
import type { OpenFolder, ShardFolders } from './shard-folders.ts';

/** A shard that can be searched. */
export interface OpenShard {
  readonly artifact: IndexArtifact;
  readonly search: MemorySearch;
  /** Whether every identifier is compared, as its configuration says. */
  readonly isExact: boolean;
  readonly beam: number;
}

interface Held {
  readonly shard: OpenShard;
  readonly folder: OpenFolder;
}

/** Shards that are opened when they are first asked. The one that was asked the longest time ago makes room for another. */
export class OpenShards {
  private readonly store: ObjectStore;
  private readonly record: RouterRecord;
  private readonly folders: ShardFolders;
  private readonly most: number;
  /** The one that was asked last is the last. */
  private readonly held = new Map<number, Promise<Held>>();

  /** @param most that are open at a time */
  constructor(store: ObjectStore, record: RouterRecord, folders: ShardFolders, most: number) {
    this.store = store;
    this.record = record;
    this.folders = folders;
    this.most = most;
  }

  /** What it returns is used before anything else is waited for: then it may be closed. @throws NeurodexError `object-*`, `store-*`, `index-*`, `cache-full` */
  async get(shard: number): Promise<OpenShard> {
    const known = this.held.get(shard) ?? this.open(shard);
    this.held.delete(shard);
    this.held.set(shard, known);
    try {
      const { shard: opened } = await known;
      while (this.held.size > this.most && (await this.closeOldest(shard))) {}
      return opened;
    } catch (error) {
      if (this.held.get(shard) === known) this.held.delete(shard);
      throw error;
    }
  }

  async close(): Promise<void> {
    while (await this.closeOldest(-1)) {}
  }

  /** @returns whether there was one beside the shard that is wanted */
  private async closeOldest(wanted: number): Promise<boolean> {
    const oldest = [...this.held.keys()].find((shard) => shard !== wanted);
    if (oldest === undefined) return false;
    const held = this.held.get(oldest);
    this.held.delete(oldest);
    const opened = await held?.catch(() => undefined);
    await opened?.shard.artifact.close();
    await opened?.folder.release();
    return true;
  }

  private async open(shard: number): Promise<Held> {
    const { files } = await readShardRecord(this.store, defined(this.record.shards[shard], 'a shard of a router'));
    for (;;) {
      try {
        const folder = await this.folders.folder(files);
        return { folder, shard: await openShard(folder.folder) };
      } catch (error) {
        const isFull = error instanceof NeurodexError && error.code === 'cache-full';
        // Others that are open hold the cache.
        if (!isFull || !(await this.closeOldest(shard))) throw error;
      }
    }
  }
}

async function openShard(folder: string): Promise<OpenShard> {
  const artifact = await openArtifact(folder);
  try {
    const { model, table } = await artifact.network();
    const { beam, exactUpTo } = artifact.manifest.config.retrieval;
    return {
      artifact,
      search: new MemorySearch(table, defined(model.memory, 'the memory of a shard'), model.geometry.width),
      isExact: table.trie.leafCount <= exactUpTo,
      beam: Math.min(beam, table.trie.leafCount),
    };
  } catch (error) {
    await artifact.close();
    throw error;
  }
}
