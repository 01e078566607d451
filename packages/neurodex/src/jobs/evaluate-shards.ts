import { nodeRuntime } from '@neurodex/autograd/node';
import { NeurodexError } from '@neurodex/core';
import { openStore } from '@neurodex/objects';
import { evaluateSystems } from '../evaluation/compare.ts';
import { queriesOf } from '../evaluation/queries.ts';
import { ShardFolders } from '../shards/shard-folders.ts';
import { CACHE_BYTES } from '../shards/sharded-index.ts';
import { openShardedPictures } from '../shards/sharded-pictures.ts';
import type { EvaluateOptions, IndexEvaluation } from './evaluate-index.ts';
import { openSharded, shardCache } from './search-shards.ts';

/**
 * Measures an index in shards over the pictures of a split, asked as a search asks it: what lies in shards that a query is not sent to
 * is not found. Its answers are not calibrated.
 * @throws NeurodexError `system-missing`, `usage` where words are asked; of the place
 */
export async function evaluateShards({
  queries,
  relevance,
  protocol = 'full',
  environment = {},
  ...options
}: EvaluateOptions): Promise<IndexEvaluation> {
  const { index: place, systems = ['dsi'], split, measures, seed, trec, asked, device, reporter } = options;
  refuseOthers(place, systems);
  if (queries === 'all' || relevance !== undefined) throw noWords(place);
  const runtime = nodeRuntime({ device });
  const index = await openSharded({ place, asked, runtime, environment, reporter });
  try {
    const store = await openStore(place, { environment, reporter });
    const folders = await ShardFolders.open(store, shardCache(environment), CACHE_BYTES);
    try {
      const pictures = await openShardedPictures(store, index.router, {
        ...{ base: index.base.store, folders, reporter },
      });
      try {
        return await evaluateSystems({
          ...{ protocol, systems: [index], store: pictures, queries: queriesOf(pictures, split), reporter },
          ...(measures === undefined ? {} : { measures }),
          ...(seed === undefined ? {} : { seed }),
          ...(trec === undefined ? {} : { trec }),
        });
      } finally {
        await pictures.close();
      }
    } finally {
      await folders.close();
    }
  } finally {
    await index.close();
  }
}

function refuseOthers(place: string, systems: readonly string[]): void {
  const other = systems.find((name) => name !== 'dsi');
  if (other === undefined) return;
  throw new NeurodexError('system-missing', `${place} is an index in shards, which ${other} does not search`, {
    hint: 'measure dsi',
    details: { place, system: other },
  });
}

export const noWords = (place: string): NeurodexError =>
  new NeurodexError('usage', `captions are not measured of an index in shards, which ${place} is`, {
    hint: 'leave out --relevance, or ask --queries picture',
    details: { place },
  });
