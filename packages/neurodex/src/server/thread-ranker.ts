import type { NeurodexError } from '@neurodex/core';
import { workerFile } from '@neurodex/core/workers';
import type { TokenAttention } from '../dsi/search/attention-probe.ts';
import type { SystemName } from '../query/system.ts';
import { ApiError } from './api/problems.ts';
import {
  type PackedQueries,
  type RankReply,
  type RankThreadData,
  type ShardEvent,
  unpackNones,
  unpackRankings,
} from './rank-messages.ts';
import { RankWorker, ThreadEnded } from './rank-worker.ts';
import type { PlainQuery, Ranker, RankVersion } from './ranker.ts';
import type { RestartPolicy } from './restarts.ts';

const THREAD = workerFile('./rank-thread.ts', import.meta.url);

export interface ThreadRankerOptions {
  /** Told once, when a thread has ended too often to be started again. */
  readonly onGone?: ((error: NeurodexError) => void) | undefined;
  readonly onEvent?: ((event: ShardEvent) => void) | undefined;
  readonly restarts?: RestartPolicy;
  readonly program?: URL;
}

/**
 * Ranks a version of an index on threads: one for the network and its encoder, so that nothing keeps them waiting, and one for the
 * baselines, which compute in JavaScript. Versions that follow each other share them.
 */
export function threadRanker(
  { digest, ...data }: RankThreadData & RankVersion,
  onWarning: (message: string) => void,
  { onGone = () => {}, onEvent, restarts, program = THREAD }: ThreadRankerOptions = {},
): Ranker {
  const thread = () => new RankWorker({ program, data, onWarning, onEvent, onGone, restarts });
  return rankerOf({ network: thread(), baselines: thread(), versions: 0 }, { digest });
}

interface Threads {
  readonly network: RankWorker;
  readonly baselines: RankWorker;
  /** Versions that are not closed. */
  versions: number;
}

function rankerOf(threads: Threads, version: RankVersion): Ranker {
  const { network, baselines } = threads;
  const threadOf: { readonly [Name in SystemName]: RankWorker } = {
    dsi: network,
    encoder: network,
    bovw: baselines,
    pixels: baselines,
    bm25: baselines,
  };
  threads.versions++;
  return {
    async rank(system, queries, k) {
      const reply = await twice(() => {
        const request = { kind: 'rank', version, system, k, ...packed(queries) } as const;
        return threadOf[system].ask(request, [request.pixels.buffer]);
      });
      if (reply.kind !== 'ranked') throw new Error(`the thread that ranks answered with ${reply.kind}`);
      return unpackRankings(reply.answers);
    },
    async nones(queries) {
      const reply = await twice(() => {
        const request = { kind: 'nones', version, ...packed(queries) } as const;
        return network.ask(request, [request.pixels.buffer]);
      });
      if (reply.kind !== 'nones') throw new Error(`the thread that ranks answered with ${reply.kind}`);
      return unpackNones(reply.nones);
    },
    async explain(query, identifiers) {
      const reply = await twice(() => network.ask({ kind: 'explain', version, identifiers, ...packed([query]) }));
      if (reply.kind !== 'explained') throw new Error(`the thread that ranks answered with ${reply.kind}`);
      return reply.tokens satisfies TokenAttention[][];
    },
    async searchShard(question) {
      const reply = await twice(() => network.ask({ kind: 'shard', version, ...question }));
      if (reply.kind !== 'shard') throw new Error(`the thread that ranks answered with ${reply.kind}`);
      return reply.answers;
    },
    next: (following) => rankerOf(threads, following),
    async close() {
      const isLast = --threads.versions === 0;
      for (const thread of [network, baselines]) await (isLast ? thread.close() : thread.release(version.digest));
    },
  };
}

/** Asks again where a thread ended before it answered, and no more than once: the query may be what ended it. */
async function twice(ask: () => Promise<RankReply>): Promise<RankReply> {
  try {
    return await ask().catch((error: unknown) => {
      if (error instanceof ThreadEnded) return ask();
      throw error;
    });
  } catch (error) {
    if (!(error instanceof ThreadEnded)) throw error;
    throw new ApiError('interrupted', 'what computes answers had to be started again', {
      hint: 'try again',
      retryAfter: 2,
      cause: error,
    });
  }
}

/** Copies, because what a thread is sent goes with the whole memory that it is a part of. */
function packed(queries: readonly PlainQuery[]): PackedQueries {
  // Words have no pixels.
  const bytes = queries.reduce((most, { pixels }) => Math.max(most, pixels.length), 0);
  const pixels = new Uint8Array(queries.length * bytes);
  for (const [i, query] of queries.entries()) pixels.set(query.pixels, i * bytes);
  return {
    queries: queries.length,
    pixels,
    thumbnails: queries.map(({ thumbnail }) => (thumbnail === undefined ? undefined : Uint8Array.from(thumbnail))),
    files: queries.map(({ file }) => (file === undefined ? undefined : Uint8Array.from(file))),
    rows: queries.map(({ row }) => row),
    words: queries.map(({ words }) => words),
    wheres: queries.map(({ where }) => where),
    none: queries.map(({ none = false }) => none),
  };
}
