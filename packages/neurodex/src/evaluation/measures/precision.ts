import type { Measure } from '../measure.ts';
import { needed, relevantWithin } from './graded.ts';

export const precision: Measure = {
  name: 'P',
  description: 'share of the first K answers that are relevant; places left empty count as not relevant',
  source: 'trec_eval P',
  cutoff: 'required',
  task: 'retrieval',
  saturates: true,
  compute(query, cutoff) {
    const depth = needed(cutoff, 'P');
    return relevantWithin(query, depth) / depth;
  },
};
