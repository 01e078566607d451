import type { SetCounts } from './set-counts.ts';

export interface Coverage {
  readonly queries: number;
  /** Share of all queries whose set holds a relevant picture, 0 … 1: a query with nothing relevant is never covered. */
  readonly coverage: number;
  /** The same among queries that have a relevant picture; null where none has. */
  readonly answerableCoverage: number | null;
  /** Mean and median number of pictures of a set (Angelopoulos & Bates 2023, §4.1). */
  readonly meanSize: number;
  readonly medianSize: number;
  /** Share of queries whose set is empty, 0 … 1. */
  readonly emptyShare: number;
}

/** What sets hold, and how large they are. @returns undefined where there are no queries */
export function coverageOf(sets: readonly SetCounts[]): Coverage | undefined {
  const queries = sets.length;
  if (queries === 0) return undefined;
  const covered = sets.filter(({ hits }) => hits > 0).length;
  const answerable = sets.filter(({ relevant }) => relevant > 0).length;
  const sizes = Float64Array.from(sets, ({ returned }) => returned).sort();
  const [lower, upper] = [sizes[(queries - 1) >> 1] ?? NaN, sizes[queries >> 1] ?? NaN];
  return {
    queries,
    coverage: covered / queries,
    answerableCoverage: answerable === 0 ? null : covered / answerable,
    meanSize: sizes.reduce((a, b) => a + b, 0) / queries,
    medianSize: (lower + upper) / 2,
    emptyShare: sets.filter(({ returned }) => returned === 0).length / queries,
  };
}
