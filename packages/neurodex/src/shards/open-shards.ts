import { NeurodexError } from '@neurodex/core';
import type { ObjectStore } from '@neurodex/objects';
import pLimit from 'p-limit';
import { readRoutedShard } from './read-routed-shard.ts';
import type { ShardFile, ShardPlan } from './records.ts';
import type { OpenFolder, ShardFolders } from './shard-folders.ts';
import type { RoutedShard } from './shard-source.ts';

interface Closable {
  close(): Promise<void>;
}

export interface OpenShardsOptions<T extends Closable> {
  readonly store: ObjectStore;
  readonly plan: ShardPlan;
  readonly folders: ShardFolders;
  /** That are open at a time; more where as many are used at that time. */
  readonly most: number;
  /** Opens what a shard is used for. */
  readonly open: (folder: string) => Promise<T>;
  /** Files of its index that this takes; all by default. */
  readonly needs?: (file: ShardFile) => boolean;
}

interface Held<T> {
  readonly shard: number;
  readonly opening: Promise<{ readonly opened: T; readonly folder: OpenFolder }>;
  isOpen: boolean;
  users: number;
}

/**
 * Shards that are opened when they are first asked, and stay open: the one that was asked the longest time ago makes room for
 * another. Of a shard each version is another one, by the digest of its record.
 */
export class OpenShards<T extends Closable> {
  private readonly options: OpenShardsOptions<T>;
  /** By the digest of the record; the one that was asked last is the last. */
  private readonly held = new Map<string, Held<T>>();
  /** What makes room in the cache when it ends. */
  private readonly busy = new Set<Promise<unknown>>();
  /** Of shards that found the cache full, one is opened at a time: two could wait for each other. */
  private readonly alone = pLimit(1);

  constructor(options: OpenShardsOptions<T>) {
    this.options = options;
  }

  /**
   * The shard stays open for as long as the work with it takes.
   * @param milliseconds that opening it may take; it goes on behind that, for whoever asks later
   * @throws NeurodexError `shards-unavailable` where it takes longer; `shards-mixed`, `object-*`, `store-*`, `index-*`, `cache-full`
   */
  async use<R>(routed: RoutedShard, work: (opened: T) => R | Promise<R>, milliseconds?: number): Promise<R> {
    const held = this.hold(routed);
    held.users++;
    try {
      const { opened } = await within(held.opening, routed.shard, milliseconds);
      return await this.tracked(Promise.resolve(opened).then(work));
    } finally {
      held.users--;
      while (this.held.size > this.options.most && (await this.closeOldest())) {}
    }
  }

  async close(): Promise<void> {
    while (this.held.size > 0) {
      await Promise.allSettled(this.busy);
      await Promise.allSettled([...this.held.values()].map(({ opening }) => opening));
      while (await this.closeOldest()) {}
    }
  }

  private hold(routed: RoutedShard): Held<T> {
    const { shard, record } = routed;
    const key = record.sha256;
    const known = this.held.get(key);
    if (known !== undefined && known.shard !== shard) throw otherShard(shard, known.shard);
    const held: Held<T> = known ?? { shard, opening: this.open(routed), isOpen: false, users: 0 };
    this.held.delete(key);
    this.held.set(key, held);
    if (known !== undefined) return held;
    held.opening.then(
      () => {
        held.isOpen = true;
      },
      // The next one who asks tries again.
      () => this.held.get(key) === held && this.held.delete(key),
    );
    return held;
  }

  /** @returns whether there was one that nobody uses */
  private async closeOldest(): Promise<boolean> {
    const [oldest] = [...this.held].filter(([, { isOpen, users }]) => isOpen && users === 0);
    if (oldest === undefined) return false;
    const [key, held] = oldest;
    this.held.delete(key);
    const { opened, folder } = await held.opening;
    await opened.close();
    await folder.release();
    return true;
  }

  private async open(routed: RoutedShard): Promise<{ readonly opened: T; readonly folder: OpenFolder }> {
    const { store, plan, needs = () => true } = this.options;
    const { files } = await readRoutedShard(store, plan, routed);
    const needed = files.filter(needs);
    const attempt = this.tracked(this.openFiles(needed));
    return await attempt.catch((error: unknown) => {
      if (!isFull(error)) throw error;
      return this.alone(() => this.openInTurn(needed));
    });
  }

  private async openInTurn(files: readonly ShardFile[]) {
    for (;;) {
      try {
        return await this.openFiles(files);
      } catch (error) {
        if (!isFull(error)) throw error;
        if (await this.closeOldest()) continue;
        if (this.busy.size === 0) throw error;
        await Promise.race([...this.busy].map((other) => other.catch(() => undefined)));
      }
    }
  }

  private async openFiles(files: readonly ShardFile[]) {
    const { folders, open } = this.options;
    const folder = await folders.folder(files);
    try {
      return { folder, opened: await open(folder.folder) };
    } catch (error) {
      await folder.release();
      throw error;
    }
  }

  private tracked<R>(work: Promise<R>): Promise<R> {
    this.busy.add(work);
    const done = (): boolean => this.busy.delete(work);
    work.then(done, done);
    return work;
  }
}

const isFull = (error: unknown): boolean => error instanceof NeurodexError && error.code === 'cache-full';

async function within<R>(opening: Promise<R>, shard: number, milliseconds: number | undefined): Promise<R> {
  if (milliseconds === undefined) return await opening;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new NeurodexError('shards-unavailable', `shard ${shard} is still being opened`, {
      hint: 'ask again: it is copied from the store when it is first asked',
      details: { shard },
    });
    timer = setTimeout(() => reject(error), milliseconds);
  });
  try {
    return await Promise.race([opening, late]);
  } finally {
    clearTimeout(timer);
  }
}

const otherShard = (asked: number, found: number): NeurodexError =>
  new NeurodexError('shards-mixed', `the record that is named for shard ${asked} is of shard ${found}`, {
    hint: 'name the record that router.json has for the shard',
    details: { shard: asked },
  });
