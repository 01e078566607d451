import type { StoredPicture } from '../pictures/picture-store.ts';
import type { Answer } from '../query/answers.ts';
import { pictureQueries, type Query } from '../query/query.ts';
import { isAmong, type RowMask } from '../query/row-mask.ts';
import type { System } from '../query/system.ts';
import type { HistogramDescriber } from './histogram-describer.ts';
import { isZero, positionsAmong, type VectorSearch } from './vector-search.ts';

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
  /** Closed with the system. */
  readonly describer: HistogramDescriber;
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
    const { pictures, vectors, describer } = options;
    this.last = pictures
      .filter((_, position) => isZero(vectors, describer.length, position))
      .sort(byIdentifier)
      .map(({ row }) => row);
  }

  async rank(queries: readonly Query[], k: number, among?: RowMask): Promise<Answer[][]> {
    const { pictures, search, describer, weight, onNoKeypoints } = this.options;
    const size = describer.length;
    const histograms = weight(await describer.histograms(pictureQueries(queries)));
    const without = queries.filter((_, i) => isZero(histograms, size, i)).length;
    if (without > 0) onNoKeypoints?.(without);
    const last = this.last.filter((row) => isAmong(among, row));
    const positions = positionsAmong(pictures, among);
    return queries.map((_, i) => {
      const found = search.nearest(histograms.subarray(i * size, (i + 1) * size), k, positions);
      return [
        ...found.map(({ position, score }) => ({ row: (pictures[position] as StoredPicture).row, score })),
        ...last.slice(0, k - found.length).map((row) => ({ row, score: NO_KEYPOINTS })),
      ];
    });
  }

  async close(): Promise<void> {
    await this.options.describer.close();
  }
}

/** Numbers by value, with or without leading zeros. */
const byIdentifier = ({ identifier: a = '' }: StoredPicture, { identifier: b = '' }: StoredPicture): number =>
  a.length - b.length || (a < b ? -1 : Number(a > b));
