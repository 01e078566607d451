import { termsOf } from './terms.ts';

/** A document: the texts of its fields, which count as one text. */
export type Bm25Document = readonly string[];

/** In which of N documents each of V terms occurs, and how often: P pairs of a term and a document, by term. */
export interface Postings {
  /** Term → its number, from 0. */
  readonly vocabulary: ReadonlyMap<string, number>;
  /** int32 [V + 1]: term t has the pairs starts[t] … starts[t + 1] − 1. */
  readonly starts: Int32Array;
  /** int32 [P]: numbers of documents, ascending within a term. */
  readonly documents: Int32Array;
  /** int32 [P]: how often the term occurs in the document, 1 or more. */
  readonly frequencies: Int32Array;
  /** int32 [N]: terms of each document, repeated ones as often as they occur. */
  readonly lengths: Int32Array;
}

/** Reads the documents once, one after another, and keeps none of them. */
export function postingsOf(documents: Iterable<Bm25Document>): Postings {
  const vocabulary = new Map<string, number>();
  const [pairTerms, pairDocuments, pairFrequencies, lengths] = [new Ints(), new Ints(), new Ints(), new Ints()];
  for (const texts of documents) {
    const numbers = texts.flatMap(termsOf).map((term) => numberOf(term, vocabulary));
    numbers.sort((a, b) => a - b);
    for (let i = 0, end = 0; i < numbers.length; i = end) {
      while (end < numbers.length && numbers[end] === numbers[i]) end++;
      pairTerms.push(numbers[i] ?? NaN);
      pairDocuments.push(lengths.length);
      pairFrequencies.push(end - i);
    }
    lengths.push(numbers.length);
  }
  const pairs = { terms: pairTerms.all(), documents: pairDocuments.all(), frequencies: pairFrequencies.all() };
  return { vocabulary, ...byTerm(pairs, vocabulary.size), lengths: lengths.all().slice() };
}

function numberOf(term: string, vocabulary: Map<string, number>): number {
  const known = vocabulary.get(term);
  if (known !== undefined) return known;
  const number = vocabulary.size;
  vocabulary.set(term, number);
  return number;
}

interface Pairs {
  readonly terms: Int32Array;
  readonly documents: Int32Array;
  readonly frequencies: Int32Array;
}

/** A counting sort, which keeps the order of the documents of a term. @param pairs by document */
function byTerm(pairs: Pairs, terms: number): Pick<Postings, 'starts' | 'documents' | 'frequencies'> {
  const starts = new Int32Array(terms + 1);
  for (const term of pairs.terms) starts[term + 1] = (starts[term + 1] ?? NaN) + 1;
  for (let term = 0; term < terms; term++) starts[term + 1] = (starts[term + 1] ?? NaN) + (starts[term] ?? NaN);
  const next = starts.slice(0, terms);
  const documents = new Int32Array(pairs.terms.length);
  const frequencies = new Int32Array(pairs.terms.length);
  for (let i = 0; i < pairs.terms.length; i++) {
    const term = pairs.terms[i] ?? NaN;
    const place = next[term] ?? NaN;
    documents[place] = pairs.documents[i] ?? NaN;
    frequencies[place] = pairs.frequencies[i] ?? NaN;
    next[term] = place + 1;
  }
  return { starts, documents, frequencies };
}

/** A list of int32 that grows: a list of numbers takes twice the space or more. */
class Ints {
  length = 0;
  private values = new Int32Array(1024);

  push(value: number): void {
    if (this.length === this.values.length) {
      const larger = new Int32Array(2 * this.values.length);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.length++] = value;
  }

  /** A view. */
  all(): Int32Array {
    return this.values.subarray(0, this.length);
  }
}
