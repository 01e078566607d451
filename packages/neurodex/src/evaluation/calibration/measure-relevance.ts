import { defined } from '@neurodex/core';
import { VOTERS } from '../../relevance/votes.ts';
import type { EvaluationQuery } from '../queries.ts';
import type { JudgedSystem } from './judged-system.ts';
import type { RelevanceMeasures } from './relevance-measures.ts';
import { RelevanceTally } from './relevance-tally.ts';

/** Answers of whole rankings that are kept to choose a threshold, at most. */
const PAIRS = 10_000_000;
/** Queries that are asked together; fewer where the answers would be more than this many. */
const BATCH = 32;
const ANSWERS = 400_000;

export interface MeasureRelevanceOptions {
  /** N */
  readonly catalogue: number;
  /** Answers of whole rankings that are kept, at most: one query is always ranked in full. */
  readonly pairs?: number;
  /** Told how many queries were asked. */
  readonly onProgress?: (done: number) => void;
}

/**
 * Asks a system all queries of a split, those with nothing relevant too, and measures its probabilities and sets. Whole rankings of the
 * catalogue are asked of as many queries as there is room for, taken evenly from all; of the others only the first answers, which every
 * measure but set-F1 needs.
 * @returns undefined where there are no queries
 */
export async function measureRelevance(
  system: JudgedSystem,
  queries: readonly EvaluationQuery[],
  { catalogue, pairs = PAIRS, onProgress }: MeasureRelevanceOptions,
): Promise<RelevanceMeasures | undefined> {
  if (queries.length === 0) return undefined;
  const ranked = Math.min(queries.length, Math.max(1, Math.floor(pairs / catalogue)));
  const isRanked = (i: number): boolean => place(i + 1, ranked, queries) > place(i, ranked, queries);
  const tally = new RelevanceTally(system, ranked * catalogue);
  let done = 0;
  for (const isWhole of [true, false]) {
    const asked = queries.filter((_, i) => isRanked(i) === isWhole);
    const k = isWhole ? catalogue : VOTERS;
    const batch = Math.max(1, Math.min(BATCH, Math.floor(ANSWERS / k)));
    for (let from = 0; from < asked.length; from += batch) {
      const together = asked.slice(from, from + batch);
      const rankings = await system.rank(together, k);
      for (const [i, query] of together.entries()) {
        const ranking = defined(rankings[i], 'the answers to a query');
        tally.add(query, ranking);
        if (isWhole) tally.addWhole(query, ranking);
      }
      done += together.length;
      onProgress?.(done);
    }
  }
  return tally.measures();
}

/** How many of the first i queries are among `count` that are taken evenly. */
const place = (i: number, count: number, queries: readonly unknown[]): number =>
  Math.floor((i * count) / queries.length);
