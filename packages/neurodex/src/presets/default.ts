import type { Config } from '../config.ts';
import { joint } from './joint.ts';

/**
 * What a newcomer gets: a network that learns to see for some minutes, however many pictures there are, and a memory that is
 * written. Identifiers are paths in a tree of the network's own states.
 */
export const standard: Config = {
  ...joint,
  identifiers: { ...joint.identifiers, scheme: 'semantic', vectors: 'network', branching: 32, leafSize: 32 },
  // 48 / 12 = 4 patches on an edge, P = 16: the stem sees the details, and a step takes half the time that it takes with P = 36.
  model: { ...joint.model, patchSize: 12, width: 96, feedForwardWidth: 192, layers: 3, dropout: 0.1 },
  training: { ...joint.training, plan: 'write' },
  text: { ...joint.text, tokens: 32 },
  retrieval: { ...joint.retrieval, beam: 64 },
};
