import type { Config } from '../config.ts';
import { joint } from './joint.ts';

/** A quick first look: small pictures, a small network, few passes. */
export const quick: Config = {
  ...joint,
  pictures: { ...joint.pictures, size: 32 },
  model: { ...joint.model, width: 64, feedForwardWidth: 128, heads: 2, layers: 2 },
  training: {
    ...joint.training,
    batchSize: 32,
    indexingEpochs: 60,
    learningRate: 2e-3,
    validateEvery: 100,
    checkpointEvery: 100,
  },
};
