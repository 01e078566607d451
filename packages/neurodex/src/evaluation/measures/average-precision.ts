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
    const end = Math.min(cutoff ?? Number.POSITIVE_INFINITY, query.ranking.length);
    let found = 0;
    let sum = 0;
    for (let i = 0; i < end; i++) {
      if (!isRelevant(query, query.ranking[i] as string)) continue;
      found++;
      sum += found / (i + 1);
    }
    return sum / relevant;
  },
};
