import type { Reporter } from '@neurodex/core';
import type { ObjectStore } from '@neurodex/objects';

/** A piece of work that any engine can hand out: it is the same, whoever does it and however often. */
export type ShardTask = { readonly kind: 'train'; readonly shard: number } | { readonly kind: 'route' };

/** What a driver is given: shards that are not there yet. When they are, the router is to be made. */
export interface DriverRequest {
  readonly store: ObjectStore;
  /** As the user named it; a folder is absolute. */
  readonly place: string;
  readonly missing: readonly number[];
  /** Tasks at a time, on this machine. */
  readonly workers: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
}

/** Hands the tasks of a plan to workers. The place holds the results: whatever a driver loses is asked for again. */
export interface ShardDriver {
  readonly name: string;
  /**
   * Resolves when every shard and the router are there.
   * @throws NeurodexError `shards-failed` naming a shard that failed again and again, `interrupted`
   */
  run(request: DriverRequest): Promise<void>;
}

/** Times that a task is tried. */
export const TRIES = 3;

/** Milliseconds before a task is tried again: 1 s, 2 s, 4 s … @param tried 1 or more */
export const backOff = (tried: number): number => 1000 * 2 ** (tried - 1);
