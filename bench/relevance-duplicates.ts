import { defined, NeurodexError, silentReporter } from '@neurodex/core';
import type { Dataset } from '@neurodex/datasets';
import { type FoundDuplicates, findDuplicates } from '../packages/neurodex/src/jobs/find-duplicates.ts';
import { PRESETS } from '../packages/neurodex/src/presets/presets.ts';
import { atLeast, atMost, type Outcome } from './benchmark.ts';
import { fashionMnist, type PlantedPictures, plantedPictures } from './relevance-planted.ts';

const SEEDS = [1, 2, 3];

/**
 * Recall and precision over the pairs of pictures that are found in one group, of 2,000 pictures with 400 planted duplicates, and the
 * seconds of the 60,000 training pictures of Fashion-MNIST, decoding included.
 * @param work folder for what is downloaded
 */
export async function duplicates(work: string, log: (line: string) => void): Promise<Outcome> {
  try {
    const runs = [];
    for (const seed of SEEDS) {
      const planted = await plantedPictures(work, seed);
      const { found, seconds } = await timed(planted.dataset, log);
      runs.push({ seed, sources: planted.sources, seconds, ...judged(planted, found) });
      log(`seed ${seed}: ${JSON.stringify(runs.at(-1))}`);
    }
    const many = await timed(await fashionMnist(), log);
    const { pictures, groups, duplicates: copies, kinds } = many.found;
    const fashion = { pictures, groups: groups.length, duplicates: copies, kinds, seconds: many.seconds };
    log(`Fashion-MNIST: ${JSON.stringify(fashion)}`);
    return {
      sides: { planted: { runs }, fashion },
      ratios: {},
      targets: [
        atLeast('recall of planted duplicates, over pairs', Math.min(...runs.map(({ recall }) => recall)), 0.98),
        atLeast('precision of the pairs that are found', Math.min(...runs.map(({ precision }) => precision)), 0.99),
        atMost('seconds for 60,000 pictures', many.seconds, 180),
      ],
    };
  } catch (error) {
    if (!(error instanceof NeurodexError)) throw error;
    return { sides: { planted: { missing: error.message } }, ratios: {}, targets: [] };
  }
}

async function timed(
  dataset: Dataset,
  log: (line: string) => void,
): Promise<{ found: FoundDuplicates; seconds: number }> {
  const began = performance.now();
  const found = await findDuplicates({
    path: '/no such index',
    open: async () => ({ dataset, config: PRESETS.default }),
    sourceFlags: [],
    reporter: {
      ...silentReporter,
      progress: ({ phase, done, total = 1 }) => {
        if (done % Math.ceil(total / 5) === 0) log(`${phase} ${done} of ${total}`);
      },
    },
  });
  return { found, seconds: (performance.now() - began) / 1000 };
}

/** Pairs of one group against pairs of one original: two duplicates of one picture would be a pair as well, and there are none. */
function judged({ planted }: PlantedPictures, { groups }: FoundDuplicates) {
  const original = (path: string): string => planted.get(path)?.of ?? path;
  const missed = new Map<string, number>();
  const together = new Map(groups.flatMap(({ best, members }) => members.map(({ path }) => [path, best] as const)));
  for (const [path, { of, by }] of planted) {
    const best = together.get(path);
    if (best === undefined || best !== together.get(of)) missed.set(by, (missed.get(by) ?? 0) + 1);
  }
  let [pairs, right] = [0, 0];
  for (const { members } of groups) {
    for (let i = 0; i < members.length; i++) {
      for (let j = 0; j < i; j++) {
        const [a, b] = [defined(members[i], 'a member').path, defined(members[j], 'a member').path];
        pairs++;
        if (original(a) === original(b)) right++;
      }
    }
  }
  const lost = [...missed.values()].reduce((sum, n) => sum + n, 0);
  return {
    recall: 1 - lost / planted.size,
    precision: pairs === 0 ? 1 : right / pairs,
    pairs,
    missed: Object.fromEntries(missed),
  };
}
