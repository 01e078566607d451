import type { Answer, SearchResponse, SystemAnswers } from '../engine.ts';

/** From this probability on an answer is shown as relevant, and below it as similar. */
const RELEVANT_FROM = 0.5;

export interface AnswerGroups {
  /** Likelier relevant than not. */
  readonly relevant: readonly Answer[];
  /** Merely alike. */
  readonly similar: readonly Answer[];
}

/** Answers by whether they are likely relevant, in their order; null where nothing is known of that. */
export function groupsOf({ answers }: Pick<SystemAnswers, 'answers'>): AnswerGroups | null {
  if (answers.every(({ relevance }) => relevance === null)) return null;
  const isRelevant = ({ relevance }: Answer): boolean => relevance !== null && relevance >= RELEVANT_FROM;
  return { relevant: answers.filter(isRelevant), similar: answers.filter((answer) => !isRelevant(answer)) };
}

/** Whether nothing in the catalogue is relevant, as far as any system knows. */
export const foundNothing = ({ results }: Pick<SearchResponse, 'results'>): boolean =>
  results.some(({ nothingFound }) => nothingFound) &&
  results.every(({ nothingFound, answers }) => nothingFound || answers.every(({ relevance }) => relevance === null));
