import { join } from 'node:path';
import type { Runtime } from '@neurodex/autograd';
import { defined, NeurodexError, type Reporter } from '@neurodex/core';
import { cacheFolder } from '@neurodex/datasets/names';
import { openStore } from '@neurodex/objects';
import type { Query } from '../query/query.ts';
import { type ShardedAnswer, ShardedIndex } from '../shards/sharded-index.ts';
import type { Selection } from './answering.ts';
import type { SearchAnswer, SearchOptions } from './search.ts';
import type { Answered } from './search-pictures.ts';

/** Folder of this machine for what is copied from places. */
export const shardCache = (environment: Readonly<Record<string, string | undefined>>): string =>
  join(cacheFolder(environment), 'shards');

export interface OpenShardedOptions {
  readonly place: string;
  readonly asked: number | undefined;
  readonly runtime: Runtime;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly reporter: Reporter;
}

/** @throws NeurodexError `shards-*`, `object-*`, `store-*`, `index-*` */
export async function openSharded({ place, asked, environment, ...rest }: OpenShardedOptions): Promise<ShardedIndex> {
  const store = await openStore(place, { environment, reporter: rest.reporter });
  const cache = shardCache(environment);
  return await ShardedIndex.open({ store, cache, ...rest, ...(asked === undefined ? {} : { asked }) });
}

/**
 * What an index in shards does not do: its answers are not calibrated.
 * @throws NeurodexError `relevance-unknown`, `system-missing`
 */
export function refuseOfShards(
  { system, minRelevance, confidence, where }: Pick<Selection, 'system' | 'minRelevance' | 'confidence' | 'where'>,
  place: string,
): void {
  if (where !== undefined) throw unfiltered(place);
  if (system !== 'dsi') {
    throw new NeurodexError('system-missing', `${place} is an index in shards, which ${system} does not search`, {
      hint: 'search it with dsi',
      details: { place, system },
    });
  }
  if (minRelevance !== undefined || confidence !== undefined) {
    throw new NeurodexError('relevance-unknown', `the answers of shards are not calibrated in ${place}`, {
      hint: 'ask without a relevance or confidence',
      details: { place },
    });
  }
}

/** Answers one query. @throws NeurodexError as `refuseOfShards` */
export function answeringShards(
  index: ShardedIndex,
  { index: place, ...selection }: SearchOptions,
): (query: Query) => Promise<Answered> {
  refuseOfShards(selection, place);
  const { k } = selection;
  return async (query) => {
    const [answers = []] = await index.rank([query], k);
    return {
      none: null,
      nothingFound: false,
      answers: answers.map(described),
      thumbnail: (i) => index.thumbnail(defined(answers[i], 'an answer')),
    };
  };
}

/** Shards are asked with states alone. */
const unfiltered = (place: string): NeurodexError =>
  new NeurodexError('usage', `${place} is an index in shards, which is searched without a filter`, {
    hint: 'leave --where out, or build one index of the pictures',
    details: { place },
  });

const described = ({ shard, picture, score }: ShardedAnswer, i: number): SearchAnswer => ({
  rank: i + 1,
  // The first token is the shard.
  identifier: `${shard}/${picture.identifier}`,
  picture: picture.path,
  label: picture.labels[0] ?? null,
  score,
  relevance: null,
});
