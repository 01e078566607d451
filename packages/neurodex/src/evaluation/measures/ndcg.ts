import type { Measure } from '../measure.ts';

export const ndcg: Measure = {
  name: 'nDCG',
  description: 'sum of grade / log₂(rank + 1) over the answers (the first K), divided by that of the best ranking',
  source: 'trec_eval ndcg and ndcg_cut; Järvelin & Kekäläinen 2002, "Cumulated gain-based evaluation of IR techniques"',
  cutoff: 'optional',
  task: 'retrieval',
  compute(query, cutoff) {
    const best = discounted(
      [...query.grades.values()].filter((grade) => grade > 0).sort((a, b) => b - a),
      cutoff,
    );
    if (best === 0) return 0;
    return (
      discounted(
        query.ranking.slice(0, cutoff).map((document) => query.grades.get(document) ?? 0),
        cutoff,
      ) / best
    );
  },
};

function discounted(gains: readonly number[], cutoff = Number.POSITIVE_INFINITY): number {
  const end = Math.min(cutoff, gains.length);
  let sum = 0;
  for (let i = 0; i < end; i++) sum += Math.max(0, gains[i] ?? NaN) / Math.log2(i + 2);
  return sum;
}
