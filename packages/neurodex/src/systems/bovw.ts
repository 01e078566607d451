import { BOVW_COLUMN } from './columns.ts';
import type { SystemDeclaration } from './declaration.ts';

export const bovw: SystemDeclaration = {
  summary: 'a bag of visual words: SIFT, k-means, cosine',
  score: 'cosine of the weighted histograms, 0 … 1; −1 for a picture without a keypoint',
  accepts: () => ['picture'],
  needs: 'vocabulary',
  column: { name: BOVW_COLUMN, maker: async (context) => (await import('./open-bovw.ts')).histogramMaker(context) },
  isStored: (manifest) => manifest.bovw !== undefined,
  // What sees keypoints is loaded where it is used.
  open: async (context) => (await import('./open-bovw.ts')).openBovw(context),
};
