import { nodeRuntime } from '@neurodex/autograd/node';
import type { Reporter } from '@neurodex/core';
import type { ObjectStore } from '@neurodex/objects';
import type { ShardTask } from './drivers/driver.ts';
import { routeShards } from './route-shards.ts';
import { trainShard } from './train-shard.ts';

export interface TaskOptions {
  /** Of the runtime; those of the machine by default. */
  readonly threads?: number | undefined;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
}

/** Does one task of a plan, whichever engine handed it out. @returns whether it was not done before */
export async function runTask(store: ObjectStore, task: ShardTask, options: TaskOptions): Promise<boolean> {
  const { threads, reporter, signal } = options;
  if (task.kind === 'route') return (await routeShards(store)).isNew;
  const runtime = nodeRuntime({ spinning: false, ...(threads === undefined ? {} : { threads }) });
  return (await trainShard({ store, shard: task.shard, runtime, reporter, signal })).isNew;
}

export const taskName = (task: ShardTask): string => (task.kind === 'route' ? 'router' : `shard ${task.shard}`);
