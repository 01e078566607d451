import { pooled } from '../models/encoder/pooled.ts';
import type { QueryEncoder } from '../models/encoder/query-encoder.ts';
import type { StoredPicture } from '../pictures/picture-store.ts';
import type { Answer } from '../query/answers.ts';
import { pictureQueries, type Query } from '../query/query.ts';
import { isAmong, type RowMask } from '../query/row-mask.ts';
import type { System } from '../query/system.ts';
import { ExactVectorSearch, isZero, normalised, positionsAmong } from './vector-search.ts';

/** Below every cosine: a vector of zeros has no direction to compare. */
const NO_DIRECTION = -1;

export interface EncoderSystemOptions {
  /** Catalogue pictures, in row order. */
  readonly pictures: readonly StoredPicture[];
  /** Their pooled embeddings, float32 [N, C]. */
  readonly vectors: Float32Array;
  readonly queries: QueryEncoder;
}

/** Nearest neighbours by cosine among the pooled embeddings of an encoder: what the network in front of it is to improve. */
export class EncoderSystem implements System {
  readonly name = 'encoder';
  readonly memorises = false;
  private readonly options: EncoderSystemOptions;
  private readonly search: ExactVectorSearch;
  /** Rows of the pictures that have no direction. */
  private readonly last: readonly number[];

  constructor(options: EncoderSystemOptions) {
    const { vectors, pictures, queries } = options;
    const { channels } = queries.encoder.facts;
    this.options = options;
    this.search = new ExactVectorSearch(normalised(vectors, channels), channels);
    this.last = pictures.filter((_, i) => isZero(vectors, channels, i)).map(({ row }) => row);
  }

  async rank(queries: readonly Query[], k: number, among?: RowMask): Promise<Answer[][]> {
    const { pictures, queries: encoder } = this.options;
    const { facts } = encoder.encoder;
    const rankings: Answer[][] = [];
    const last = this.last.filter((row) => isAmong(among, row));
    const positions = positionsAmong(pictures, among);
    // One by one: patch tokens of many queries are large, and of no use after they are pooled.
    for (const query of pictureQueries(queries)) {
      const found = this.search.nearest(pooled(await encoder.embed([query]), facts), k, positions);
      rankings.push([
        ...found.map(({ position, score }) => ({ row: (pictures[position] as StoredPicture).row, score })),
        ...last.slice(0, k - found.length).map((row) => ({ row, score: NO_DIRECTION })),
      ]);
    }
    return rankings;
  }

  /** The encoder is the index's, which closes it. */
  async close(): Promise<void> {}
}
