import type { Answer } from './system.ts';

/** Best first; equal scores by the smaller row, so that a ranking is one ranking. */
export const best = (answers: Answer[], k: number): Answer[] =>
  answers.sort((a, b) => b.score - a.score || a.row - b.row).slice(0, k);
