import type { Device } from '@neurodex/autograd';
import type { ErrorCode } from '@neurodex/core';
import type { TokenAttention } from '../dsi/search/attention-probe.ts';
import type { SystemName } from '../query/system.ts';
import type { QueryWords, Ranking, RankVersion } from './ranker.ts';

/** What a ranking thread begins with. */
export interface RankThreadData {
  readonly folder: string;
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
  /** Of which it is asked how likely nothing is relevant to them. */
  readonly none: readonly boolean[];
}

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
  /** Nobody asks a version any more. */
  | { readonly kind: 'release'; readonly digest: string }
  | { readonly kind: 'close' }
);

export type RankReply =
  | { readonly id: number; readonly kind: 'ranked'; readonly answers: PackedRankings }
  /** float64 [B]; NaN where it is not known */
  | { readonly id: number; readonly kind: 'nones'; readonly nones: Float64Array<ArrayBuffer> }
  | { readonly id: number; readonly kind: 'explained'; readonly tokens: TokenAttention[][] }
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
  /** A query without keypoints and the like: for the operator. */
  | { readonly kind: 'warning'; readonly message: string };

/** Answers as four arrays, which cost threads nothing to hand over. */
export interface PackedRankings {
  /** int32 [B]: answers of each query */
  readonly counts: Int32Array<ArrayBuffer>;
  /** int32 [Σ counts] */
  readonly rows: Int32Array<ArrayBuffer>;
  /** float64 [Σ counts] */
  readonly scores: Float64Array<ArrayBuffer>;
  /** float64 [B]: probability that nothing is relevant; NaN where it is not known */
  readonly nones: Float64Array<ArrayBuffer>;
}

export function packRankings(rankings: readonly Ranking[]): PackedRankings {
  const all = rankings.flatMap(({ answers }) => answers);
  return {
    counts: Int32Array.from(rankings, ({ answers }) => answers.length),
    rows: Int32Array.from(all, ({ row }) => row),
    scores: Float64Array.from(all, ({ score }) => score),
    nones: packNones(rankings.map(({ none }) => none)),
  };
}

export function unpackRankings({ counts, rows, scores, nones }: PackedRankings): Ranking[] {
  let at = 0;
  const known = unpackNones(nones);
  return Array.from(counts, (count, i) => ({
    answers: Array.from({ length: count }, () => {
      const answer = { row: rows[at] ?? NaN, score: scores[at] ?? NaN };
      at++;
      return answer;
    }),
    none: known[i],
  }));
}

export const packNones = (nones: readonly (number | undefined)[]): Float64Array<ArrayBuffer> =>
  Float64Array.from(nones, (none) => none ?? NaN);

export const unpackNones = (nones: Float64Array): (number | undefined)[] =>
  Array.from(nones, (none) => (Number.isNaN(none) ? undefined : none));
