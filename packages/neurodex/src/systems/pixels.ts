import { pictureBytes } from '@neurodex/datasets/picture';
import type { SystemDeclaration } from './declaration.ts';
import { PixelsSystem } from './pixels-system.ts';

export const pixels: SystemDeclaration = {
  summary: 'nearest pixel values, the simplest baseline',
  score: 'cosine of the pixel values, 0 … 1',
  accepts: () => ['picture'],
  needs: undefined,
  column: undefined,
  comparedBytes: ({ rows, size }) => rows.length * pictureBytes(size),
  isStored: () => true,
  open: async ({ artifact }) => new PixelsSystem(artifact.store),
};
