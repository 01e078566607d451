import type { Device } from '@neurodex/autograd';
import type { ErrorCode } from '@neurodex/core';
import type { TokenAttention } from '../dsi/search/attention-probe.ts';
import type { SystemName } from '../query/system.ts';
import type { ServerEvent } from '../shards/remote/remote-shards.ts';
import type { ShardAnswers } from '../shards/shard-source.ts';
import type { ShardQuestion } from './hosted.ts';
import type { QueryWords, Ranking, RankVersion, ShardedPart } from './ranker.ts';
import type { ShardSettings } from './shard-settings.ts';

/** How a thread searches an index in shards. */
export interface ShardedThreadData extends ShardSettings {
  /** The id of the index, by which other servers have it. */
  readonly id: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What a ranking thread begins with. */
export interface RankThreadData {
  /** The folder of an index, or the place of one in shards. */
  readonly folder: string;
  /** Of an index in shards. */
  readonly sharded?: ShardedThreadData | undefined;
  readonly device: Device;
  /** Of ONNX Runtime. */
  readonly threads: number;
}

/** Queries, packed. */
export interface PackedQueries {
  readonly queries: number;
  /** uint8 [B, size, size, 3] */
  readonly pixels: Uint8Array<ArrayBuffer>;
  /** PNG; undefined where no system that is asked looks at it. */
  readonly thumbnails: readonly (Uint8Array | undefined)[];
  /** Files of pictures; undefined where no encoder makes its own of them. */
  readonly files: readonly (Uint8Array | undefined)[];
  /** Of pictures of the same index. */
  readonly rows: readonly (number | undefined)[];
  readonly words: readonly (QueryWords | undefined)[];
  /** Filters of the pictures that are ranked. */
  readonly wheres: readonly (string | undefined)[];
  /** Of which it is asked how likely nothing is relevant to them. */
  readonly none: readonly boolean[];
}

/** A request to another server has ended, or a shard was left out of answers. */
export type ShardEvent = ServerEvent | 'left-out';

export type RankRequest = { readonly id: number } & (
  | ({
      readonly kind: 'rank';
      readonly version: RankVersion;
      readonly system: SystemName;
      readonly k: number;
    } & PackedQueries)
  | ({
      readonly kind: 'explain';
      readonly version: RankVersion;
      readonly identifiers: readonly string[];
    } & PackedQueries)
  | ({ readonly kind: 'nones'; readonly version: RankVersion } & PackedQueries)
  | ({ readonly kind: 'shard'; readonly version: RankVersion } & ShardQuestion)
  /** Nobody asks a version any more. */
  | { readonly kind: 'release'; readonly digest: string }
  | { readonly kind: 'close' }
);

export type RankReply =
  | { readonly id: number; readonly kind: 'ranked'; readonly answers: PackedRankings }
  /** float64 [B]; NaN where it is not known */
  | { readonly id: number; readonly kind: 'nones'; readonly nones: Float64Array<ArrayBuffer> }
  | { readonly id: number; readonly kind: 'explained'; readonly tokens: TokenAttention[][] }
  | { readonly id: number; readonly kind: 'shard'; readonly answers: readonly ShardAnswers[] }
  | { readonly id: number; readonly kind: 'released' }
  | { readonly id: number; readonly kind: 'closed' }
  /** `code` and `hint` of a NeurodexError, which would arrive as a plain Error. */
  | {
      readonly id: number;
      readonly kind: 'failed';
      readonly error: Error;
      readonly code?: ErrorCode;
      readonly hint?: string;
    }
  /** A request to another server has ended, or a shard was left out. */
  | { readonly kind: 'event'; readonly event: ShardEvent }
  /** A query without keypoints and the like: for the operator. */
  | { readonly kind: 'warning'; readonly message: string };

/** Answers as arrays, which cost threads nothing to hand over. */
export interface PackedRankings {
  /** int32 [B]: answers of each query */
  readonly counts: Int32Array<ArrayBuffer>;
  /** float64 [Σ counts]: numbers of pictures of many shards are larger than 32 bits */
  readonly rows: Float64Array<ArrayBuffer>;
  /** float64 [Σ counts] */
  readonly scores: Float64Array<ArrayBuffer>;
  /** float64 [B]: probability that nothing is relevant; NaN where it is not known */
  readonly nones: Float64Array<ArrayBuffer>;
  /** [B], of an index in shards. */
  readonly sharded?: readonly (ShardedPart | undefined)[];
}

export function packRankings(rankings: readonly Ranking[]): PackedRankings {
  const all = rankings.flatMap(({ answers }) => answers);
  return {
    counts: Int32Array.from(rankings, ({ answers }) => answers.length),
    rows: Float64Array.from(all, ({ row }) => row),
    scores: Float64Array.from(all, ({ score }) => score),
    nones: packNones(rankings.map(({ none }) => none)),
    ...(rankings.some(({ sharded }) => sharded !== undefined)
      ? { sharded: rankings.map(({ sharded }) => sharded) }
      : {}),
  };
}

export function unpackRankings({ counts, rows, scores, nones, sharded }: PackedRankings): Ranking[] {
  let at = 0;
  const known = unpackNones(nones);
  return Array.from(counts, (count, i) => ({
    answers: Array.from({ length: count }, () => {
      const answer = { row: rows[at] ?? NaN, score: scores[at] ?? NaN };
      at++;
      return answer;
    }),
    none: known[i],
    sharded: sharded?.[i],
  }));
}

export const packNones = (nones: readonly (number | undefined)[]): Float64Array<ArrayBuffer> =>
  Float64Array.from(nones, (none) => none ?? NaN);

export const unpackNones = (nones: Float64Array): (number | undefined)[] =>
  Array.from(nones, (none) => (Number.isNaN(none) ? undefined : none));
