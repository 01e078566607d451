import type { Answer } from './system.ts';

/** The k best, best first; equal scores by the smaller row, so that a ranking is one ranking. */
export function topK(answers: Answer[], k: number): Answer[] {
  const inOrder = (a: Answer, b: Answer): number => b.score - a.score || a.row - b.row;
  if (k >= answers.length) return answers.sort(inOrder);
  // Sorting bare numbers is fast: it says which few answers need be put into order at all.
  const scores = Float64Array.from(answers, ({ score }) => score).sort();
  const least = scores[answers.length - k] as number;
  // Scores that are no numbers are sorted to the end; with one of them nothing can be left out.
  if (Number.isNaN(scores[answers.length - 1])) return answers.sort(inOrder).slice(0, k);
  return answers
    .filter(({ score }) => score >= least)
    .sort(inOrder)
    .slice(0, k);
}
