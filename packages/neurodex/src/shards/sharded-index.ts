import type { Runtime } from '@neurodex/autograd';
import { defined, type Reporter, silentReporter } from '@neurodex/core';
import { contentKey, getContent, type ObjectStore } from '@neurodex/objects';
import { type Answer, topK } from '../query/answers.ts';
import type { Query } from '../query/query.ts';
import type { System } from '../query/system.ts';
import type { Index, OpenOptions } from '../systems/open-index.ts';
import { refuseUnaccepted } from '../systems/systems.ts';
import { checkAnswers } from './check-answers.ts';
import { LocalShards, openSearchable } from './local-shards.ts';
import { type OpenedBase, OpenPlace } from './open-place.ts';
import type { RouterRecord, ShardPlan } from './records.ts';
import { checkTrained } from './route-shards.ts';
import { bestShards, logSumExp, Router } from './router.ts';
import { readRouterCells } from './router-file.ts';
import type { RoutedShard, ShardAnswers, ShardPicture, ShardSource } from './shard-source.ts';

/** Shards that a query is sent to, by default. */
export const DEFAULT_ASKED = 4;
export const CACHE_BYTES = 20 * 2 ** 30;
/** Shards that are open at a time: their states are in memory. */
export const MOST_OPEN = 64;

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

/** How a version of a place that is open is opened. */
export interface VersionOptions {
  readonly runtime: Runtime;
  readonly reporter?: Reporter | undefined;
  /** Shards that a query is sent to, 1 or more. */
  readonly asked?: number | undefined;
  /** How the index of the sample is opened. */
  readonly opening?: OpenOptions | undefined;
}

/** An answer, and the shard that it is in. */
export interface ShardedAnswer extends Answer {
  /** Place in the catalogue of all shards, one behind the other. */
  readonly row: number;
  readonly shard: number;
  readonly picture: ShardPicture;
}

/** What is answered to one query. */
export interface ShardedRanking {
  /** Best first. */
  readonly answers: readonly ShardedAnswer[];
  /** Shards that were asked and did not answer, each with its reason. */
  readonly leftOut: ReadonlyMap<number, unknown>;
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
  /** What the shards are in the version that is open. */
  readonly router: RouterRecord;
  private readonly routing: Router;
  private readonly source: ShardSource;
  private readonly asked: number;
  /** Where the pictures of each shard begin. */
  private readonly firstRows: readonly number[];
  private readonly closing: () => Promise<void>;

  private constructor(
    plan: ShardPlan,
    opened: OpenedVersion,
    source: ShardSource,
    asked: number,
    closing: () => Promise<void>,
  ) {
    const { record, routing, base } = opened;
    this.plan = plan;
    this.base = base.index;
    this.router = record;
    this.routing = routing;
    this.source = source;
    this.asked = Math.min(asked, routing.count);
    this.closing = closing;
    this.firstRows = firstRowsOf(record);
  }

  /** @throws NeurodexError `shards-unplanned`, `shards-unfinished`, `shards-mixed`, `object-*`, `store-*`, `index-*` */
  static async open({
    asked = DEFAULT_ASKED,
    mostOpen: most = MOST_OPEN,
    ...options
  }: ShardedOptions): Promise<ShardedIndex> {
    const { store, cache, cacheBytes = CACHE_BYTES } = options;
    const place = await OpenPlace.open({ store, cache, cacheBytes });
    try {
      const opened = await openVersion(place, options);
      const source = new LocalShards(place.shards({ most, open: openSearchable }));
      return new ShardedIndex(place.plan, opened, source, asked, async () => {
        await source.close();
        await opened.base.close();
        await place.close();
      });
    } catch (error) {
      await place.close();
      throw error;
    }
  }

  /** The version that a place has now. The place and its shards stay open when it is closed. @throws NeurodexError as `open` */
  static async of(place: OpenPlace, source: ShardSource, options: VersionOptions): Promise<ShardedIndex> {
    const opened = await openVersion(place, options);
    return new ShardedIndex(place.plan, opened, source, options.asked ?? DEFAULT_ASKED, () => opened.base.close());
  }

  /** @throws NeurodexError of a shard that does not answer, beside those of `search` */
  async rank(queries: readonly Query[], k: number): Promise<ShardedAnswer[][]> {
    return (await this.search(queries, k)).map(({ answers, leftOut }) => {
      for (const reason of leftOut.values()) throw reason;
      return [...answers];
    });
  }

  /** Answers without the shards that do not answer. @throws NeurodexError `query-unsupported`, `query-empty`, `text-*` */
  async search(queries: readonly Query[], k: number): Promise<ShardedRanking[]> {
    refuseUnaccepted('dsi', queries, this.base.manifest);
    const { statesOf } = await this.base.system('dsi');
    const states = await defined(statesOf, 'the states of queries')(queries);
    const sums = queries.map((_, query) => this.routing.logSums(states, query));
    const found = await this.askShards(states, sums, k);
    return sums.map((own, query) => this.merged(own, query, k, found));
  }

