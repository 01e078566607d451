import type { RankedQuery } from '../measure.ts';

export const isRelevant = (query: RankedQuery, document: string): boolean => (query.grades.get(document) ?? 0) > 0;

/** Documents judged relevant, answered or not. */
export function relevantCount(query: RankedQuery): number {
  let count = 0;
  for (const grade of query.grades.values()) if (grade > 0) count++;
  return count;
}

/** Relevant documents among the first `depth` answers. */
export function relevantWithin(query: RankedQuery, depth: number): number {
  let [rank, count] = [0, 0];
  for (const document of query.ranking) {
    if (++rank > depth) break;
    if (isRelevant(query, document)) count++;
  }
  return count;
}

/** 1 for the first answer; infinite when no answer (within the cut-off) is relevant. */
export function firstRelevantRank(query: RankedQuery, cutoff: number | undefined): number {
  const depth = cutoff ?? Number.POSITIVE_INFINITY;
  let rank = 0;
  for (const document of query.ranking) {
    if (++rank > depth) break;
    if (isRelevant(query, document)) return rank;
  }
  return Number.POSITIVE_INFINITY;
}

/** @throws RangeError when a measure that cannot do without a cut-off is computed without one */
export function needed(cutoff: number | undefined, measure: string): number {
  if (cutoff === undefined) throw new RangeError(`${measure} needs a cut-off`);
  return cutoff;
}
