import type { SetCounts } from './set-counts.ts';

/** Means over queries, 0 … 1. */
export interface SetScores {
  /** Harmonic mean of both, of each query. */
  readonly f1: number;
  /** Share of the sets that is relevant. */
  readonly precision: number;
  /** Share of what is relevant that is in the sets. */
  readonly recall: number;
}

/**
 * F1 of one set: 2·hits / (returned + relevant) (van Rijsbergen 1979). For a query with nothing relevant, 1 where the set is empty and 0
 * where it is not, as for questions without an answer (Rajpurkar, Jia & Liang 2018).
 */
export const f1Of = ({ returned, hits, relevant }: SetCounts): number =>
  returned + relevant === 0 ? 1 : (2 * hits) / (returned + relevant);

/**
 * Mean F1, precision and recall of sets. Precision is hits / returned, and 0 for an empty set where something is relevant; recall is hits /
 * relevant. For a query with nothing relevant each of them is 1 for an empty set and 0 for any other. The mean F1 is that over queries,
 * and not the F1 of the mean precision and recall.
 * @returns undefined where there are no queries
 */
export function setScores(sets: readonly SetCounts[]): SetScores | undefined {
  if (sets.length === 0) return undefined;
  let [f1, precision, recall] = [0, 0, 0];
  for (const set of sets) {
    const neither = set.returned + set.relevant === 0;
    f1 += f1Of(set);
    precision += neither ? 1 : set.hits / Math.max(1, set.returned);
    recall += neither ? 1 : set.hits / Math.max(1, set.relevant);
  }
  return { f1: f1 / sets.length, precision: precision / sets.length, recall: recall / sets.length };
}
