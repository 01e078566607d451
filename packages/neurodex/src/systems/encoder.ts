import { ENCODER_COLUMN } from './columns.ts';
import type { SystemDeclaration } from './declaration.ts';

export const encoder: SystemDeclaration = {
  summary: 'nearest embeddings of an image encoder',
  score: 'cosine of the pooled embeddings, −1 … 1',
  accepts: () => ['picture'],
  needs: 'encoder',
  column: {
    name: ENCODER_COLUMN,
    maker: async (context) => (await import('./open-encoder.ts')).embeddingMaker(context),
  },
  isStored: (manifest) => manifest.encoder !== undefined,
  // What runs a network of others is loaded where it is used.
  open: async (context) => (await import('./open-encoder.ts')).openEncoder(context),
};
