import type { EvaluationQuery } from './queries.ts';
import type { RankedRows } from './rank-rows.ts';

/** Recall levels at which precision is read: 0, 0.1 … 1. */
export const RECALL_LEVELS: readonly number[] = Array.from({ length: 11 }, (_, i) => i / 10);

/** Curves of one system, means over queries. */
export interface Curves {
  /** Interpolated precision at each of `RECALL_LEVELS`. */
  readonly precision: readonly number[];
  /** Recall of the first K answers, at K that grow by about a tenth: 1 … N. */
  readonly recall: readonly { readonly k: number; readonly recall: number }[];
}

/** Adds up the curves of one system, ranking by ranking; queries without a relevant picture are passed over. */
export class CurveTally {
  private readonly precisions = new Float64Array(RECALL_LEVELS.length);
  /** Sum over queries of the recall that the answer at a rank adds, float64 [N]. */
  private readonly gains: Float64Array;
  private queries = 0;

  /** @param catalogue N */
  constructor(catalogue: number) {
    this.gains = new Float64Array(catalogue);
  }

  add({ relevant }: EvaluationQuery, { rows }: RankedRows): void {
    if (relevant.size === 0) return;
    this.queries++;
    /** Precision at each relevant answer. */
    const precisions: number[] = [];
    for (let i = 0; i < rows.length; i++) {
      if (!relevant.has(rows[i] ?? NaN)) continue;
      this.gains[i] = (this.gains[i] ?? NaN) + 1 / relevant.size;
      precisions.push((precisions.length + 1) / (i + 1));
    }
    // Interpolated: the best precision at this recall or any higher one (trec_eval iprec_at_recall).
    for (let i = precisions.length - 2; i >= 0; i--) {
      precisions[i] = Math.max(precisions[i] ?? NaN, precisions[i + 1] ?? NaN);
    }
    RECALL_LEVELS.forEach((level, i) => {
      // How many relevant answers make a level of recall, as trec_eval counts them (m_iprec_at_recall.c), rounding included.
      const found = Math.max(1, Math.floor(level * relevant.size + 0.9));
      this.precisions[i] = (this.precisions[i] ?? NaN) + (precisions[found - 1] ?? 0);
    });
  }

  curves(): Curves {
    const count = Math.max(1, this.queries);
    const recall: { k: number; recall: number }[] = [];
    let sum = 0;
    let next = 1;
    this.gains.forEach((gain, i) => {
      sum += gain;
      const k = i + 1;
      if (k < next && k < this.gains.length) return;
      recall.push({ k, recall: sum / count });
      next = Math.max(k + 1, Math.round(k * 1.1));
    });
    return { precision: Array.from(this.precisions, (value) => value / count), recall };
  }
}
