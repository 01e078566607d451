import type { PictureStore } from '../pictures/picture-store.ts';
import type { Answer } from '../query/answers.ts';
import { topK } from '../query/answers.ts';
import { pictureQueries, type Query } from '../query/query.ts';
import type { System } from '../query/system.ts';

/** The simplest baseline: cosine between the resized pictures' pixel values, uint8 [size·size·3] taken as vectors. */
export class PixelsSystem implements System {
  readonly name = 'pixels';
  readonly memorises = false;
  private readonly rows: readonly number[];
  private readonly store: PictureStore;
  private readonly length: number;
  private known: Float64Array | undefined;

  constructor(store: PictureStore) {
    this.rows = store.catalogue.map(({ row }) => row);
    this.length = store.size * store.size * 3;
    this.store = store;
  }

  async rank(queries: readonly Query[], k: number): Promise<Answer[][]> {
    if (queries.length === 0) return [];
    // uint8 [rows, size·size·3]
    const { pixels } = this.store;
    const all = this.squares(pixels);
    return pictureQueries(queries).map(({ pixels: query }) => {
      const own = byteProduct(query, query, 0);
      const answers = this.rows.map((row, i) => {
        const squares = own * (all[i] ?? NaN);
        const product = byteProduct(query, pixels, row * this.length);
        return { row, score: squares === 0 ? 0 : product / Math.sqrt(squares) };
      });
      return topK(answers, k);
    });
  }

  async close(): Promise<void> {}

  /** Of the lengths of `rows` as vectors, made for the first query; a black picture is equally far from everything. */
  private squares(pixels: Uint8Array): Float64Array {
    this.known ??= Float64Array.from(this.rows, (row) => {
      const picture = pixels.subarray(row * this.length, (row + 1) * this.length);
      return byteProduct(picture, picture, 0);
    });
    return this.known;
  }
}

/** Values whose products, added up by four, stay below 2³¹: 2¹⁵ · 255² each. */
const BLOCK = 4 * 2 ** 15;

/** Σ query[i] · pixels[offset + i], exactly: added up as integers, four sums at once. */
export function byteProduct(query: Uint8Array, pixels: Uint8Array, offset: number): number {
  const { length } = query;
  let sum = 0;
  for (let start = 0; start < length; start += BLOCK) {
    const end = Math.min(start + BLOCK, length);
    const whole = end - ((end - start) % 4);
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let i = start; i < whole; i += 4) {
      a = (a + Math.imul(query[i] as number, pixels[offset + i] as number)) | 0;
      b = (b + Math.imul(query[i + 1] as number, pixels[offset + i + 1] as number)) | 0;
      c = (c + Math.imul(query[i + 2] as number, pixels[offset + i + 2] as number)) | 0;
      d = (d + Math.imul(query[i + 3] as number, pixels[offset + i + 3] as number)) | 0;
    }
    for (let i = whole; i < end; i++) a = (a + Math.imul(query[i] as number, pixels[offset + i] as number)) | 0;
    sum += a + b + c + d;
  }
  return sum;
}
