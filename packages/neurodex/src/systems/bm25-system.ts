import { defined } from '@neurodex/core';
import { Bm25Index, type SparseScores } from '../models/bm25/bm25.ts';
import type { Parts } from '../pictures/picture-store.ts';
import { NOTHING_WITHHELD, textsLearnedOf, type Withholding } from '../pictures/withheld-captions.ts';
import { type Answer, topK } from '../query/answers.ts';
import type { Query } from '../query/query.ts';
import { isAmong, type RowMask } from '../query/row-mask.ts';
import type { System } from '../query/system.ts';

/** The score of a picture that shares no term with the query. */
export const NOTHING_SHARED = 0;

/**
 * The lexical baseline: BM25 of the query and the captions, labels and file name of each picture. Pictures that share no
 * term with the query come after all others with the score 0, by row. Captions that are withheld are not counted.
 */
export class Bm25System implements System {
  readonly name = 'bm25';
  readonly memorises = false;
  private readonly store: Pick<Parts, 'catalogue'>;
  private readonly withholding: Withholding;
  private known: Bm25Index | undefined;

  constructor(store: Pick<Parts, 'catalogue'>, withholding: Withholding = NOTHING_WITHHELD) {
    this.store = store;
    this.withholding = withholding;
  }

  async rank(queries: readonly Query[], k: number, among?: RowMask): Promise<Answer[][]> {
    return this.rankTexts(queries.map(textOf), k, among);
  }

  /** As `rank`, for the texts of queries. */
  rankTexts(texts: readonly string[], k: number, among?: RowMask): Answer[][] {
    if (texts.length === 0) return [];
    return texts.map((text) => {
      const scores = this.scored(text, among);
      const found = topK(this.best(scores, k), k);
      return [...found, ...this.others(scores.documents, k - found.length, among)];
    });
  }

  async close(): Promise<void> {
    this.known = undefined;
  }

  /** By position in the catalogue. Made for the first query. */
  private index(): Bm25Index {
    this.known ??= new Bm25Index(textsOf(this.store.catalogue, this.withholding));
    return this.known;
  }

  /** The pictures that share a term with a text, of those that are ranked. */
  private scored(text: string, among: RowMask | undefined): SparseScores {
    const all = this.index().scores(text);
    if (among === undefined) return all;
    const kept = all.documents.map((_, i) => i).filter((i) => this.isRanked(all.documents[i] ?? NaN, among));
    return {
      documents: kept.map((i) => all.documents[i] ?? NaN),
      scores: Float64Array.from(kept, (i) => all.scores[i] ?? NaN),
    };
  }

  private isRanked(position: number, among: RowMask | undefined): boolean {
    return isAmong(among, this.store.catalogue[position]?.row ?? -1);
  }

  /** The k best of those found, in row order: no object is made for any other, though a common word finds nearly all. */
  private best({ documents, scores }: SparseScores, k: number): Answer[] {
    const { length } = scores;
    const least = length <= k ? 0 : (scores.toSorted()[length - k] ?? NaN);
    // Of equal scores the smaller rows are taken, so as many as the larger scores leave room for.
    let room = k - scores.reduce((larger, score) => larger + (score > least ? 1 : 0), 0);
    const answers: Answer[] = [];
    for (let i = 0; i < length; i++) {
      const score = scores[i] ?? NaN;
      if (score > least || (score === least && room-- > 0)) answers.push(this.answer(documents[i] ?? NaN, score));
    }
    return answers;
  }

  /** The first pictures that were not found. @param found positions, ascending */
  private others(found: Int32Array, count: number, among: RowMask | undefined): Answer[] {
    const answers: Answer[] = [];
    let next = 0;
    for (let position = 0; answers.length < count && position < this.store.catalogue.length; position++) {
      if (found[next] === position) next++;
      else if (this.isRanked(position, among)) answers.push(this.answer(position, NOTHING_SHARED));
    }
    return answers;
  }

  private answer(position: number, score: number): Answer {
    return { row: defined(this.store.catalogue[position], 'the picture that was found').row, score };
  }
}

function* textsOf(pictures: Parts['catalogue'], withholding: Withholding): Generator<readonly string[]> {
  for (const picture of pictures) yield textsLearnedOf(picture, withholding);
}

/** @throws RangeError for any other query: `refuseUnaccepted` comes first */
function textOf(query: Query): string {
  if (query.kind !== 'text') throw new RangeError('only words can be asked here');
  return query.text;
}
