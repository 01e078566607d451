import type { SetCounts } from './set-counts.ts';

/** The answers of Q queries, one query after another: 9 bytes for each. */
export interface ScoredAnswers {
  /** float32 [M]; the higher, the better; below Infinity */
  readonly scores: Float32Array;
  /** 1 where an answer is relevant to its query, [M] */
  readonly relevant: Uint8Array;
  /** Where the answers of a query begin, and M last, ascending, [Q+1] */
  readonly offsets: Uint32Array;
  /** Relevant pictures of each query in the catalogue, among its answers or not, [Q] */
  readonly totals: Uint32Array;
}

/** The sets of all answers whose score is at least a threshold. @returns one for each query */
export function setsAt({ scores, relevant, offsets, totals }: ScoredAnswers, threshold: number): SetCounts[] {
  return Array.from(totals, (total, q) => {
    let [returned, hits] = [0, 0];
    for (let i = offsets[q] ?? NaN; i < (offsets[q + 1] ?? NaN); i++) {
      if (!((scores[i] ?? NaN) >= threshold)) continue;
      returned++;
      hits += relevant[i] ?? NaN;
    }
    return { returned, hits, relevant: total };
  });
}

/** @throws RangeError where the parts do not fit together, or a query has more relevant answers than pictures */
export function checkAnswers({ scores, relevant, offsets, totals }: ScoredAnswers): void {
  const M = scores.length;
  if (relevant.length !== M) throw new RangeError(`there are ${M} scores and ${relevant.length} judgements`);
  if (offsets.length !== totals.length + 1 || offsets[0] !== 0 || offsets.at(-1) !== M) {
    throw new RangeError(`${offsets.length} offsets do not part ${M} answers among ${totals.length} queries`);
  }
  for (let q = 0; q < totals.length; q++) {
    const [from, to] = [offsets[q] ?? NaN, offsets[q + 1] ?? NaN];
    if (to < from) throw new RangeError(`the answers of query ${q} end before they begin`);
    let hits = 0;
    for (let i = from; i < to; i++) {
      const judged = relevant[i] ?? NaN;
      if (judged > 1) throw new RangeError(`judgement ${i} is ${judged}, and not 0 or 1`);
      hits += judged;
    }
    if (hits > (totals[q] ?? NaN)) {
      throw new RangeError(`query ${q} has ${hits} relevant answers, and ${totals[q]} relevant pictures`);
    }
  }
}
