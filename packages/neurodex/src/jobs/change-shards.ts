import { nodeRuntime } from '@neurodex/autograd/node';
import type { SourcePicture } from '@neurodex/datasets';
import { openStore } from '@neurodex/objects';
import type { IndexManifest } from '../artifact/manifest.ts';
import { addToShards } from '../shards/changes/add-to-shards.ts';
import { removeFromShards } from '../shards/changes/remove-from-shards.ts';
import { ShardPlace } from '../shards/changes/shard-place.ts';
import { CACHE_BYTES } from '../shards/sharded-index.ts';
import type { AddedPictures, ChangedIndex, ChangeOptions, RemovedPictures } from './change-index.ts';
import { shardCache } from './search-shards.ts';

/** Does something with a place that nobody else changes meanwhile. */
async function changing<T>(options: ChangeOptions, work: (place: ShardPlace) => Promise<T>): Promise<T & ChangedIndex> {
  const { index, device, environment = {}, reporter, signal } = options;
  const store = await openStore(index, { environment, reporter, ...(signal && { signal }) });
  const place = await ShardPlace.open({
    ...{ store, cache: shardCache(environment), cacheBytes: CACHE_BYTES, reporter },
    // Threads that wait for the network would take the cores from decoding.
    runtime: nodeRuntime({ device, spinning: false }),
  });
  try {
    const result = await work(place);
    const { digest, shards, changes } = place.router;
    const catalogue = shards.reduce((sum, { pictures }) => sum + pictures, 0);
    return { ...result, index, digest, catalogue, changes };
  } finally {
    await place.close();
  }
}

/** @param sourcesFor the pictures, by the rules of the index that they come to */
export async function addToPlace(
  options: ChangeOptions,
  sourcesFor: (manifest: IndexManifest) => Promise<readonly SourcePicture[]>,
): Promise<AddedPictures> {
  const { device, reporter, signal } = options;
  return await changing(options, async (place) => {
    // The index of the sample says by which rules pictures are taken.
    const sources = await sourcesFor(await place.reading('sample', ({ manifest }) => manifest));
    const runtime = nodeRuntime({ device, spinning: false });
    const { added, known, failed } = await addToShards(place, sources, { runtime, reporter, signal });
    return {
      added: added.map(({ id, path, identifier }) => ({ id, picture: path, identifier })),
      known: known.map(({ path, as }) => ({ picture: path, as })),
      failed,
    };
  });
}

export async function removeFromPlace(
  options: ChangeOptions & { readonly pictures: readonly string[] },
): Promise<RemovedPictures> {
  return await changing(options, async (place) => {
    const removed = await removeFromShards(place, options.pictures);
    return { removed: removed.map(({ id, path }) => ({ id, picture: path })) };
  });
}
