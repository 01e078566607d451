import type { Measure } from '../measure.ts';
import { isRelevant, relevantCount } from './graded.ts';

export const averagePrecision: Measure = {
  name: 'AP',
  description: 'sum of the precisions at the relevant answers (among the first K), divided by the number relevant',
  source: 'trec_eval map and map_cut',
  cutoff: 'optional',
  task: 'retrieval',
  compute(query, cutoff) {
    const relevant = relevantCount(query);
    if (relevant === 0) return 0;
    const depth = cutoff ?? Number.POSITIVE_INFINITY;
    let [rank, found, sum] = [0, 0, 0];
    for (const document of query.ranking) {
      if (++rank > depth) break;
      if (!isRelevant(query, document)) continue;
      found++;
      sum += found / rank;
    }
    return sum / relevant;
  },
};
