import { enlarged } from '@neurodex/datasets/image';
import type { Extractor } from '../models/bovw/extractor.ts';
import type { HistogramCounter } from '../models/bovw/histogram.ts';
import { DESCRIPTOR_LENGTH } from '../models/bovw/parameters.ts';
import type { StoredPicture } from '../pictures/picture-store.ts';
import type { Answer } from '../query/answers.ts';
import type { Query } from '../query/query.ts';
import type { System } from '../query/system.ts';
import { isZero, type VectorSearch } from './vector-search.ts';

/** Below every cosine of histograms: a picture without keypoints has no direction to compare. */
export const NO_KEYPOINTS = -1;

export interface BovwOptions {
  /** Catalogue pictures, in row order. */
  readonly pictures: readonly StoredPicture[];
  /** Their histograms, weighted: float32 [N, k]. */
  readonly vectors: Float32Array;
  /** Over the same vectors, by position. */
  readonly search: VectorSearch;
  readonly weight: (histograms: Float32Array) => Float32Array;
  readonly extractor: Extractor;
  /** Edge at which pictures are described; smaller thumbnails are enlarged to it. */
  readonly edge: number;
  readonly counter: HistogramCounter;
  /** Told the number of queries without a keypoint. */
  readonly onNoKeypoints?: (queries: number) => void;
}

/**
 * The baseline everyone knows (Sivic & Zisserman 2003): SIFT descriptors, counted by visual word, compared by cosine.
 * Pictures without a keypoint come after all others, in the order of their identifiers.
 */
export class BovwSystem implements System {
  readonly name = 'bovw';
  readonly memorises = false;
  private readonly options: BovwOptions;
  /** Rows of the catalogue pictures without keypoints, by identifier. */
  private readonly last: readonly number[];

  constructor(options: BovwOptions) {
    this.options = options;
    const { pictures, vectors, counter } = options;
    this.last = pictures
      .filter((_, position) => isZero(vectors, counter.vocabulary.size, position))
      .sort(byIdentifier)
      .map(({ row }) => row);
  }

  async rank(queries: readonly Query[], k: number): Promise<Answer[][]> {
    const { pictures, search, counter, onNoKeypoints } = this.options;
    const { size } = counter.vocabulary;
    const histograms = await this.histograms(queries);
    const without = queries.filter((_, i) => isZero(histograms, size, i)).length;
    if (without > 0) onNoKeypoints?.(without);
    return queries.map((_, i) => {
      const found = search.nearest(histograms.subarray(i * size, (i + 1) * size), k);
      return [
        ...found.map(({ position, score }) => ({ row: (pictures[position] as StoredPicture).row, score })),
        ...this.last.slice(0, k - found.length).map((row) => ({ row, score: NO_KEYPOINTS })),
      ];
    });
  }

  async close(): Promise<void> {
    await this.options.extractor.close();
    await this.options.counter.release();
  }

  /** Weighted, float32 [B, k] */
  private async histograms(queries: readonly Query[]): Promise<Float32Array> {
    const { extractor, edge, counter, weight } = this.options;
    const described = await Promise.all(
      queries.map(async (query) => extractor.describe(await enlarged(await query.thumbnail(), edge), queries.length)),
    );
    const counts = described.map(({ length }) => length / DESCRIPTOR_LENGTH);
    return weight(await counter.count(new Uint8Array(Buffer.concat(described)), counts));
  }
}

/** Numbers by value, with or without leading zeros. */
const byIdentifier = ({ identifier: a = '' }: StoredPicture, { identifier: b = '' }: StoredPicture): number =>
  a.length - b.length || (a < b ? -1 : Number(a > b));
