import { inOrder } from '@neurodex/core/storage';
import { contentKey, getContent, type ObjectStore } from '@neurodex/objects';
import { filesOf, parseManifest } from '../../artifact/catalogue-manifest.ts';
import { type RouterRecord, readShardRecord, type ShardPlan } from '../records.ts';

/** Records that are read at a time. */
const TOGETHER = 16;

interface Place {
  readonly store: ObjectStore;
  readonly plan: ShardPlan;
  readonly router: RouterRecord;
}

/**
 * Deletes objects that a place does not need any more: what nothing refers to by now.
 * @param candidates SHA-256 of each @returns those that were deleted @throws NeurodexError `object-*`, `store-*`
 */
export async function deleteUnused(place: Place, candidates: Iterable<string>): Promise<string[]> {
  const unused = new Set(candidates);
  for (const sha256 of await usedObjects(place)) unused.delete(sha256);
  for (const sha256 of unused) await place.store.delete(contentKey(sha256));
  return [...unused];
}

async function usedObjects(place: Place): Promise<Set<string>> {
  const { plan, router } = place;
  const used = new Set([plan.skipped, router.cells, ...router.base].map(({ sha256 }) => sha256));
  const shards = [...plan.shards.keys()];
  for await (const objects of inOrder(shards, TOGETHER, (shard) => objectsOfShard(place, shard))) {
    for (const sha256 of objects) used.add(sha256);
  }
  return used;
}

async function objectsOfShard({ store, plan, router }: Place, shard: number): Promise<string[]> {
  const [entry, planned] = [router.shards[shard], plan.shards[shard]];
  if (entry === undefined || planned === undefined) return [];
  const { files, cells, fingerprints } = await readShardRecord(store, entry);
  const own = [entry.record, cells, fingerprints, ...files].map(({ sha256 }) => sha256);
  // What a shard was made of is of no use once it has other pictures.
  return entry.revision > 0 ? own : [...own, ...(await plannedObjects(store, planned.content))];
}

/** What a plan says that a shard is made of: the manifest, and the parts that it lists. */
export async function plannedObjects(
  store: ObjectStore,
  content: ShardPlan['shards'][number]['content'],
): Promise<string[]> {
  const key = contentKey(content.sha256);
  if ((await store.stat(key)) === undefined) return [];
  const manifest = parseManifest(await getContent(store, content), `${store.place}/${key}`);
  return [content.sha256, ...filesOf(manifest).map(({ sha256 }) => sha256)];
}
