import { closest } from 'fastest-levenshtein';

/** The nearest of the known words; letter case is the commonest slip, so it does not count as a difference. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const lower = closest(
    word.toLowerCase(),
    known.map((candidate) => candidate.toLowerCase()),
  );
  return known.find((candidate) => candidate.toLowerCase() === lower);
}
