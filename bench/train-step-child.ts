import { PRESETS } from '../packages/neurodex/src/presets/presets.ts';
import { trainOurs } from './our-training.ts';
import { noiseCatalogue } from './pictures.ts';

/** The memory of training: `train-step-child.ts` trains the seed's network as a run does, shortly. Prints one JSON object. */
const PICTURES = 96;
const EPOCHS = 7;

const { seed } = PRESETS;
const store = noiseCatalogue(PICTURES, seed.pictures.size);
const training = { ...seed.training, indexingEpochs: EPOCHS, retrievalEpochs: EPOCHS, validateEvery: 10 };
const { steps } = await trainOurs(store, { ...seed, training }, 1);
// Kilobytes on every platform since Node 14.
console.log(JSON.stringify({ steps, peakMiB: process.resourceUsage().maxRSS / 1024 }));
