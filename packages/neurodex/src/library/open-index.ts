import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeRuntime } from '@neurodex/autograd/node';
import { openStore } from '@neurodex/objects';
import { isPlaceOfShards, notInShards } from '../jobs/place-of-shards.ts';
import { shardCache } from '../jobs/search-shards.ts';
import { rejectingWith, unlessAborted } from './aborted.ts';
import { FolderVersions } from './folder-version.ts';
import type { Index } from './index-interface.ts';
import type { OpenOptions } from './index-options.ts';
import { LiveVersions } from './live-versions.ts';
import { OpenedIndex } from './opened-index.ts';
import { warningsTo } from './run-job.ts';
import { ShardsVersions } from './shards-version.ts';
import type { Versions } from './version.ts';

/**
 * Opens an index that `buildIndex` or `neurodex index` made, or an index in shards.
 *
 * @param location the folder of an index, or the place of an index in shards: a folder, or `s3://bucket/prefix`
 * @throws NeurodexError `index-missing`, `index-damaged`, `index-newer`, `index-older`, `system-missing` for one of `options.systems`,
 *   `shards-*`, `store-*`; the reason of the signal
 * @example
 * ```ts
 * import { openIndex } from 'neurodex';
 *
 * await using index = await openIndex('pets');
 * console.log(index.size, index.systems); // → 30 [ 'dsi', 'pixels', 'bm25' ]
 * for (const { labels } of await index.search('cat.jpg', { k: 1 })) console.log(labels); // → [ 'cat' ]
 * ```
 */
export async function openIndex(location: string | URL, options: OpenOptions = {}): Promise<Index> {
  const { signal } = options;
  const opening = rejectingWith(signal, () => open(placeOf(location), options));
  try {
    return await unlessAborted(signal, opening);
  } catch (error) {
    // Nobody has the index that is still being opened.
    if (signal?.aborted) opening.then((index) => index.close()).catch(() => {});
    throw error;
  }
}

/** A folder stays the same folder when the process goes to another one. */
function placeOf(location: string | URL): string {
  if (location instanceof URL) return location.protocol === 'file:' ? fileURLToPath(location) : location.href;
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(location) ? location : resolve(location);
}

async function open(location: string, options: OpenOptions): Promise<Index> {
  const { systems = [], device = 'cpu', shards = {}, environment = process.env } = options;
  const inShards = await isPlaceOfShards(location);
  const live = await LiveVersions.of(await versionsOf(location, inShards, { ...options, shards, environment }));
  try {
    await live.version.prepare(systems);
    options.signal?.throwIfAborted();
  } catch (error) {
    await live.close();
    throw error;
  }
  return new OpenedIndex({ location, inShards, device, environment, shards, versions: live });
}

/** @throws NeurodexError `usage` where options of shards are given for an index that is in none */
async function versionsOf(
  location: string,
  inShards: boolean,
  options: OpenOptions & Required<Pick<OpenOptions, 'environment' | 'shards'>>,
): Promise<Versions> {
  const { device = 'cpu', threads, environment = {}, shards = {}, onWarning } = options;
  // An index stays open beside other work, which threads that wait for the next search would take the cores from.
  const runtime = nodeRuntime({ device, spinning: false, ...(threads === undefined ? {} : { threads }) });
  const reporter = warningsTo(onWarning);
  if (inShards) {
    const store = await openStore(location, { environment, reporter });
    return await ShardsVersions.of({ ...shards, store, cache: shardCache(environment), runtime, reporter });
  }
  if (shards.asked !== undefined) throw notInShards(location);
  return new FolderVersions({ folder: location, runtime, reporter });
}
