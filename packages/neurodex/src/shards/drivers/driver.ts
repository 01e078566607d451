import type { Reporter } from '@neurodex/core';
import type { ObjectStore } from '@neurodex/objects';
import type { ShardPlan } from '../records.ts';

/** A piece of work that any engine can hand out: it is the same, whoever does it and however often. */
export type ShardTask = { readonly kind: 'train'; readonly shard: number } | { readonly kind: 'route' };

/** What every worker is given. */
export interface WorkRequest {
  readonly store: ObjectStore;
  readonly plan: ShardPlan;
  /** As the user named it; a folder is absolute. */
  readonly place: string;
  /** Tasks at a time, on this machine. */
  readonly workers: number;
  /** Address of a queue, for the drivers that have one. */
  readonly queue?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
}

/** What a driver is given: shards that are not there yet. When they are, the router is to be made. */
export interface DriverRequest extends WorkRequest {
  readonly missing: readonly number[];
}

/** Hands the tasks of a plan to workers. The place holds the results: whatever a driver loses is asked for again. */
export interface ShardDriver {
  readonly name: string;
  /** Protocols of the queues that it takes tasks from: none where it needs no queue. */
  readonly protocols: readonly string[];
  /**
   * Resolves when every shard and the router are there.
   * @throws NeurodexError `shards-failed` naming a shard that failed again and again, `interrupted`
   */
  run(request: DriverRequest): Promise<void>;
}

/** A driver whose tasks lie in a queue, where workers of any machine take them. */
export interface QueueDriver extends ShardDriver {
  /**
   * Takes tasks until it is interrupted, or until the router is there.
   * @throws NeurodexError `queue-unreachable`, `interrupted`
   */
  work(request: WorkRequest & { readonly untilDone: boolean }): Promise<void>;
}

/** What trying again cannot mend. */
export const HOPELESS: ReadonlySet<string> = new Set([
  'shards-unplanned',
  'shards-version',
  'shards-mixed',
  'shard-unknown',
  'shard-differs',
  'store-denied',
  'object-missing',
  'object-damaged',
  'interrupted',
]);

/** Times that a task is tried. */
export const TRIES = 3;

/** Milliseconds before a task is tried again: 1 s, 2 s, 4 s … @param tried 1 or more */
export const backOff = (tried: number): number => 1000 * 2 ** (tried - 1);
