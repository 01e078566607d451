/** One answer to a query: a catalogue picture, best first in a ranking. */
export interface Answer {
  /** Row of the catalogue picture (StoredPicture.row). */
  readonly row: number;
  /** Higher is better; `SYSTEMS` says what it is for each system. */
  readonly score: number;
}

/** The k best, best first; equal scores by the smaller row, so that a ranking is one ranking. */
export function topK<A extends Answer>(answers: A[], k: number): A[] {
  const inOrder = (a: A, b: A): number => b.score - a.score || a.row - b.row;
  if (k >= answers.length) return answers.sort(inOrder);
  // Sorting bare numbers is fast, and tells which few answers have to be put into order at all.
  const scores = Float64Array.from(answers, ({ score }) => score).sort();
  const least = scores[answers.length - k] ?? NaN;
  // Scores that are NaN are sorted to the end; with one of them nothing can be left out.
  if (Number.isNaN(scores[answers.length - 1])) return answers.sort(inOrder).slice(0, k);
  return answers
    .filter(({ score }) => score >= least)
    .sort(inOrder)
    .slice(0, k);
}
