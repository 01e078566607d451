import type { Measure } from '../measure.ts';
import { firstRelevantRank } from './graded.ts';

export const reciprocalRank: Measure = {
  name: 'RR',
  description: 'one over the rank of the first relevant answer (among the first K), 0 when there is none',
  source: 'trec_eval recip_rank',
  cutoff: 'optional',
  task: 'retrieval',
  compute: (query, cutoff) => 1 / firstRelevantRank(query, cutoff),
};