  /** The thumbnail of an answer, PNG. @throws RangeError where other servers have the pictures; NeurodexError of its shard */
  async thumbnail({ shard, row }: Pick<ShardedAnswer, 'shard' | 'row'>): Promise<Uint8Array> {
    if (this.source.thumbnail === undefined) throw new RangeError('the pictures of these shards are on other servers');
    return await this.source.thumbnail(routedShard(this.router, shard), row - (this.firstRows[shard] ?? NaN));
  }

  /** The shards that a query would be sent to, the likeliest first. @param states float32 [B, D] @param query which of them */
  route(states: Float32Array, query: number, count: number): number[] {
    return bestShards(this.routing.logSums(states, query), count);
  }

  close(): Promise<void> {
    return this.closing();
  }

  /** Asks each shard once, for all queries that are sent to it. */
  private async askShards(states: Float32Array, sums: readonly Float64Array[], k: number): Promise<Asked[]> {
    const sent = new Map<number, Sent[]>();
    for (const [query, own] of sums.entries()) {
      const shards = bestShards(own, this.asked);
      const total = logSumExp(shards.map((shard) => own[shard] ?? NaN));
      for (const shard of shards) {
        const share = Math.exp((own[shard] ?? NaN) - total);
        sent.set(shard, [...(sent.get(shard) ?? []), { query, share }]);
      }
    }
    return await Promise.all([...sent].map(([shard, own]) => this.askShard(shard, states, own, k)));
  }

  private async askShard(shard: number, states: Float32Array, sent: readonly Sent[], k: number): Promise<Asked> {
    const { width, temperature } = this.plan;
    const routed = routedShard(this.router, shard);
    const queries = sent.map(({ query }) => query);
    const shares = sent.map(({ share }) => share);
    const own = new Float32Array(queries.length * width);
    for (const [i, query] of queries.entries()) own.set(states.subarray(query * width, (query + 1) * width), i * width);
    try {
      const found = await this.source.search(routed, own, k, shares);
      return { shard, queries, found: checkAnswers(found, { shard: routed, queries: queries.length, k, temperature }) };
    } catch (reason) {
      return { shard, queries, reason };
    }
  }

  private merged(sums: Float64Array, query: number, k: number, asked: readonly Asked[]): ShardedRanking {
    const found: ShardedAnswer[] = [];
    const leftOut = new Map<number, unknown>();
    for (const { shard, queries, ...outcome } of asked) {
      const at = queries.indexOf(query);
      if (at < 0) continue;
      if ('reason' in outcome) {
        leftOut.set(shard, outcome.reason);
        continue;
      }
      const { logSum, answers } = defined(outcome.found[at], 'the answers of a shard');
      // What is known of a shard that was searched takes the place of what was estimated.
      sums[shard] = logSum;
      const first = this.firstRows[shard] ?? NaN;
      for (const { row, score, picture } of answers)
        found.push({ row: first + row, score: score + logSum, shard, picture });
    }
    const total = logSumExp(sums);
    return { answers: topK(found, k).map((answer) => ({ ...answer, score: answer.score - total })), leftOut };
  }
}

/** A query that a shard is asked. */
interface Sent {
  readonly query: number;
  /** Of the shards that it is sent to, the probability of this one. */
  readonly share: number;
}

/** What came of asking one shard. */
type Asked = { readonly shard: number; readonly queries: readonly number[] } & (
  | { readonly found: readonly ShardAnswers[] }
  | { readonly reason: unknown }
);

interface OpenedVersion {
  readonly record: RouterRecord;
  readonly routing: Router;
  readonly base: OpenedBase;
}

async function openVersion(place: OpenPlace, options: VersionOptions): Promise<OpenedVersion> {
  const { store, plan } = place;
  const { runtime, reporter = silentReporter, opening } = options;
  const { record } = await checkTrained(store, plan);
  const bytes = await getContent(store, record.cells);
  const name = `${store.place}/${contentKey(record.cells.sha256)}`;
  const cells = readRouterCells(bytes, plan.shards.length, plan.width, name);
  const base = await place.base(record, runtime, reporter, opening);
  return { record, routing: new Router(cells, plan.temperature, plan.width), base };
}

/** One shard of a router. */
export const routedShard = ({ shards }: Pick<RouterRecord, 'shards'>, shard: number): RoutedShard => ({
  shard,
  ...defined(shards[shard], 'a shard of a router'),
});

function firstRowsOf({ shards }: RouterRecord): number[] {
  let next = 0;
  return shards.map(({ pictures }) => {
    next += pictures;
    return next - pictures;
  });
}
