import type { Answer } from './answers.ts';
import type { PictureQuery, Query } from './query.ts';
import type { RowMask } from './row-mask.ts';

/** Everything that can answer queries: the DSI, and the baselines that it is measured against. `SYSTEMS` declares each. */
export const SYSTEM_NAMES = ['dsi', 'bovw', 'pixels', 'encoder', 'bm25'] as const;

/** A system by its name. */
export type SystemName = (typeof SYSTEM_NAMES)[number];

/** Anything that ranks the catalogue for a query: the DSI and every baseline. */
export interface System {
  /** One of SYSTEM_NAMES, or whatever else is measured. */
  readonly name: string;
  /** True where the catalogue is memorised, so that indexing accuracy means something. */
  readonly memorises: boolean;
  /**
   * Rank the catalogue for each query.
   * @param k answers per query, 1 or more; at k ≥ N every catalogue picture is returned once. Ties go to the smaller row.
   * @param among the pictures that are ranked, all by default: the k best of them, with the scores that they have among all
   */
  rank(queries: readonly Query[], k: number, among?: RowMask): Promise<Answer[][]>;
  /** What it compares of pictures, float32 [D] each: made when they were ranked, or now. Absent where that is nothing of the kind. */
  vectorsOf?(queries: readonly PictureQuery[]): Promise<Float32Array[]>;
  /** The unit vectors that a memory is searched with, float32 [B, D], of queries of all kinds. Absent where there is none. */
  statesOf?(queries: readonly Query[]): Promise<Float32Array>;
  /** Frees what it holds; it may be asked again, and makes it anew. */
  close(): Promise<void>;
}
