import type { Runtime } from '@neurodex/autograd';
import { defined, type Reporter, silentReporter } from '@neurodex/core';
import { contentKey, getContent, type ObjectStore } from '@neurodex/objects';
import type { StoredPicture } from '../pictures/picture-store.ts';
import { type Answer, topK } from '../query/answers.ts';
import type { Query } from '../query/query.ts';
import type { System } from '../query/system.ts';
import { type Index, openIndex } from '../systems/open-index.ts';
import { refuseUnaccepted } from '../systems/systems.ts';
import { OpenShards } from './open-shards.ts';
import { type RouterRecord, readPlan, type ShardPlan } from './records.ts';
import { checkTrained } from './route-shards.ts';
import { bestShards, logSumExp, Router } from './router.ts';
import { readRouterCells } from './router-file.ts';
import { type OpenFolder, ShardFolders } from './shard-folders.ts';

/** Shards that a query is sent to, by default. */
export const DEFAULT_ASKED = 4;
/** Of what is copied from a store. */
export const CACHE_BYTES = 20 * 2 ** 30;
const MOST_OPEN = 64;

export interface ShardedOptions {
  readonly store: ObjectStore;
  /** Folder for what is copied from the store, and bytes of it at most; 20 GiB by default. */
  readonly cache: string;
  readonly cacheBytes?: number;
  readonly runtime: Runtime;
  readonly reporter?: Reporter;
  /** Shards that a query is sent to, 1 or more. */
  readonly asked?: number;
  /** Shards that are open at a time: their states are in memory. 64 by default. */
  readonly mostOpen?: number;
}

/** An answer, and the shard that it is in. */
export interface ShardedAnswer extends Answer {
  /** Place in the catalogue of all shards, one behind the other. */
  readonly row: number;
  readonly shard: number;
  readonly picture: StoredPicture;
}

/**
 * An index in shards: the network of the sample encodes a query, the router says which shards are likely to answer it, and those are
 * searched. The score of an answer is log P(shard | q) + log P(id | q, shard); over the pictures of all shards the probabilities add up
 * to 1, as far as the sums of shards that are not asked are estimated well.
 */
export class ShardedIndex implements System {
  readonly name = 'dsi';
  readonly memorises = true;
  readonly plan: ShardPlan;
  /** The index of the sample: its queries, its configuration, its network. */
  readonly base: Index;
  private readonly options: ShardedOptions;
  /** What the shards are in the version that is open. */
  readonly router: RouterRecord;
  private readonly routing: Router;
  private readonly folders: ShardFolders;
  /** Where the pictures of each shard begin. */
  private readonly firstRows: readonly number[];
  private readonly baseFolder: OpenFolder;
  private readonly shards: OpenShards;

  private constructor(
    options: ShardedOptions,
    opened: {
      readonly plan: ShardPlan;
      readonly record: RouterRecord;
      readonly base: Index;
      readonly baseFolder: OpenFolder;
      readonly router: Router;
      readonly folders: ShardFolders;
    },
  ) {
    this.options = options;
    this.plan = opened.plan;
    this.base = opened.base;
    this.routing = opened.router;
    this.folders = opened.folders;
    this.baseFolder = opened.baseFolder;
    const { store, mostOpen = MOST_OPEN } = options;
    this.shards = new OpenShards(store, opened.record, opened.folders, mostOpen);
    this.router = opened.record;
    let next = 0;
    this.firstRows = this.router.shards.map(({ pictures }) => {
      next += pictures;
      return next - pictures;
    });
  }

  /** @throws NeurodexError `shards-unplanned`, `shards-unfinished`, `shards-mixed`, `object-*`, `store-*`, `index-*` */
  static async open(options: ShardedOptions): Promise<ShardedIndex> {
    const { store, cache, runtime, reporter = silentReporter } = options;
    const plan = await readPlan(store);
    const { record } = await checkTrained(store, plan);
    const cells = readRouterCells(
      await getContent(store, record.cells),
      plan.shards.length,
      plan.width,
      `${store.place}/${contentKey(record.cells.sha256)}`,
    );
    const router = new Router(cells, plan.temperature, plan.width);
    const folders = await ShardFolders.open(store, cache, options.cacheBytes ?? CACHE_BYTES);
    try {
      const baseFolder = await folders.folder(record.base);
      const base = await openIndex(baseFolder.folder, runtime, reporter);
      return new ShardedIndex(options, { plan, record, base, baseFolder, router, folders });
    } catch (error) {
      await folders.close();
      throw error;
    }
  }

  /** @throws NeurodexError `query-unsupported`, `query-empty`, `text-*`, `object-*`, `store-*` */
  async rank(queries: readonly Query[], k: number): Promise<ShardedAnswer[][]> {
    refuseUnaccepted('dsi', queries, this.base.manifest);
    const { statesOf } = await this.base.system('dsi');
    const states = await defined(statesOf, 'the states of queries')(queries);
    const asked = Math.min(this.options.asked ?? DEFAULT_ASKED, this.routing.count);
    const ranked: ShardedAnswer[][] = [];
    for (const query of queries.keys()) ranked.push(await this.searchOne(states, query, k, asked));
    return ranked;
  }

  /** The shards that a query would be sent to, the likeliest first. @param states float32 [B, D] @param query which of them */
  route(states: Float32Array, query: number, count: number): number[] {
    return bestShards(this.routing.logSums(states, query), count);
  }

  async close(): Promise<void> {
    await this.shards.close();
    await this.base.close();
    await this.baseFolder.release();
    await this.folders.close();
  }

  private async searchOne(states: Float32Array, query: number, k: number, asked: number): Promise<ShardedAnswer[]> {
    const sums = this.routing.logSums(states, query);
    const found: ShardedAnswer[] = [];
    for (const shard of bestShards(sums, asked)) {
      const { search, artifact, isExact, beam } = await this.shards.get(shard);
      const answers = isExact ? search.exhaustive(states, query, k) : search.beam(states, query, k, Math.max(k, beam));
      // What is known of a shard that was searched takes the place of what was estimated.
      sums[shard] = search.logSum;
      const first = this.firstRows[shard] ?? NaN;
      for (const { row, score } of answers) {
        const picture = defined(artifact.store.rows[row], 'the picture of an answer');
        found.push({ row: first + row, score: score + search.logSum, shard, picture });
      }
    }
    const total = logSumExp(sums);
    return topK(
      found.map((answer) => ({ ...answer, score: answer.score - total })),
      k,
    );
  }
}
