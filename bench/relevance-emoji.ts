import { join } from 'node:path';
import { Random } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { silentReporter } from '@neurodex/core';
import { type Dataset, openEmoji } from '@neurodex/datasets';
import type { Config } from '../packages/neurodex/src/config.ts';
import { createIndex } from '../packages/neurodex/src/jobs/create-index.ts';
import { openIndex } from '../packages/neurodex/src/systems/open-index.ts';
import { type Asked, askIndex } from './relevance-answers.ts';
import { allConcepts } from './text-emoji.ts';

/**
 * Emoji of two artists as the catalogue, asked with those of an artist that nothing was trained with. Half of the concepts, drawn at
 * random, are in no other part than the test queries.
 */
export async function askUnknownConcepts(
  out: string,
  config: Config,
  seed: number,
  log: (line: string) => void,
): Promise<Asked> {
  const concepts = Random.stream(seed, 'concepts').shuffled(await allConcepts());
  const known = new Set(concepts.slice(0, concepts.length / 2));
  const all = await openEmoji({ concepts: concepts.length, seed, reporter: silentReporter });
  const pictures = all.pictures.filter(({ labels, role }) => role === 'test' || known.has(labels[0] ?? ''));
  const dataset: Dataset = { ...all, pictures };
  const index = join(out, 'index');
  const options = { config, systems: ['dsi'], force: true, device: 'cpu', reporter: silentReporter } as const;
  await createIndex({ ...options, dataset, out: index, seed });
  log(`emoji, seed ${seed}: built`);
  const opened = await openIndex(index, nodeRuntime());
  try {
    return await askIndex(opened);
  } finally {
    await opened.close();
  }
}
