import type { Reporter } from '@neurodex/core';
import { type ObjectStore, openStore } from '@neurodex/objects';
import type { ShardTask } from '../shards/drivers/driver.ts';
import type { DriverName } from '../shards/drivers/driver-names.ts';
import { DRIVERS } from '../shards/drivers/drivers.ts';
import { findRouter, findShard, readPlan, type ShardPlan } from '../shards/records.ts';
import { runTask } from '../shards/run-task.ts';

export interface PlaceOptions {
  /** A folder, or `s3://bucket/prefix`. */
  readonly place: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
}

/** How far the shards of a place have come. */
export interface ShardsStatus {
  readonly place: string;
  /** Digest of the plan. */
  readonly plan: string;
  readonly created: string;
  readonly neurodex: string;
  /** Catalogue pictures of all shards. */
  readonly catalogue: number;
  readonly shards: readonly { readonly shard: number; readonly pictures: number; readonly trained: boolean }[];
  /** Whether it can be searched. */
  readonly searchable: boolean;
}

/** @throws NeurodexError `shards-unplanned`, `shards-mixed`, `index-*`, `store-*` */
export async function shardsStatus(options: PlaceOptions): Promise<ShardsStatus> {
  const store = await storeOf(options);
  return await statusOf(store, await readPlan(store));
}

export interface RunTaskOptions extends PlaceOptions {
  readonly task: ShardTask;
}

export interface TaskResult {
  readonly place: string;
  readonly task: ShardTask;
  /** False where it was done already. */
  readonly done: boolean;
}

/** Does one task of a plan: as often as one likes, by as many workers as one likes. @throws NeurodexError `shards-*`, `shard-*`, `object-*`, `store-*` */
export async function runShardTask(options: RunTaskOptions): Promise<TaskResult> {
  const { place, task, reporter, signal } = options;
  return { place, task, done: await runTask(await storeOf(options), task, { reporter, signal }) };
}

export interface RunShardsOptions extends PlaceOptions {
  readonly driver: DriverName;
  readonly workers: number;
}

/** Trains all shards that are missing, then makes the router. @throws NeurodexError `shards-*`, `store-*`, `interrupted` */
export async function runShards(options: RunShardsOptions): Promise<ShardsStatus> {
  const { place, driver, workers, environment, reporter, signal } = options;
  const store = await storeOf(options);
  const plan = await readPlan(store);
  const before = await statusOf(store, plan);
  if (!before.searchable) {
    const missing = before.shards.filter(({ trained }) => !trained).map(({ shard }) => shard);
    await DRIVERS[driver].run({ store, place, missing, workers, environment, reporter, signal });
  }
  return await statusOf(store, plan);
}

const storeOf = ({ place, environment, reporter, signal }: PlaceOptions): Promise<ObjectStore> =>
  openStore(place, { environment, reporter, ...(signal && { signal }) });

async function statusOf(store: ObjectStore, plan: ShardPlan): Promise<ShardsStatus> {
  const shards: ShardsStatus['shards'][number][] = [];
  for (const [shard, { pictures }] of plan.shards.entries())
    shards.push({ shard, pictures, trained: (await findShard(store, plan, shard)) !== undefined });
  const { digest, created, neurodex, catalogue } = plan;
  const searchable = (await findRouter(store, plan)) !== undefined;
  return { place: store.place, plan: digest, created, neurodex, catalogue, shards, searchable };
}
