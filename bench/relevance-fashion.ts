import { join } from 'node:path';
import { nodeRuntime } from '@neurodex/autograd/node';
import { defined, silentReporter } from '@neurodex/core';
import { FASHION_MNIST_CLASSES, openFolder } from '@neurodex/datasets';
import type { Config } from '../packages/neurodex/src/config.ts';
import { createIndex } from '../packages/neurodex/src/jobs/create-index.ts';
import { openIndex } from '../packages/neurodex/src/systems/open-index.ts';
import { type Counts, fashionSplits } from './fashion-files.ts';
import { type Asked, askIndex } from './relevance-answers.ts';

/** Classes that are next to each other in the list of the data set: nobody chose them. */
export const PAIRS: readonly (readonly [number, number])[] = [
  [0, 1],
  [2, 3],
  [4, 5],
  [6, 7],
  [8, 9],
];

/** Pictures of each class. */
const COUNTS: Counts = { catalogue: 250, train: 250, validation: 125, test: 300 };

/**
 * Fashion-MNIST without two of its classes: nothing of them is in the catalogue, in training or in what the answers are calibrated by.
 * They are asked like the others.
 */
export async function askWithout(
  pair: readonly [number, number],
  { out, config, seed, log }: { out: string; config: Config; seed: number; log: (line: string) => void },
): Promise<Asked> {
  const folder = join(out, `fashion-without-${pair.join('-')}`);
  await fashionSplits(folder, COUNTS, pair);
  const index = join(out, 'index');
  await createIndex({
    dataset: await openFolder(join(folder, 'pictures')),
    out: index,
    config,
    systems: ['dsi'],
    seed,
    force: true,
    device: 'cpu',
    reporter: silentReporter,
  });
  const names = pair.map((c) => defined(FASHION_MNIST_CLASSES[c], 'a class')).join(' and ');
  log(`seed ${seed}, without ${names}: built`);
  const opened = await openIndex(index, nodeRuntime());
  try {
    return await askIndex(opened);
  } finally {
    await opened.close();
  }
}
