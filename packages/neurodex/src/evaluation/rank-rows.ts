import { NeurodexError } from '@neurodex/core';
import type { PictureStore } from '../pictures/picture-store.ts';
import type { Answer } from '../query/answers.ts';
import type { System } from '../query/system.ts';
import { namePlaces, pathOf } from './documents.ts';
import type { EvaluationQuery } from './queries.ts';

/** Catalogue rows for one query, best first, in the order of `rankAsTrec`. */
export interface RankedRows {
  /** int32, rows of the catalogue (StoredPicture.row) */
  readonly rows: Int32Array;
  /** float64, of the same length */
  readonly scores: Float64Array;
}

/**
 * Answers of a system in the order of `rankAsTrec`, query by query, asked for in batches. A system answers best first, so
 * that only equal scores need another order; this runs once for each query and catalogue picture.
 * @throws NeurodexError `index-damaged` for a score that is not a number
 */
export async function* rankAll({
  system,
  catalogue: store,
  queries,
  k,
  batchSize,
}: {
  readonly system: System;
  readonly catalogue: PictureStore;
  readonly queries: readonly EvaluationQuery[];
  readonly k: number;
  readonly batchSize: number;
}): AsyncGenerator<{ readonly query: EvaluationQuery; readonly ranking: RankedRows }> {
  const ranker = new Ranker(store, system);
  for (let from = 0; from < queries.length; from += batchSize) {
    const batch = queries.slice(from, from + batchSize);
    const answered = await system.rank(batch, k);
    for (const [i, query] of batch.entries()) {
      yield { query, ranking: ranker.rank(query, answered[i] ?? []) };
    }
  }
}

class Ranker {
  private readonly catalogue: PictureStore;
  private readonly system: System;
  private readonly places: Int32Array;
  /** Number of the last ranking that held the row. */
  private readonly seen: Int32Array;
  private rankings = 0;

  constructor(store: PictureStore, system: System) {
    this.catalogue = store;
    this.system = system;
    this.places = namePlaces(store);
    this.seen = new Int32Array(store.rows.length);
  }

  rank(query: EvaluationQuery, answered: readonly Answer[]): RankedRows {
    this.rankings++;
    const rows = new Int32Array(answered.length);
    const scores = new Float64Array(answered.length);
    let sorted = true;
    let previous = Number.POSITIVE_INFINITY;
    let place = 0;
    for (const { row, score } of answered) {
      this.check(query, row, score);
      rows[place] = row;
      scores[place++] = score;
      if (score > previous) sorted = false;
      previous = score;
    }
    if (sorted) this.orderTies(rows, scores);
    else this.sort(rows, scores);
    return { rows, scores };
  }

  private check(query: EvaluationQuery, row: number, score: number): void {
    // An answer that is no catalogue picture, or is given twice, is a fault of the system, not of the user.
    if (!((this.places[row] ?? -1) >= 0)) throw new RangeError(`row ${row} is no catalogue picture`);
    const again = this.seen[row] === this.rankings;
    this.seen[row] = this.rankings;
    if (!again && !Number.isNaN(score)) return;
    const { name } = this.system;
    const path = pathOf(this.catalogue, row);
    if (again) throw new Error(`the system ${name} answered ${path} twice`);
    throw new NeurodexError(
      'index-damaged',
      `the system ${name} gives ${path} a score that is not a number for the query ${query.name}`,
      { hint: 'rebuild the index', details: { system: name, query: query.name } },
    );
  }

  /** Puts rows of equal scores, which stand together, into the order of names. */
  private orderTies(rows: Int32Array, scores: Float64Array): void {
    const place = (row: number): number => this.places[row] ?? NaN;
    for (let from = 0; from < rows.length; ) {
      let to = from + 1;
      while (to < rows.length && scores[to] === scores[from]) to++;
      if (to - from > 1) rows.subarray(from, to).sort((a, b) => place(a) - place(b));
      from = to;
    }
  }

  private sort(rows: Int32Array, scores: Float64Array): void {
    const order = Array.from(rows, (row, i) => ({ row, score: scores[i] ?? NaN })).sort(
      (a, b) => b.score - a.score || (this.places[a.row] ?? NaN) - (this.places[b.row] ?? NaN),
    );
    order.forEach(({ row, score }, i) => {
      rows[i] = row;
      scores[i] = score;
    });
  }
}
