import type { Config } from '../config.ts';
import { joint } from './joint.ts';

/**
 * What a newcomer gets: a network that learns to see for some minutes, however many pictures there are, and a memory that is
 * written. Identifiers are paths in a tree of the network's own states.
 */
export const standard: Config = {
  ...joint,
  // The network learns from the catalogue: queries are only kept back to choose, calibrate and measure with.
  split: { retrievalFraction: 0.1, validationFraction: 0.4, testFraction: 0.6 },
  identifiers: { ...joint.identifiers, scheme: 'semantic', vectors: 'network', branching: 32, leafSize: 32 },
  // 48 / 24 = 2 patches on an edge, P = 4: small windows see the details, and few patches are learned in fewer and cheaper steps.
  model: {
    ...joint.model,
    patchSize: 24,
    // Without the convolution a step takes two thirds of the time, and teaches nearly as much.
    stem: 'windows',
    windows: 4,
    width: 96,
    feedForwardWidth: 192,
    layers: 3,
    dropout: 0.1,
  },
  training: {
    ...joint.training,
    plan: 'write',
    seeSteps: 3000, // 384,000 pictures
    seeEpochs: 80,
    batchSize: 128,
    optimizer: 'muon',
    learningRate: 3e-3,
  },
  text: { ...joint.text, tokens: 32 },
  retrieval: { ...joint.retrieval, beam: 64 },
};
