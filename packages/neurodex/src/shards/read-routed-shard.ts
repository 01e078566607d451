import { NeurodexError } from '@neurodex/core';
import { contentKey, type ObjectStore } from '@neurodex/objects';
import { readShardRecord, type ShardPlan, type ShardRecord } from './records.ts';
import type { RoutedShard } from './shard-source.ts';

/** Bytes of the record of a shard at most: it names some hundreds of files. */
const MOST_BYTES = 16 << 20;

/**
 * The record of a shard of a plan. Whoever names it may have any object of the store in mind: no other is read into memory.
 * @throws NeurodexError `shards-mixed` for what is no record of this shard and plan; `object-missing`, `object-damaged`, `store-*`
 */
export async function readRoutedShard(store: ObjectStore, plan: ShardPlan, routed: RoutedShard): Promise<ShardRecord> {
  const { shard, record } = routed;
  const key = contentKey(record.sha256);
  const found = await store.stat(key);
  if (Math.max(record.bytes, found?.bytes ?? 0) > MOST_BYTES) throw noRecord(store, key, shard);
  const read = await readShardRecord(store, { record }).catch((error: unknown) => {
    const isOther = error instanceof NeurodexError && error.code.startsWith('index-');
    throw isOther ? noRecord(store, key, shard, error) : error;
  });
  if (read.plan !== plan.digest || read.shard !== shard) throw noRecord(store, key, shard);
  return read;
}

const noRecord = ({ place }: ObjectStore, key: string, shard: number, cause?: unknown): NeurodexError =>
  new NeurodexError('shards-mixed', `${place}/${key} is no record of shard ${shard} of this plan`, {
    hint: 'name the record that router.json has for the shard, and serve one place on all servers',
    details: { place, key, shard },
    cause,
  });
