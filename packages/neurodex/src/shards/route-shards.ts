import { NeurodexError } from '@neurodex/core';
import { contentKey, getContent, type ObjectStore, putContent } from '@neurodex/objects';
import { joinCells } from './cells.ts';
import {
  findRouter,
  findShard,
  putShardRecord,
  type RouterRecord,
  readPlan,
  type ShardPlan,
  type StoredRouter,
  writeRouter,
} from './records.ts';
import { readCells, type ShardCells, writeRouterCells } from './router-file.ts';

export interface RoutedShards {
  readonly record: RouterRecord;
  /** False where the router was there already. */
  readonly isNew: boolean;
}

/**
 * Makes the router of a plan whose shards are all there: from then on it can be searched.
 * @throws NeurodexError `shards-unplanned`, `shards-unfinished` naming shards that are missing, `object-*`, `store-*`
 */
export async function routeShards(store: ObjectStore): Promise<RoutedShards> {
  const plan = await readPlan(store);
  const before = await findRouter(store, plan);
  if (before !== undefined) return { record: before.record, isNew: false };
  const shards: RouterRecord['shards'] = [];
  const missing: number[] = [];
  const cells: ShardCells[] = [];
  for (const shard of plan.shards.keys()) {
    const record = await findShard(store, plan, shard);
    if (record === undefined) {
      missing.push(shard);
      continue;
    }
    shards.push(await putShardRecord(store, record));
    const key = contentKey(record.cells.sha256);
    cells.push(readCells(await getContent(store, record.cells), plan.width, `${store.place}/${key}`));
  }
  if (missing.length > 0) throw unfinished(store, missing, plan.shards.length);
  const { bytes, sha256 } = await putContent(store, writeRouterCells(joinCells(cells)));
  const changes = { revision: 0, added: 0, removed: 0, learned: 0, renamed: 0 };
  const record = await writeRouter(store, plan, { shards, cells: { bytes, sha256 }, base: plan.base, changes });
  return { record, isNew: true };
}

/** @returns the router @throws NeurodexError `shards-unfinished` naming shards that are missing */
export async function checkTrained(store: ObjectStore, plan: ShardPlan): Promise<StoredRouter> {
  const router = await findRouter(store, plan);
  if (router !== undefined) return router;
  const missing: number[] = [];
  for (const shard of plan.shards.keys()) {
    if ((await findShard(store, plan, shard)) === undefined) missing.push(shard);
  }
  throw unfinished(store, missing, plan.shards.length);
}

/** Shards that a message names. */
const NAMED = 5;

const unfinished = ({ place }: ObjectStore, missing: readonly number[], of: number): NeurodexError => {
  const named = missing.slice(0, NAMED).join(', ');
  const more = missing.length > NAMED ? ', …' : '';
  return new NeurodexError(
    'shards-unfinished',
    `${place} cannot be searched yet: ${missing.length} of ${of} shards are missing (${named}${more})`,
    { hint: `train them: \`neurodex shards run ${place}\``, details: { place, missing: missing.length, shards: of } },
  );
};
