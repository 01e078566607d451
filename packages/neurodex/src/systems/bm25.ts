import { Bm25System, NOTHING_SHARED } from './bm25-system.ts';
import type { SystemDeclaration } from './declaration.ts';

export const bm25: SystemDeclaration = {
  summary: 'words of captions, labels and file names, counted (BM25)',
  score: 'BM25; 0 for a picture that has none of the words',
  silentScore: NOTHING_SHARED,
  accepts: () => ['text'],
  needs: undefined,
  isImplied: true,
  column: undefined,
  isStored: () => true,
  open: async ({ artifact }) => new Bm25System(artifact.store, artifact.withholding),
};
