import { NeurodexError, type Reporter } from '@neurodex/core';
import { type ObjectStore, openStore } from '@neurodex/objects';
import type { ShardTask } from '../shards/drivers/driver.ts';
import type { DriverName } from '../shards/drivers/driver-names.ts';
import { DRIVERS, QUEUE_DRIVER } from '../shards/drivers/drivers.ts';
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
  /** On this machine; 0 where workers of other machines take everything from a queue. */
  readonly workers: number;
  /** Address of a queue, for a driver that has one: `redis://host:6379`. */
  readonly queue?: string | undefined;
}

/**
 * Trains all shards that are missing, then makes the router.
 * @throws NeurodexError `usage`, `shards-*`, `queue-unreachable`, `store-*`, `interrupted`
 */
export async function runShards(options: RunShardsOptions): Promise<ShardsStatus> {
  const { place, driver, workers, queue, environment, reporter, signal } = options;
  checkQueue(options);
  const store = await storeOf(options);
  const plan = await readPlan(store);
  const before = await statusOf(store, plan);
  if (!before.searchable) {
    const missing = before.shards.filter(({ trained }) => !trained).map(({ shard }) => shard);
    await DRIVERS[driver].run({ store, plan, place, missing, workers, queue, environment, reporter, signal });
  }
  return await statusOf(store, plan);
}

/** @throws NeurodexError `usage` for a driver without the queue that it needs, and for one that has none */
function checkQueue({ driver, workers, queue }: RunShardsOptions): void {
  const { protocols } = DRIVERS[driver];
  const isQueued = protocols.length > 0;
  if (isQueued && queue === undefined) {
    throw new NeurodexError('usage', `the driver ${driver} needs the address of a queue`, {
      hint: `name one with --queue: ${protocols.map((name) => `${name}://host`).join(', ')}`,
      details: { driver },
    });
  }
  if (isQueued) return;
  if (queue !== undefined || workers === 0) {
    throw new NeurodexError('usage', `the driver ${driver} has no queue: its workers are those of this machine`, {
      hint: queue === undefined ? 'write --workers 1 or more' : 'leave out --queue, or write --driver bullmq',
      details: { driver },
    });
  }
}

export interface WorkShardsOptions extends PlaceOptions {
  /** Address of the queue that `runShards` fills. */
  readonly queue: string;
  /** 1 or more. */
  readonly workers: number;
  /** Ends when the router is there; otherwise only when it is interrupted. */
  readonly untilDone: boolean;
}

/** Takes tasks of a place from a queue. @throws NeurodexError `usage`, `shards-*`, `queue-unreachable`, `store-*`, `interrupted` where it is to be done */
export async function workShards(options: WorkShardsOptions): Promise<ShardsStatus> {
  const { place, workers, queue, untilDone, environment, reporter, signal } = options;
  const store = await storeOf(options);
  const plan = await readPlan(store);
  await QUEUE_DRIVER.work({ store, plan, place, workers, queue, untilDone, environment, reporter, signal });
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
