import { estimateLogSum, mostSpread, NEGLIGIBLE } from '../dsi/search/estimate-log-sum.ts';
import { dot, type RowProducts, rowProducts } from '../dsi/search/row-products.ts';

/** What a router knows of the pictures of all shards: some clusters of each. */
export interface RouterCells {
  /** Where the cells of each shard begin, and where the last ones end: int32 [S + 1]. */
  readonly offsets: Int32Array;
  /** Pictures of each cell: int32 [R]. */
  readonly counts: Int32Array;
  /** Their mean states: float32 [R, D]. */
  readonly rows: Float32Array;
}

/**
 * The first token of an identifier is its shard: P(shard | q) is proportional to Σ exp(τ·x·h) over the states x of the shard's
 * pictures, for the state h of the query q, and each sum is estimated from the clusters of the shard.
 */
export class Router {
  /** S */
  readonly count: number;
  private readonly cells: RouterCells;
  private readonly width: number;
  private readonly temperature: number;
  private readonly squares: Float64Array;
  private readonly logCounts: Float64Array;
  /** The most by which the estimate of a cell exceeds τ·μ·h: float64 [R]. */
  private readonly bounds: Float64Array;
  private readonly rows: RowProducts;
  /** Of the shard that is looked at. */
  private readonly estimates: Float64Array;

  /** @param temperature τ @param width D */
  constructor(cells: RouterCells, temperature: number, width: number) {
    this.cells = cells;
    this.width = width;
    this.temperature = temperature;
    this.count = cells.offsets.length - 1;
    const { rows } = cells;
    this.squares = Float64Array.from(cells.counts, (_, cell) => dot(rows, cell * width, rows, cell * width, width));
    this.logCounts = Float64Array.from(cells.counts, Math.log);
    this.bounds = this.logCounts.map(
      (logCount, cell) => logCount + mostSpread(this.squares[cell] ?? NaN, temperature, width),
    );
    const counts = cells.offsets.slice(1).map((end, shard) => end - (cells.offsets[shard] ?? NaN));
    const most = Math.max(0, ...counts);
    this.rows = rowProducts(rows, width, most);
    this.estimates = new Float64Array(most);
  }

  /** log Σ exp(τ·x·h) of each shard, float64 [S]. @param states unit vectors, float32 [B, D] @param query which of them */
  logSums(states: Float32Array, query: number): Float64Array {
    const { offsets } = this.cells;
    const unseen = { logCount: 0, square: 0, product: 0 };
    this.rows.take(states, query);
    const sums = new Float64Array(this.count);
    for (let shard = 0; shard < this.count; shard++) {
      const first = offsets[shard] ?? NaN;
      const count = (offsets[shard + 1] ?? NaN) - first;
      this.rows.multiply(first, count, 0);
      const products = this.rows.products;
      let largest = Number.NEGATIVE_INFINITY;
      for (let i = 0; i < count; i++) largest = Math.max(largest, this.temperature * (products[i] ?? NaN));
      let counted = 0;
      for (let i = 0; i < count; i++) {
        const product = products[i] ?? NaN;
        // An estimate lies between τ·μ·h and that plus its bound: this one cannot count beside the largest.
        if (this.temperature * product + (this.bounds[first + i] ?? NaN) - largest < NEGLIGIBLE) continue;
        unseen.logCount = this.logCounts[first + i] ?? NaN;
        unseen.square = this.squares[first + i] ?? NaN;
        unseen.product = product;
        this.estimates[counted++] = estimateLogSum(unseen, this.temperature, this.width);
      }
      const estimates = this.estimates.subarray(0, counted);
      sums[shard] = logSumExp(estimates);
    }
    return sums;
  }
}

/** The likeliest shards, the likeliest first; of equally likely ones the first. */
export const bestShards = (logSums: Float64Array, count: number): number[] =>
  [...logSums.keys()].sort((a, b) => (logSums[b] ?? NaN) - (logSums[a] ?? NaN) || a - b).slice(0, count);

export function logSumExp(values: ArrayLike<number>): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, values[i] ?? NaN);
  if (largest === Number.NEGATIVE_INFINITY) return largest;
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.exp((values[i] ?? NaN) - largest);
  return largest + Math.log(sum);
}
