import type { Measure } from '../measure.ts';
import { relevantCount, relevantWithin } from './graded.ts';

export const rPrecision: Measure = {
  name: 'Rprec',
  description: 'precision at the number of relevant pictures',
  source: 'trec_eval Rprec',
  cutoff: 'none',
  task: 'retrieval',
  compute(query) {
    const relevant = relevantCount(query);
    return relevant === 0 ? 0 : relevantWithin(query, relevant) / relevant;
  },
};
