import { defined } from '@neurodex/core';
import { MAX_VOCABULARY, PairCounts, pairOf } from './pair-counts.ts';
import { PairQueue } from './pair-queue.ts';
import { BYTE_CHARACTERS, countPieces } from './pieces.ts';
import { type Merge, type TokenizerFile, tokenizerFile } from './tokenizer-file.ts';

export interface BytePairOptions {
  /** Tokens at most, the 256 of single bytes included: 256 to 65,536. */
  readonly vocabulary: number;
  /** How often a pair has to occur to become a token: at least once, by default twice. */
  readonly minimum?: number;
}

/**
 * Learns a byte-pair tokenizer (Sennrich, Haddow and Birch 2016) of bytes (Radford et al. 2019): the most frequent pair of
 * adjacent tokens becomes a token, again and again, until there are `vocabulary` of them or no pair occurs `minimum` times.
 * Of pairs that are equally frequent, the one whose first token has the smaller id comes first, then that whose second has.
 * The order of the texts has no effect.
 * @param texts normalised and in lower case, as `normaliseText` and `foldCase` leave them
 * @throws RangeError where an option is out of its range
 */
export function trainTokenizer(texts: Iterable<string>, { vocabulary, minimum = 2 }: BytePairOptions): TokenizerFile {
  const bytes = BYTE_CHARACTERS.length;
  if (!Number.isInteger(vocabulary) || vocabulary < bytes || vocabulary > MAX_VOCABULARY)
    throw new RangeError(`a vocabulary has ${bytes} to ${MAX_VOCABULARY} tokens, not ${vocabulary}`);
  if (!Number.isInteger(minimum) || minimum < 1)
    throw new RangeError(`a pair occurs once at least, not ${minimum} times`);

  const pairs = new PairCounts(countPieces(texts));
  const queue = new PairQueue();
  const enqueue = (key: number, count: number): void => {
    if (count >= minimum) queue.push(key, count);
  };
  for (const [key, count] of pairs.entries()) enqueue(key, count);

  const tokens = [...BYTE_CHARACTERS];
  const merges: Merge[] = [];
  while (tokens.length < vocabulary) {
    const next = queue.pop();
    if (next === undefined) break;
    const count = pairs.count(next.key);
    if (count < next.count) {
      // It occurs less often since it was put into the queue, and cannot occur more often.
      enqueue(next.key, count);
      continue;
    }
    const [first, second] = pairOf(next.key);
    const merge: Merge = [defined(tokens[first], 'the first token'), defined(tokens[second], 'the second token')];
    for (const key of pairs.merge(next.key, tokens.length)) enqueue(key, pairs.count(key));
    // No earlier token is spelled alike: until now, equal text between the same two boundaries was merged in the same way.
    tokens.push(merge.join(''));
    merges.push(merge);
  }
  return tokenizerFile(tokens, merges);
}
