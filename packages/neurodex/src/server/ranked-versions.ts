import type { Runtime } from '@neurodex/autograd';
import { NeurodexError, type Reporter } from '@neurodex/core';
import { openStore } from '@neurodex/objects';
import { FINE_BATCHES } from '../dsi/search/batch-sizes.ts';
import { shardCache } from '../jobs/search-shards.ts';
import type { Query } from '../query/query.ts';
import type { SystemName } from '../query/system.ts';
import { pictureNumber } from '../shards/changes/picture-numbers.ts';
import { LocalShards, openSearchable } from '../shards/local-shards.ts';
import { OpenPlace } from '../shards/open-place.ts';
import { RemoteShards } from '../shards/remote/remote-shards.ts';
import type { ShardAnswers, ShardSource } from '../shards/shard-source.ts';
import { CACHE_BYTES, MOST_OPEN, ShardedIndex, type ShardedRanking } from '../shards/sharded-index.ts';
import { type Index, openIndex } from '../systems/open-index.ts';
import { SharedParts } from '../systems/shared-parts.ts';
import type { ShardQuestion } from './hosted.ts';
import type { RankThreadData, ShardEvent, ShardedThreadData } from './rank-messages.ts';
import type { Ranking } from './ranker.ts';
import { warnSometimes } from './warn-sometimes.ts';

/** A version of an index, or of an index in shards, on the thread that ranks. */
export interface OpenedVersion {
  /** How queries are read; in shards, the index of the sample. */
  readonly index: Index;
  /** @param where a filter of the pictures that are ranked; not of shards */
  rank(
    system: SystemName,
    queries: readonly Query[],
    k: number,
    where?: string,
  ): Promise<Pick<Ranking, 'answers' | 'sharded'>[]>;
  /** Absent where there are no shards. */
  searchShard?(question: ShardQuestion): Promise<readonly ShardAnswers[]>;
  close(): Promise<void>;
}

export interface Listeners {
  readonly reporter: Reporter;
  readonly onEvent: (event: ShardEvent) => void;
}

type OpenVersion = (digest: string, runtime: Runtime) => Promise<OpenedVersion>;

/** How the thread opens the versions that it is asked for. */
export const versionsOf = ({ folder, sharded }: RankThreadData, listeners: Listeners): OpenVersion =>
  sharded === undefined ? indexVersions(folder, listeners.reporter) : shardedVersions(folder, sharded, listeners);

function indexVersions(folder: string, reporter: Reporter): OpenVersion {
  /** Sessions that one version leaves to the next. */
  const shared = new SharedParts();
  /** The version that was opened last. */
  let latest: Index | undefined;
  return async (digest, runtime) => {
    const index = await openIndex(folder, runtime, reporter, { digest, batches: FINE_BATCHES, shared, before: latest });
    latest = index;
    return {
      index,
      async rank(system, queries, k, where) {
        const among = where === undefined ? undefined : await index.filter(where);
        return (await (await index.system(system)).rank(queries, k, among)).map((answers) => ({ answers }));
      },
      close: () => index.close(),
    };
  };
}

/** What versions of an index in shards have in common. */
interface SharedPlace {
  readonly place: OpenPlace;
  /** Shards that are open here: for other servers, and for this one unless it asks others. */
  readonly local: LocalShards;
  readonly source: ShardSource;
}

function shardedVersions(name: string, sharded: ShardedThreadData, { reporter, onEvent }: Listeners): OpenVersion {
  const shared = new SharedParts();
  /** The index of the sample that was opened last. */
  let latest: Index | undefined;
  const warn = warnSometimes(reporter, 'a shard was left out of answers');
  const tell = (leftOut: ShardedRanking['leftOut']): void => {
    for (const reason of leftOut.values()) {
      onEvent('left-out');
      warn(reason);
    }
  };
  return async (digest, runtime) => {
    const taken = await shared.take('place', () => openPlace(name, sharded, { reporter, onEvent }), closePlace);
    const { place, local, source } = taken.part;
    try {
      const opening = { batches: FINE_BATCHES, shared, before: latest };
      const index = await ShardedIndex.of(place, source, { runtime, reporter, asked: sharded.asked, opening });
      if (index.router.digest !== digest) {
        await index.close();
        throw replacedPlace(name);
      }
      latest = index.base;
      return {
        index: index.base,
        async rank(_system, queries, k) {
          const rankings = await index.search(queries, k);
          return rankings.map(({ answers, leftOut }) => {
            tell(leftOut);
            return {
              answers: answers.map(({ shard, picture: { id }, score }) => ({
                row: pictureNumber(place.plan.shards.length, shard, id),
                score,
              })),
              sharded: { pictures: answers.map(({ picture }) => picture), leftOut: leftOut.size },
            };
          });
        },
        searchShard: ({ shard, record, states, k, shares }) => {
          const pictures = place.plan.shards[shard]?.pictures ?? 1;
          return local.search({ shard, pictures, record }, states, k, shares);
        },
        async close() {
          await index.close();
          await taken.giveBack();
        },
      };
    } catch (error) {
      await taken.giveBack();
      throw error;
    }
  };
}

async function openPlace(
  name: string,
  { environment, urls, token, timeout, id }: ShardedThreadData,
  { reporter, onEvent }: Listeners,
): Promise<SharedPlace> {
  const store = await openStore(name, { environment, reporter });
  const place = await OpenPlace.open({ store, cache: shardCache(environment), cacheBytes: CACHE_BYTES });
  const milliseconds = 1000 * timeout;
  const local = new LocalShards(place.shards({ most: MOST_OPEN, open: openSearchable }), milliseconds);
  const { temperature, width } = place.plan;
  const source =
    urls.length === 0
      ? local
      : new RemoteShards({ servers: urls, index: id, token, milliseconds, temperature, width, onEvent });
  return { place, local, source };
}

async function closePlace({ place, local, source }: SharedPlace): Promise<void> {
  if (source !== local) await source.close();
  await local.close();
  await place.close();
}

export const replacedPlace = (name: string): NeurodexError =>
  new NeurodexError('index-replaced', `${name} has another router than the one that is served`, {
    hint: 'ask again: the server follows',
    details: { place: name },
  });
