import { defined } from '@neurodex/core';

/**
 * Queries encoded at once: a single query should not pay for a batch, and a batch should not pay for each query. Each size
 * has graphs of its own, which take longer to load than a few batches that are not full take.
 */
export const BATCHES: readonly number[] = [1, 32];
/** For a server: to load every size once is cheaper than to fill up batch after batch. */
export const FINE_BATCHES: readonly number[] = [1, 2, 4, 8, 16, 32];
/** Share of queries from which on a batch is worth filling up. */
const WORTH_FILLING = 0.75;

/**
 * How many of the queries that wait are searched with now, where the others soon follow: as many as fill a batch. On a processor
 * a place that nobody takes costs as much as one that is taken.
 * @param sizes ascending
 */
export const fillingBatch = (queries: number, sizes: readonly number[]): number =>
  sizes.findLast((size) => size <= queries) ?? queries;

/**
 * The size of the next batch: the largest that is full, unless the one above it nearly is, or more than two of the smaller
 * would be needed.
 * @param sizes ascending
 */
export function batchFor(queries: number, sizes: readonly number[]): number {
  const above = sizes.find((size) => size >= queries);
  const below = sizes.findLast((size) => size <= queries);
  if (below === undefined) return defined(above, 'a batch size');
  if (above === undefined) return below;
  return queries >= WORTH_FILLING * above || queries > 2 * below ? above : below;
}
