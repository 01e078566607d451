import type { Measure } from '../measure.ts';
import { firstRelevantRank, needed } from './graded.ts';

export const success: Measure = {
  name: 'Success',
  description: 'share of queries with a relevant picture among the first K answers',
  source: 'trec_eval success',
  cutoff: 'required',
  task: 'retrieval',
  saturates: true,
  compute: (query, cutoff) =>
    firstRelevantRank(query, needed(cutoff, 'Success')) === Number.POSITIVE_INFINITY ? 0 : 1,
};
