import type { Config } from '../config.ts';
import { standard } from './default.ts';

/**
 * The demo on emoji: the default network, and augmentation strong enough to bridge from artist to artist. A drawing may
 * be mirrored, turned a little and recoloured and still be the same thing.
 */
export const demo: Config = {
  ...standard,
  model: { ...standard.model, width: 128, feedForwardWidth: 256 },
  // Few pictures, and pictures of other artists that have to be found: more passes help.
  training: { ...standard.training, seeEpochs: 140 },
  // Some hundred labels: many small steps read better than few large ones, in half the time.
  text: { ...standard.text, batchSize: 32, epochs: 15, learningRate: 8e-3 },
  augmentation: { ...standard.augmentation, scale: 0.3, colour: 0.5, hue: 30 },
};
