/** One answer to a query: a catalogue picture, best first in a ranking. */
export interface Answer {
  /** Row of the catalogue picture (StoredPicture.row). */
  readonly row: number;
  /** Higher is better: a log-probability for `dsi`, a cosine for `pixels`. */
  readonly score: number;
}

/** Anything that ranks the catalogue for a query picture: the DSI and every baseline. */
export interface System {
  readonly name: string;
  /** True where the catalogue is memorised, so that indexing accuracy means something. */
  readonly memorises: boolean;
  /**
   * Rank the catalogue for each query.
   * @param pictures uint8 [B, size, size, 3], B queries one after another
   * @param k answers per query, 1 or more; at k ≥ N every catalogue picture is returned once. Ties go to the smaller row.
   */
  rank(pictures: Uint8Array, k: number): Promise<Answer[][]>;
}
