import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { elementCount, type Graph, matrixOperations, Random, trainingGraph } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { z } from 'zod';
import type { Config } from '../packages/neurodex/src/config.ts';
import { trainingStep } from '../packages/neurodex/src/dsi/graphs/training.ts';
import type { Index } from '../packages/neurodex/src/systems/open-index.ts';
import { ClassBatches } from '../packages/neurodex/src/training/class-batches.ts';
import { optimizerOf } from '../packages/neurodex/src/training/optimizer.ts';
import { trainingInput } from '../packages/neurodex/src/training/training-input.ts';
import { atLeast, atMost, type Benchmark, ratio, type Side, type Target } from './benchmark.ts';
import { KeptResults } from './kept-results.ts';
import { RECIPES, type Recipe, type RecipeName } from './leaderboard-recipes.ts';
import { configOf, openSet, SETS, type SetName } from './leaderboard-sets.ts';
import { seenSource, trainToQuality } from './leaderboard-training.ts';
import { peakMatrixProduct } from './peak.ts';
import { median } from './statistics.ts';

const LOOKS = 16;
/** A recipe that never has the quality stops at the end of its own steps. */
const rowSchema = z.object({
  reached: z.boolean(),
  steps: z.int(),
  /** Of training alone, without the looks, and of all threads together. */
  seconds: z.number(),
  cpuSeconds: z.number(),
  'AP@10': z.number(),
  'P@10': z.number(),
  'IA@1': z.number(),
  commit: z.string(),
});
type Row = z.infer<typeof rowSchema>;

/** IA@1 that every row has to have beside the AP@10 of its set. */
const INDEXED = 0.98;

export const benchmark: Benchmark = {
  name: 'leaderboard',
  description: 'seconds from pictures to a fixed quality, one row for each change of how the network learns to see',
  flags: {
    sets: { type: 'string', default: Object.keys(SETS).join(',') },
    rows: { type: 'string', default: Object.keys(RECIPES).join(',') },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '1' },
    out: { type: 'string', default: 'runs/leaderboard' },
  },
  async run({ flags, log }) {
    const names = keysOf(SETS, String(flags.sets), '--sets');
    const rows = keysOf(RECIPES, String(flags.rows), '--rows');
    const threads = Number(flags.threads);
    const out = resolve(String(flags.out));
    const peak = await peakMatrixProduct(threads);
    const sides: Record<string, Side> = { ...PEERS };
    const [ratios, targets]: [Record<string, number | null>, Target[]] = [{}, []];
    for (const set of names) {
      const missing = SETS[set].missing();
      if (missing !== undefined) {
        sides[set] = { missing };
        continue;
      }
      const index = await openSet(set, out);
      try {
        const measured = await measureSet(set, index, { rows, rounds: Number(flags.rounds), threads, out, log });
        const others = Object.entries(index.manifest.stages ?? {}).reduce(
          (sum, [stage, seconds]) => sum + (stage === 'see' ? 0 : seconds),
          0,
        );
        const figures = new Map<RecipeName, Figures>();
        for (const row of rows) {
          const found = metricsOf(measured.get(row) ?? [], await costOf(set, row, index), others, { peak, threads });
          figures.set(row, found);
          sides[`${set}, ${row}`] = { ...RECIPES[row], ...found };
        }
        compare(set, figures, ratios, targets);
      } finally {
        await index.close();
      }
    }
    return { sides, ratios, targets };
  },
};

/** Programs that would have to be there, and what there is of them. */
const PEERS: Readonly<Record<string, Side>> = {
  pytorch: { missing: 'the network that sees has no form in PyTorch yet: train-step compares the network of the seed' },
  seed: { missing: 'time-to-quality measures the algorithm of the seed' },
};

interface SetRun {
  readonly rows: readonly RecipeName[];
  readonly rounds: number;
  readonly threads: number;
  readonly out: string;
  log(message: string): void;
}

/** The rows take turns, so that other work on the machine affects all of them alike. */
async function measureSet(set: SetName, { store }: Index, { rows, rounds, threads, out, log }: SetRun) {
  const kept = new KeptResults(out, log);
  // Threads that wait for work would count as work.
  const runtime = nodeRuntime({ threads, spinning: false });
  const { quality } = SETS[set];
  const measured = new Map<RecipeName, Row[]>();
  for (let seed = 0; seed < rounds; seed++) {
    for (const row of rows) {
      const recipe: Recipe = RECIPES[row];
      const settings = { recipe: [recipe.patches, ...recipe.settings].join(' '), quality, threads };
      const result = await kept.of(`${set}-${row}-${seed}`, { schema: rowSchema, settings }, async () => {
        const config = await configOf(SETS[set], recipe);
        const enough = (metrics: Readonly<Record<string, number>>): boolean =>
          (metrics['AP@10'] ?? 0) >= quality && (metrics['IA@1'] ?? 0) >= INDEXED;
        const looks = await trainToQuality({ store, config, seed, runtime, looks: LOOKS, enough });
        const last = looks.at(-1);
        if (last === undefined) throw new RangeError('training ended without a look at the quality');
        const { step: steps, seconds, cpuSeconds, metrics } = last;
        const figure = (name: string): number => metrics[name] ?? NaN;
        const measures = { 'AP@10': figure('AP@10'), 'P@10': figure('P@10'), 'IA@1': figure('IA@1') };
        return { reached: enough(metrics), steps, seconds, cpuSeconds, ...measures, commit: commitOf() };
      });
      log(
        `  ${result.reached ? 'reached' : 'not reached'}: AP@10 ${result['AP@10'].toFixed(3)} after ${result.steps} steps, ${result.seconds.toFixed(1)} s`,
      );
      measured.set(row, [...(measured.get(row) ?? []), result]);
    }
  }
  return measured;
}

