import type { Runtime } from '@neurodex/autograd';
import type { Reporter } from '@neurodex/core';
import type { ObjectStore } from '@neurodex/objects';
import { type Index, type OpenOptions, openIndex } from '../systems/open-index.ts';
import { OpenShards, type OpenShardsOptions } from './open-shards.ts';
import { type RouterRecord, readPlan, type ShardPlan } from './records.ts';
import { ShardFolders } from './shard-folders.ts';

export interface PlaceOptions {
  readonly store: ObjectStore;
  /** Folder for what is copied from the store, and bytes of it at most. */
  readonly cache: string;
  readonly cacheBytes: number;
}

/** The index of the sample, and what closes it. */
export interface OpenedBase {
  readonly index: Index;
  close(): Promise<void>;
}

/** A place that is read: its plan, and copies of its objects on this machine. All versions of an index in shards share it. */
export class OpenPlace {
  readonly store: ObjectStore;
  readonly plan: ShardPlan;
  private readonly folders: ShardFolders;

  private constructor(store: ObjectStore, plan: ShardPlan, folders: ShardFolders) {
    this.store = store;
    this.plan = plan;
    this.folders = folders;
  }

  /** @throws NeurodexError `shards-unplanned`, `store-*`, `output-unwritable`, `disk-full` */
  static async open({ store, cache, cacheBytes }: PlaceOptions): Promise<OpenPlace> {
    const plan = await readPlan(store);
    return new OpenPlace(store, plan, await ShardFolders.open(store, cache, cacheBytes));
  }

  /** The index of the sample in a version: its queries, its configuration, its network. @throws NeurodexError `object-*`, `store-*`, `index-*`, `cache-full` */
  async base(
    { base }: Pick<RouterRecord, 'base'>,
    runtime: Runtime,
    reporter: Reporter,
    options: OpenOptions = {},
  ): Promise<OpenedBase> {
    const { folder, release } = await this.folders.folder(base);
    try {
      const index = await openIndex(folder, runtime, reporter, options);
      return {
        index,
        async close() {
          await index.close();
          await release();
        },
      };
    } catch (error) {
      await release();
      throw error;
    }
  }

  /** Its shards, each opened when it is first used. */
  shards<T extends { close(): Promise<void> }>(
    options: Pick<OpenShardsOptions<T>, 'most' | 'open' | 'needs'>,
  ): OpenShards<T> {
    const { store, plan, folders } = this;
    return new OpenShards({ store, plan, folders, ...options });
  }

  close(): Promise<void> {
    return this.folders.close();
  }
}
