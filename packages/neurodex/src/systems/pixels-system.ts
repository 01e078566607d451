import { type PictureStore, pixelsOf } from '../pictures/picture-store.ts';
import type { Answer } from '../query/answers.ts';
import { topK } from '../query/answers.ts';
import type { Query } from '../query/query.ts';
import type { System } from '../query/system.ts';
import { dot, normalised } from './vector-search.ts';

/** The simplest baseline: cosine between the resized pictures' pixel values, uint8 [size·size·3] taken as vectors. */
export class PixelsSystem implements System {
  readonly name = 'pixels';
  readonly memorises = false;
  private readonly rows: readonly number[];
  /** Pictures of the catalogue at unit length, float32 [N, size·size·3]; a black one is equally far from everything. */
  private readonly vectors: Float32Array;
  private readonly length: number;

  constructor(store: PictureStore) {
    const pictures = store.catalogue;
    this.rows = pictures.map(({ row }) => row);
    this.length = store.size * store.size * 3;
    this.vectors = new Float32Array(pictures.length * this.length);
    pictures.forEach(({ row }, i) => {
      this.vectors.set(this.unit(pixelsOf(store, row)), i * this.length);
    });
  }

  async rank(queries: readonly Query[], k: number): Promise<Answer[][]> {
    return queries.map(({ pixels }) => {
      const query = this.unit(pixels);
      const answers = this.rows.map((row, i) => ({ row, score: dot(query, this.vectors, i * this.length) }));
      return topK(answers, k);
    });
  }

  async close(): Promise<void> {}

  private unit(pixels: Uint8Array): Float32Array {
    return normalised(Float32Array.from(pixels), this.length);
  }
}
