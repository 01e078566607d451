import type { Measure } from '../measure.ts';
import { needed, relevantCount, relevantWithin } from './graded.ts';

export const recall: Measure = {
  name: 'R',
  description: 'share of the relevant pictures that are among the first K answers',
  source: 'trec_eval recall',
  cutoff: 'required',
  task: 'retrieval',
  saturates: true,
  compute(query, cutoff) {
    const relevant = relevantCount(query);
    return relevant === 0 ? 0 : relevantWithin(query, needed(cutoff, 'R')) / relevant;
  },
};
