import { resolve } from 'node:path';
import type { Benchmark, Side, Target } from './benchmark.ts';
import { KeptResults } from './kept-results.ts';
import { comparisonOf, type MeasuredRows } from './leaderboard-comparison.ts';
import { RECIPES, type RecipeName } from './leaderboard-recipes.ts';
import { hasPeer, type PeerRow, type Row, Rows } from './leaderboard-rows.ts';
import { openSet, SETS } from './leaderboard-sets.ts';
import { stageSeconds } from './leaderboard-stages.ts';
import { peakMatrixProduct } from './peak.ts';
import { findPython, PYTORCH } from './python.ts';

export const benchmark: Benchmark = {
  name: 'leaderboard',
  description: 'seconds from pictures to a fixed quality, one row for each change of how the network learns to see',
  flags: {
    sets: { type: 'string', default: Object.keys(SETS).join(',') },
    rows: { type: 'string', default: Object.keys(RECIPES).join(',') },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '1' },
    // So many of each row, for a short try that compares the seconds of a step; 0: all.
    steps: { type: 'string', default: '0' },
    // Of PyTorch (bench/see_training.py); the fastest by default.
    variant: { type: 'string' },
    // A checkout of the commit before, installed: its stages beside `see` count in the row `before`.
    before: { type: 'string' },
    out: { type: 'string', default: 'runs/leaderboard' },
  },
  async run({ flags, log }) {
    const names = keysOf(SETS, String(flags.sets), '--sets');
    const rows = keysOf(RECIPES, String(flags.rows), '--rows');
    const threads = Number(flags.threads);
    const out = resolve(String(flags.out));
    const most = Number(flags.steps);
    const peak = await peakMatrixProduct(threads);
    const python = await findPython(PYTORCH);
    const sides: Record<string, Side> = { seed: SEED };
    const [ratios, targets]: [Record<string, number | null>, Target[]] = [{}, []];
    for (const set of names) {
      const missing = SETS[set].missing();
      if (missing !== undefined) {
        sides[set] = { missing };
        continue;
      }
      const kept = new KeptResults(out, log);
      const before = flags.before === undefined ? undefined : String(flags.before);
      const stages = await stageSeconds(set, { folder: out, before, rounds: Number(flags.rounds), kept, log });
      const index = await openSet(set, out);
      const measuring = new Rows({
        set,
        store: index.store,
        threads,
        mostSteps: most === 0 ? undefined : most,
        kept,
        python,
        variant: flags.variant === undefined ? undefined : String(flags.variant),
        log,
      });
      try {
        const measured = await measureSet(measuring, { rows, rounds: Number(flags.rounds) });
        const found = await comparisonOf(set, index, measured, { peak, threads, stages });
        Object.assign(sides, found.sides);
        Object.assign(ratios, found.ratios);
        targets.push(...found.targets);
      } finally {
        await measuring.close();
        await index.close();
      }
    }
    return { sides, ratios, targets };
  },
};

/** The algorithm of the seed has another task. */
const SEED: Side = { missing: 'time-to-quality measures the algorithm of the seed' };

interface SetRun {
  readonly rows: readonly RecipeName[];
  readonly rounds: number;
}

/** The rows take turns, and our side and PyTorch do, so that other work on the machine affects all of them alike. */
async function measureSet(measuring: Rows, { rows, rounds }: SetRun): Promise<MeasuredRows> {
  const own = new Map<RecipeName, Row[]>();
  const peers = new Map<RecipeName, PeerRow[] | { readonly missing: string }>();
  for (let seed = 0; seed < rounds; seed++) {
    for (const row of rows) {
      own.set(row, [...(own.get(row) ?? []), await measuring.own(row, seed)]);
      if (!hasPeer(row)) continue;
      const before = peers.get(row) ?? [];
      if ('missing' in before) continue;
      const result = await measuring.peer(row, seed);
      peers.set(row, 'missing' in result ? result : [...before, result]);
    }
  }
  return { own, peers };
}

/** @throws Error that names what there is */
function keysOf<R extends object>(known: R, names: string, flag: string): Extract<keyof R, string>[] {
  return names.split(',').map((name) => {
    for (const key in known) if (key === name) return key;
    throw new Error(`${flag} ${name} is none of ${Object.keys(known).join(', ')}`);
  });
}
