import type { Query } from '../../query/query.ts';
import type { JudgedAnswer } from '../../relevance/answer-relevance.ts';

/** The answers to one query with their probabilities. */
export interface RankingWithRelevance {
  /** Best first. */
  readonly answers: readonly JudgedAnswer[];
  /** Probability that nothing in the catalogue is relevant, 0 … 1; undefined where nobody knows. */
  readonly none: number | undefined;
  readonly nothingFound: boolean;
}

/** A system that says how likely each of its answers is relevant, as far as measures need it. */
export interface JudgedSystem {
  /** @param k answers for each query; those that vote are always there (`VOTERS`) */
  rank(queries: readonly Query[], k: number): Promise<RankingWithRelevance[]>;
  /** The set of answers that holds a relevant one with this probability. */
  confident(query: Query, ranking: RankingWithRelevance, confidence: number): readonly JudgedAnswer[];
}
