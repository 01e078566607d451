import type { Picture } from '../image/picture.ts';

/** Everything that can answer queries: the DSI, and the baselines that it is measured against. */
export const SYSTEMS = ['dsi', 'bovw', 'pixels', 'encoder'] as const;
export type SystemName = (typeof SYSTEMS)[number];

/** One answer to a query: a catalogue picture, best first in a ranking. */
export interface Answer {
  /** Row of the catalogue picture (StoredPicture.row). */
  readonly row: number;
  /** Higher is better: a log-probability for `dsi`, a cosine for the baselines. */
  readonly score: number;
}

/** A query picture in the sizes that systems look at. */
export interface QueryPicture {
  /** As the network sees it: uint8 RGB [size, size, 3]. */
  readonly pixels: Uint8Array;
  /** As the catalogue keeps it for people, and as the bag of visual words sees it; made when asked for. */
  thumbnail(): Promise<Picture>;
  /** What an encoder made of it, where that is known. */
  readonly stored?: {
    /** SHA-256 of the encoder. */
    readonly encoder: string;
    /** float32 [P, C] */
    embedding(): Float32Array;
  };
}

/** Anything that ranks the catalogue for a query picture: the DSI and every baseline. */
export interface System {
  /** One of SYSTEMS, or whatever else is measured. */
  readonly name: string;
  /** True where the catalogue is memorised, so that indexing accuracy means something. */
  readonly memorises: boolean;
  /**
   * Rank the catalogue for each query.
   * @param k answers per query, 1 or more; at k ≥ N every catalogue picture is returned once. Ties go to the smaller row.
   */
  rank(queries: readonly QueryPicture[], k: number): Promise<Answer[][]>;
  /** Frees what it holds; it may be asked again, and makes it anew. */
  close(): Promise<void>;
}
