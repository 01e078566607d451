import { type ByteProducts, byteProducts } from '../models/pixels/byte-products.ts';
import type { PictureStore } from '../pictures/picture-store.ts';
import type { Answer } from '../query/answers.ts';
import { topK } from '../query/answers.ts';
import { type PictureQuery, pictureQueries, type Query } from '../query/query.ts';
import { isAmong, type RowMask } from '../query/row-mask.ts';
import type { System } from '../query/system.ts';

/** Queries that are compared in one pass over the pixels: each keeps a score of every picture meanwhile. */
const TOGETHER = 16;

/** The simplest baseline: cosine between the resized pictures' pixel values, uint8 [size·size·3] taken as vectors. */
export class PixelsSystem implements System {
  readonly name = 'pixels';
  readonly memorises = false;
  private readonly rows: readonly number[];
  private readonly store: PictureStore;
  private readonly length: number;
  private products: ByteProducts | undefined;
  private known: Float64Array | undefined;

  constructor(store: PictureStore) {
    this.rows = store.catalogue.map(({ row }) => row);
    this.length = store.size * store.size * 3;
    this.store = store;
  }

  async rank(queries: readonly Query[], k: number, among?: RowMask): Promise<Answer[][]> {
    const pictures = pictureQueries(queries);
    const answers: Answer[][] = [];
    for (let from = 0; from < pictures.length; from += TOGETHER)
      answers.push(...this.rankTogether(pictures.slice(from, from + TOGETHER), k, among));
    return answers;
  }

  async close(): Promise<void> {
    this.products = undefined;
  }

  private rankTogether(queries: readonly PictureQuery[], k: number, among: RowMask | undefined): Answer[][] {
    const asked = queries.map(({ pixels }) => pixels);
    const products = this.productsWith(asked);
    const all = this.squares();
    return asked.map((pixels, query) => {
      const own = squareOf(pixels);
      const answers = this.rows.map((row, i) => {
        const squares = own * (all[i] ?? NaN);
        return { row, score: squares === 0 ? 0 : (products[query]?.[i] ?? NaN) / Math.sqrt(squares) };
      });
      return topK(among === undefined ? answers : answers.filter(({ row }) => isAmong(among, row)), k);
    });
  }

  /** Of each query with every catalogue picture. Pixels are read once for all of them. */
  private productsWith(queries: readonly Uint8Array[]): Float64Array[] {
    const { rows, length } = this;
    const { pixels } = this.store;
    this.products ??= byteProducts(length);
    const { most } = this.products;
    const found = queries.map(() => new Float64Array(rows.length));
    for (let from = 0; from < rows.length; from += most) {
      const chunk = rows.slice(from, from + most);
      this.products.load(pixels, chunk);
      for (const [i, query] of queries.entries())
        this.products.multiply(query, found[i]?.subarray(from, from + chunk.length) ?? new Float64Array());
    }
    return found;
  }

  /** Of the lengths of `rows` as vectors, made for the first query; a black picture is equally far from everything. */
  private squares(): Float64Array {
    const { pixels } = this.store;
    this.known ??= Float64Array.from(this.rows, (row) =>
      squareOf(pixels.subarray(row * this.length, (row + 1) * this.length)),
    );
    return this.known;
  }
}

/** Σ x², exact below 2⁵³. */
function squareOf(picture: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < picture.length; i++) {
    const value = picture[i] ?? NaN;
    sum += value * value;
  }
  return sum;
}
