/** How an index in shards is served. */
export interface ShardSettings {
  /** Shards that each query is sent to; as many as a search asks by default. */
  readonly asked?: number | undefined;
  /** Servers of the same place that search the shards; this process by default. */
  readonly urls: readonly string[];
  /** What those servers want. */
  readonly token?: string | undefined;
  /** Seconds that a shard may take to answer, or to be opened. */
  readonly timeout: number;
}

export const DEFAULT_SHARD_SETTINGS: ShardSettings = { urls: [], timeout: 2 };
