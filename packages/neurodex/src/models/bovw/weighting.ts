import type { Weighting } from '../../config.ts';

/**
 * How much each visual word counts. `counts`: all alike. `tfidf` (Sivic & Zisserman 2003, §4.1): a word in d of N
 * catalogue pictures counts ln(N/d), so that one that is everywhere says nothing. The term frequency's denominator, the
 * number of words in a picture, drops out of the cosine.
 * @param histograms of the catalogue, float32 [N, k]
 * @returns a function from histograms to weighted ones, float32 [n, k]
 */
export function weightBy(
  weighting: Weighting,
  histograms: Float32Array,
  words: number,
): (histograms: Float32Array) => Float32Array {
  if (weighting === 'counts') return (counts) => counts;
  const n = histograms.length / words;
  const pictures = new Float64Array(words);
  histograms.forEach((count, i) => {
    if (count > 0) pictures[i % words] = (pictures[i % words] ?? NaN) + 1;
  });
  // What no catalogue picture has can match nothing; it only makes the query longer.
  const weights = pictures.map((d) => (d === 0 ? 0 : Math.log(n / d)));
  return (counts) => counts.map((count, i) => count * (weights[i % words] ?? NaN));
}
