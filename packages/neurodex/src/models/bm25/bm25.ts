import { type Bm25Document, type Postings, postingsOf } from './postings.ts';
import { termsOf } from './terms.ts';

/** How soon more occurrences of a term add little: one of them in a document of mean length counts 1 / (1 + K1). */
export const K1 = 1.2;
/** How much a long document is held against it: 0 not at all, 1 in proportion to its length. */
export const B = 0.75;

/** The documents that share a term with a query, n of N; all others have the score 0. */
export interface SparseScores {
  /** int32 [n]: their numbers, ascending. */
  readonly documents: Int32Array;
  /** float64 [n]: their scores, each above 0. */
  readonly scores: Float64Array;
}

/** Above this share of all documents, looking through all scores is faster than sorting the numbers of those found. */
const DENSE = 1 / 8;

/**
 * A lexical index of N documents by BM25: Robertson & Zaragoza 2009, The Probabilistic Relevance Framework, eq. 3.15, with
 * the inverse document frequency of Lucene in place of the weight of Robertson and Spärck Jones, which is negative for
 * terms that more than half of the documents have. For term t in document d of length dl:
 *
 *   score(q, d) = Σ_t qtf · ln(1 + (N − n + 0.5) / (n + 0.5)) · tf / (k1 · ((1 − b) + b · dl / avdl) + tf)
 *
 * tf and qtf: how often t occurs in d and in q; n: how many documents have t; avdl: the mean length.
 * It holds 8 bytes for each pair of a term and a document, 16 for each document, and the vocabulary.
 */
export class Bm25Index {
  /** N */
  readonly size: number;
  private readonly postings: Postings;
  /** float64 [N]: k1 · ((1 − b) + b · dl / avdl). */
  private readonly saturation: Float64Array;
  /** float64 [N]: all 0 between queries. */
  private readonly sums: Float64Array;

  /** @param documents each the texts of its fields, in the order of their numbers from 0; read once */
  constructor(documents: Iterable<Bm25Document>) {
    this.postings = postingsOf(documents);
    const { lengths } = this.postings;
    this.size = lengths.length;
    const mean = lengths.reduce((sum, length) => sum + length, 0) / this.size;
    this.saturation = new Float64Array(this.size);
    for (const [i, length] of lengths.entries()) this.saturation[i] = K1 * (1 - B + (B * length) / mean);
    this.sums = new Float64Array(this.size);
  }

  /** @param query its terms in any order: the scores are the same to the last bit */
  scores(query: string): SparseScores {
    const { starts } = this.postings;
    const weights = this.queryTerms(query);
    const bound = weights.reduce((sum, [term]) => sum + (starts[term + 1] ?? NaN) - (starts[term] ?? NaN), 0);
    const found = new Int32Array(Math.min(bound, this.size));
    let count = 0;
    for (const [term, repeats] of weights) count = this.add(term, repeats, found, count);
    const documents = this.inOrder(found.subarray(0, count));
    const scores = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const document = documents[i] ?? NaN;
      scores[i] = this.sums[document] ?? NaN;
      this.sums[document] = 0;
    }
    return { documents, scores };
  }

  /** The known terms of a query and how often each occurs, by number: sums are added up in one order. */
  private queryTerms(query: string): [term: number, repeats: number][] {
    const repeats = new Map<number, number>();
    for (const text of termsOf(query)) {
      const term = this.postings.vocabulary.get(text);
      if (term !== undefined) repeats.set(term, (repeats.get(term) ?? 0) + 1);
    }
    return [...repeats].sort(([a], [b]) => a - b);
  }

  /** Adds what one term gives to each document. @returns how many documents are in `found` afterwards */
  private add(term: number, repeats: number, found: Int32Array, count: number): number {
    const { size, postings, saturation, sums } = this;
    const { starts, documents, frequencies } = postings;
    const [start, end] = [starts[term] ?? NaN, starts[term + 1] ?? NaN];
    const having = end - start;
    const weight = repeats * Math.log1p((size - having + 0.5) / (having + 0.5));
    let after = count;
    for (let i = start; i < end; i++) {
      const document = documents[i] ?? NaN;
      const frequency = frequencies[i] ?? NaN;
      const sum = sums[document] ?? NaN;
      // Whatever a term gives is above 0, so a document with the sum 0 has not been found before.
      if (sum === 0) found[after++] = document;
      sums[document] = sum + (weight * frequency) / ((saturation[document] ?? NaN) + frequency);
    }
    return after;
  }

  private inOrder(found: Int32Array): Int32Array {
    if (found.length <= DENSE * this.size) return found.slice().sort();
    const documents = new Int32Array(found.length);
    let count = 0;
    for (let document = 0; document < this.size; document++) {
      if (this.sums[document] !== 0) documents[count++] = document;
    }
    return documents;
  }
}
