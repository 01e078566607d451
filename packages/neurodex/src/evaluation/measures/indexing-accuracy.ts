import type { Measure } from '../measure.ts';
import { firstRelevantRank, needed } from './graded.ts';

export const indexingAccuracy: Measure = {
  name: 'IA',
  description: 'share of catalogue pictures that are among the first K answers to themselves',
  source: 'Hits@K of the indexing task; Tay et al. 2022, "Transformer Memory as a Differentiable Search Index"',
  cutoff: 'required',
  task: 'indexing',
  saturates: true,
  compute: (query, cutoff) => (firstRelevantRank(query, needed(cutoff, 'IA')) === Number.POSITIVE_INFINITY ? 0 : 1),
};
