import type { Checkpoint } from './checkpoint.ts';

/** Words of a random state, from the smallest to the largest. */
export const words = [0, 1, 0xffffffff, 4];

/** A checkpoint of two parameters, early in a phase. */
export const smallCheckpoint = (step: number): Checkpoint => ({
  phase: 'joint',
  phaseStep: step,
  state: { vectors: { parameters: Float32Array.of(step, 0.5) }, step, optimizerStep: step, noise: words },
  batches: {
    random: words,
    samplers: {
      indexing: { shuffledWith: words, left: 3 },
      queries: { shuffledWith: [], left: 0 },
      selfQueries: { shuffledWith: [], left: 0 },
    },
  },
  waited: 0,
  validated: {},
  validatedAt: 0,
  skipped: { all: 0, stretch: 0 },
});
