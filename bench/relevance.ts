import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { resolveConfiguration } from '../packages/neurodex/src/cli/configuration.ts';
import { atLeast, atMost, type Benchmark, type Outcome, type Target } from './benchmark.ts';
import { fashionMissing } from './fashion-files.ts';
import type { Asked } from './relevance-answers.ts';
import { duplicates } from './relevance-duplicates.ts';
import { askUnknownConcepts } from './relevance-emoji.ts';
import { askWithout, PAIRS } from './relevance-fashion.ts';
import { mean } from './text-emoji.ts';

const SEEDS = [0, 1, 2];
/** What a network learns to see with here: enough for pictures of 28 pixels. */
const SETTINGS = ['training.seeSteps=800', 'text.tokens=0'];
const PARTS = ['withheld', 'emoji', 'duplicates'] as const;
type Part = (typeof PARTS)[number];

/** An index, and what was measured of it. */
type Row = { readonly seed: number; readonly pair?: string } & Asked;

export const benchmark: Benchmark = {
  name: 'relevance',
  description:
    'how likely answers are relevant, and whether anything is: classes that the catalogue lacks, sets of a promised confidence, near-duplicates',
  flags: {
    out: { type: 'string', default: 'runs/relevance' },
    set: { type: 'string', multiple: true, default: SETTINGS },
    only: { type: 'string', multiple: true, default: [...PARTS] },
    seeds: { type: 'string', default: SEEDS.join() },
  },
  async run({ flags, log }) {
    const out = resolve(String(flags.out));
    await mkdir(out, { recursive: true });
    const settings = [flags.set ?? []].flat().map(String);
    const asked = [flags.only ?? []].flat().map(String);
    const isAsked = (part: Part): boolean => asked.includes(part);
    const seeds = String(flags.seeds).split(',').map(Number);
    const config = await resolveConfiguration({ preset: 'default', settings, cwd: process.cwd() });
    const demo = await resolveConfiguration({ preset: 'demo', settings: ['text.tokens=0'], cwd: process.cwd() });
    const rows: Row[] = [];
    const missing = fashionMissing();
    for (const seed of isAsked('withheld') && missing === undefined ? seeds : []) {
      for (const pair of PAIRS) {
        rows.push({ seed, pair: pair.join(), ...(await askWithout(pair, { out, config, seed, log })) });
        log(JSON.stringify(rows.at(-1)));
      }
    }
    const emoji: Row[] = [];
    for (const seed of isAsked('emoji') ? seeds : []) {
      emoji.push({ seed, ...(await askUnknownConcepts(out, demo, seed, log)) });
      log(JSON.stringify(emoji.at(-1)));
    }
    const none: Outcome = { sides: {}, ratios: {}, targets: [] };
    const copies = isAsked('duplicates') ? await duplicates(out, log) : none;
    return {
      sides: { withheld: missing === undefined ? { rows } : { missing }, emoji: { rows: emoji }, ...copies.sides },
      ratios: copies.ratios,
      targets: [...targetsOf(rows, emoji), ...copies.targets],
    };
  },
};

function targetsOf(rows: readonly Row[], emoji: readonly Row[]): Target[] {
  const over = (value: (row: Row) => number, of = rows) => (of.length === 0 ? null : mean(of.map(value)));
  return [
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
    atLeast(
      'coverage of the sets of 90 % that a search gives',
      over((row) => row.promised.coverage),
      0.88,
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
    atLeast(
      'AUROC of emoji by an unseen artist',
      over((row) => row.auroc.none, emoji),
      0.85,
    ),
  ];
}
