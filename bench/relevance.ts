import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { NeurodexError, silentReporter } from '@neurodex/core';
import { resolveConfiguration } from '../packages/neurodex/src/cli/configuration.ts';
import { atLeast, atMost, type Benchmark, type Outcome, type Target } from './benchmark.ts';
import { fashionMissing } from './fashion-files.ts';
import { minilmFolder } from './minilm.ts';
import type { Asked } from './relevance-answers.ts';
import { duplicates } from './relevance-duplicates.ts';
import { askUnknownConcepts } from './relevance-emoji.ts';
import { askWithout, PAIRS } from './relevance-fashion.ts';
import { askWords, TOLD, type ToldBy, type WordRow } from './relevance-words.ts';
import { mean } from './text-emoji.ts';

const SEEDS = [0, 1, 2];
/** What a network learns to see with here: enough for pictures of 28 pixels. */
const SETTINGS = ['training.seeSteps=800', 'text.tokens=0'];
/** And to read with: what words it learns, a caption says little of. */
const WORD_SETTINGS = ['training.seeSteps=300', 'text.steps=1200'];
const PARTS = ['withheld', 'emoji', 'duplicates', 'words'] as const;
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
    const words = isAsked('words') ? await askedWords(out, seeds, log) : [];
    const none: Outcome = { sides: {}, ratios: {}, targets: [] };
    const copies = isAsked('duplicates') ? await duplicates(out, log) : none;
    return {
      sides: {
        withheld: missing === undefined ? { rows } : { missing },
        emoji: { rows: emoji },
        words: { rows: words },
        ...copies.sides,
      },
      ratios: copies.ratios,
      targets: [...targetsOf(rows, emoji), ...wordTargets(words), ...copies.targets],
    };
  },
};

/** Every seed once; the first one also without labels, and behind a frozen sentence encoder where it can be had. */
async function askedWords(
  out: string,
  seeds: readonly number[],
  log: (line: string) => void,
): Promise<readonly (WordRow | Missing)[]> {
  const config = await resolveConfiguration({ preset: 'demo', settings: WORD_SETTINGS, cwd: process.cwd() });
  const rows: (WordRow | Missing)[] = [];
  const ask = async (options: Pick<Parameters<typeof askWords>[0], 'seed' | 'told' | 'encoder'>) => {
    rows.push(await orMissing(() => askWords({ out, config, log, ...options })));
    log(JSON.stringify(rows.at(-1)));
  };
  for (const seed of seeds) await ask({ seed, told: 'labels' });
  const [seed = 0] = seeds;
  await ask({ seed, told: 'captions' });
  const minilm = await orMissing(async () => ({
    folder: await minilmFolder({ ...silentReporter, info: log }),
    name: 'all-MiniLM-L6-v2',
  }));
  if ('missing' in minilm) rows.push(minilm);
  else await ask({ seed, told: 'labels', encoder: minilm });
  return rows;
}

interface Missing {
  readonly missing: string;
}

async function orMissing<T>(work: () => Promise<T>): Promise<T | Missing> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NeurodexError) return { missing: error.message };
    throw error;
  }
}

function wordTargets(rows: readonly (WordRow | Missing)[]): Target[] {
  const found = rows.flatMap((row) => ('missing' in row ? [] : [row]));
  const over = (told: ToldBy, value: (row: WordRow) => number) => {
    const values = found.filter((row) => row.told === told).map(value);
    return values.length === 0 ? null : mean(values);
  };
  return TOLD.flatMap((told) =>
    (['dsi', 'bm25'] as const).flatMap((name) => {
      const of = `${name} for words, pictures with ${told === 'labels' ? 'labels' : 'captions alone'}`;
      const covered = over(told, (row) => row[name].coverage);
      return [
        atMost(
          `expected calibration error of ${of}`,
          over(told, (row) => row[name].calibrationError),
          0.05,
        ),
        atLeast(`coverage of sets of 90 % of ${of}`, covered, 0.88),
        atMost(`the same of ${of}, not too much`, covered, 0.92),
      ];
    }),
  );
}

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