/** Of one step: what its graph computes and writes, the same on every machine. */
async function costOf(set: SetName, row: RecipeName, { store }: Index) {
  const config: Config = await configOf(SETS[set], RECIPES[row]);
  const { geometry, pictures } = seenSource(store, config);
  const input = trainingInput('pixels', { size: config.pictures.size, pixels: new Uint8Array() });
  const { objective, size: batch } = new ClassBatches({ geometry, input, config, pictures }, Random.seeded(0));
  const optimizer = optimizerOf(config.training);
  const graph = trainingGraph(trainingStep({ geometry, batch, objective, dropout: config.model.dropout, optimizer }));
  return { operations: matrixOperations(graph), bytes: bytesWritten(graph) };
}

/** Bytes of all values that a graph's operations make, before ONNX Runtime merges some of them. */
const bytesWritten = ({ nodes, types }: Graph): number =>
  nodes
    .flatMap(({ outputs }) => outputs)
    .reduce((sum, value) => {
      const type = types[value];
      return sum + (type === undefined ? 0 : elementCount(type.shape) * (type.dtype === 'uint8' ? 1 : 4));
    }, 0);

type Figures = ReturnType<typeof metricsOf>;

function metricsOf(
  runs: readonly Row[],
  { operations, bytes }: { readonly operations: number; readonly bytes: number },
  others: number,
  { peak, threads }: { readonly peak: number; readonly threads: number },
) {
  // Of the processor: other work on the machine stretches the other seconds.
  const perStep = median(runs.map(({ cpuSeconds, steps }) => cpuSeconds / steps / threads));
  return {
    reached: runs.every(({ reached }) => reached),
    /** Of the median round, the other stages of the build included. */
    seconds: others + median(runs.map(({ seconds }) => seconds)),
    trainingSeconds: median(runs.map(({ seconds }) => seconds)),
    cpuSeconds: median(runs.map(({ cpuSeconds }) => cpuSeconds)),
    steps: median(runs.map(({ steps }) => steps)),
    'AP@10': median(runs.map((run) => run['AP@10'])),
    'P@10': median(runs.map((run) => run['P@10'])),
    'IA@1': Math.min(...runs.map((run) => run['IA@1'])),
    megaflopsPerStep: operations / 1e6,
    megabytesPerStep: bytes / 1e6,
    /** Share of the rate of the largest matrix product here that the products of a step have. */
    shareOfPeak: operations / 1e9 / perStep / peak,
    commits: [...new Set(runs.map(({ commit }) => commit))],
  };
}

/** Whoever has not reached the quality took longer than is known: there is no ratio. */
function compare(
  set: SetName,
  figures: ReadonlyMap<RecipeName, Figures>,
  ratios: Record<string, number | null>,
  targets: Target[],
): void {
  const before = figures.get('before');
  const times = {
    'seconds from picture files to the quality': (found: Figures) => found.seconds,
    'processor seconds of training': (found: Figures) => found.cpuSeconds,
  };
  for (const [row, found] of figures) {
    if (row === 'before') continue;
    for (const [what, of] of Object.entries(times)) {
      const reached = (one: Figures | undefined): number | undefined => (one?.reached ? of(one) : undefined);
      ratios[`${what}, ${row} / before: ${set}`] = ratio(reached(found), reached(before));
    }
    const { status }: Recipe = RECIPES[row];
    if (status !== 'now') continue;
    const name = `seconds from picture files to the quality, ${row} / before: ${set}`;
    targets.push(
      atMost(name, ratios[name] ?? null, 0.5),
      atLeast(`share of the peak matrix product in a step: ${set}`, found.shareOfPeak, 0.6),
      atMost(`seconds / compiled PyTorch's with this recipe: ${set}`, null, 1),
      atMost(`seconds / compiled PyTorch's with the recipe before: ${set}`, null, 0.4),
    );
  }
}

function commitOf(): string {
  const git = (...argv: string[]) => execFileSync('git', argv, { encoding: 'utf8' }).trim();
  return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ' (changed)'}`;
}

/** @throws Error that names what there is */
function keysOf<R extends object>(known: R, names: string, flag: string): Extract<keyof R, string>[] {
  return names.split(',').map((name) => {
    for (const key in known) if (key === name) return key;
    throw new Error(`${flag} ${name} is none of ${Object.keys(known).join(', ')}`);
  });
}
