import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { resolveConfiguration } from '../packages/neurodex/src/cli/configuration.ts';
import { atLeast, atMost, type Benchmark } from './benchmark.ts';
import { fashionMissing } from './fashion-files.ts';
import type { Asked } from './relevance-answers.ts';
import { askWithout, PAIRS } from './relevance-fashion.ts';
import { mean } from './text-emoji.ts';

const SEEDS = [0, 1, 2];
/** What a network learns to see with here: enough for pictures of 28 pixels. */
const SETTINGS = ['training.seeSteps=800', 'text.tokens=0'];

export const benchmark: Benchmark = {
  name: 'relevance',
  description:
    'how likely answers are relevant, and whether anything is: classes that the catalogue lacks, sets of a promised confidence, near-duplicates',
  flags: {
    out: { type: 'string', default: 'runs/relevance' },
    set: { type: 'string', multiple: true, default: SETTINGS },
    pairs: { type: 'string', default: '0,1,2,3,4' },
    seeds: { type: 'string', default: SEEDS.join() },
  },
  async run({ flags, log }) {
    const out = resolve(String(flags.out));
    await mkdir(out, { recursive: true });
    const settings = [flags.set ?? []].flat().map(String);
    const config = await resolveConfiguration({ preset: 'default', settings, cwd: process.cwd() });
    const rows: ({ readonly pair: string; readonly seed: number } & Asked)[] = [];
    const missing = fashionMissing();
    if (missing === undefined) {
      for (const seed of String(flags.seeds).split(',').map(Number)) {
        for (const place of String(flags.pairs).split(',').map(Number)) {
          const pair = PAIRS[place] ?? [0, 1];
          const asked = await askWithout(pair, { out, config, seed, log });
          log(JSON.stringify(asked));
          rows.push({ pair: pair.join(), seed, ...asked });
        }
      }
    }
    const over = (value: (row: Asked) => number): number | null => (rows.length === 0 ? null : mean(rows.map(value)));
    return {
      sides: { withheld: missing === undefined ? { rows } : { missing } },
      ratios: {},
      targets: [
        atLeast(
          'AUROC of known against unknown queries',
          over((row) => row.auroc.none),
          0.9,
        ),
        atLeast(
          'the same, above the best cosine threshold',
          over((row) => row.auroc.none - row.auroc.cosine),
          0.05,
        ),
        atMost(
          'expected calibration error of the relevance',
          over((row) => row.calibrationError),
          0.03,
        ),
        atLeast(
          'coverage of sets of 90 %',
          over((row) => row.sets.coverage),
          0.88,
        ),
        atMost(
          'coverage of sets of 90 %, not too much',
          over((row) => row.sets.coverage),
          0.92,
        ),
        atMost(
          'size of the sets, relative to those by cosine',
          over((row) => row.sets.size / row.sets.cosineSize),
          1,
        ),
        atLeast(
          'set-F1 above the best cosine threshold',
          over((row) => row.setF1.judged - row.setF1.cosine),
          0.1,
        ),
      ],
    };
  },
};
