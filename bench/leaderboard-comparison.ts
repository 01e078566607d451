import { elementCount, type Graph, matrixOperations, Random, trainingGraph } from '@neurodex/autograd';
import type { Config } from '../packages/neurodex/src/config.ts';
import { trainingStep } from '../packages/neurodex/src/dsi/graphs/training.ts';
import type { Index } from '../packages/neurodex/src/systems/open-index.ts';
import { ClassBatches } from '../packages/neurodex/src/training/class-batches.ts';
import { optimizerOf } from '../packages/neurodex/src/training/optimizer.ts';
import { trainingInput } from '../packages/neurodex/src/training/training-input.ts';
import { atLeast, atMost, type Outcome, ratio, type Side, type Target } from './benchmark.ts';
import { RECIPES, type Recipe, type RecipeName } from './leaderboard-recipes.ts';
import { hasPeer, type PeerRow, type Row } from './leaderboard-rows.ts';
import { configOf, SETS, type SetName } from './leaderboard-sets.ts';
import type { StageSeconds } from './leaderboard-stages.ts';
import { seenSource } from './leaderboard-training.ts';
import { median } from './statistics.ts';

/** What all rounds of the rows of a set gave. */
export interface MeasuredRows {
  readonly own: ReadonlyMap<RecipeName, readonly Row[]>;
  /** Of the rows that PyTorch trains as well, or why it does not. */
  readonly peers: ReadonlyMap<RecipeName, readonly PeerRow[] | { readonly missing: string }>;
}

interface RunFacts {
  /** The fastest matrix product, in GFLOP/s. */
  readonly peak: number;
  readonly threads: number;
  readonly stages: StageSeconds;
}

/** Figures, ratios and targets of one set. */
export async function comparisonOf(
  set: SetName,
  index: Index,
  { own, peers }: MeasuredRows,
  run: RunFacts,
): Promise<Outcome> {
  const { stages } = run;
  const sides: Record<string, Side> = { [`${set}, the other stages`]: { ...stages } };
  const figures = new Map<string, Figures>();
  for (const [row, runs] of own) {
    const beside = RECIPES[row].status === 'before' ? stages.before : stages.now;
    const found = { ...metricsOf(runs, beside), ...shareOf(runs, await costOf(set, row, index), run) };
    figures.set(row, found);
    sides[`${set}, ${row}`] = { ...RECIPES[row], ...found };
  }
  for (const [row, runs] of peers) {
    const name = `pytorch, recipe ${row}`;
    if ('missing' in runs) {
      sides[`${set}, ${name}`] = runs;
      continue;
    }
    // PyTorch takes the place of the stage `see` alone: all else is our program as it is now.
    const found = metricsOf(runs, stages.now);
    figures.set(name, found);
    sides[`${set}, ${name}`] = { ...found, ...partsOf(runs) };
  }
  return { sides, ...compared(set, [...own.keys()], figures) };
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

export type Figures = ReturnType<typeof metricsOf>;

const metricsOf = (runs: readonly Row[], others: number) => ({
  reached: runs.every(({ reached }) => reached),
  /** Of the median round, the other stages of the build included. */
  seconds: others + median(runs.map(({ seconds }) => seconds)),
  trainingSeconds: median(runs.map(({ seconds }) => seconds)),
  cpuSeconds: median(runs.map(({ cpuSeconds }) => cpuSeconds)),
  steps: median(runs.map(({ steps }) => steps)),
  /** Loading of the batches included: other work on the machine changes these the least. */
  cpuSecondsPerStep: median(runs.map(({ cpuSeconds, steps }) => cpuSeconds / steps)),
  'AP@10': median(runs.map((run) => run['AP@10'])),
  'P@10': median(runs.map((run) => run['P@10'])),
  'IA@1': Math.min(...runs.map((run) => run['IA@1'])),
  commits: [...new Set(runs.map(({ commit }) => commit))],
});

const shareOf = (runs: readonly Row[], { operations, bytes }: Awaited<ReturnType<typeof costOf>>, of: RunFacts) => ({
  megaflopsPerStep: operations / 1e6,
  megabytesPerStep: bytes / 1e6,
  /** Share of the rate of the largest matrix product here that the products of a step have. */
  shareOfPeak:
    operations / 1e9 / median(runs.map(({ cpuSeconds, steps }) => cpuSeconds / steps / of.threads)) / of.peak,
});

/** What PyTorch's seconds consist of, and what computed them. */
const partsOf = (runs: readonly PeerRow[]) => ({
  /** Without loading and compiling. */
  secondsPerStep: median(runs.map(({ stepSeconds, steps }) => stepSeconds / steps)),
  stepCpuSecondsPerStep: median(runs.map(({ stepCpuSeconds, steps }) => stepCpuSeconds / steps)),
  /** Of our code, on one thread. */
  loadingSecondsPerStep: median(runs.map(({ loadingSeconds, steps }) => loadingSeconds / steps)),
  /** Of all forms that were tried; in no other figure. */
  compileSeconds: Math.max(...runs.map(({ compileSeconds }) => compileSeconds)),
  torch: [...new Set(runs.map(({ torch }) => torch))],
  variant: [...new Set(runs.map(({ variant }) => variant))],
  variants: runs[0]?.variants ?? [],
});

const TIMES = {
  'seconds from picture files to the quality': (found: Figures) => found.seconds,
  'processor seconds of training': (found: Figures) => found.cpuSeconds,
};

/**
 * Whoever has not reached the quality took longer than is known: there is no ratio.
 * @param figures of our rows by their names, and of `pytorch, recipe …`
 */
export function compared(
  set: SetName,
  rows: readonly RecipeName[],
  figures: ReadonlyMap<string, Figures & { readonly shareOfPeak?: number }>,
): Pick<Outcome, 'ratios' | 'targets'> {
  const ratios: Record<string, number | null> = {};
  const targets: Target[] = [];
  const [before, peerBefore] = [figures.get('before'), figures.get('pytorch, recipe before')];
  for (const row of rows) {
    const [found, peer] = [figures.get(row), figures.get(`pytorch, recipe ${row}`)];
    for (const [what, of] of Object.entries(TIMES)) {
      const reached = (one: Figures | undefined) => (one?.reached ? of(one) : undefined);
      if (row !== 'before') ratios[`${what}, ${row} / before: ${set}`] = ratio(reached(found), reached(before));
      if (!hasPeer(row)) continue;
      ratios[`${what}, ${row} / compiled PyTorch with this recipe: ${set}`] = ratio(reached(found), reached(peer));
      if (row === 'before') continue;
      const other = `${what}, ${row} / compiled PyTorch with the recipe before: ${set}`;
      ratios[other] = ratio(reached(found), reached(peerBefore));
    }
    if (hasPeer(row)) {
      const name = `processor seconds of a step, ${row} / compiled PyTorch with this recipe: ${set}`;
      ratios[name] = ratio(found?.cpuSecondsPerStep, peer?.cpuSecondsPerStep);
    }
    const { status }: Recipe = RECIPES[row];
    if (status !== 'now') continue;
    const value = (other: string): number | null =>
      ratios[`seconds from picture files to the quality, ${other}: ${set}`] ?? null;
    targets.push(
      atMost(`seconds from picture files to the quality, ${row} / before: ${set}`, value(`${row} / before`), 0.5),
      atLeast(`share of the peak matrix product in a step: ${set}`, found?.shareOfPeak ?? null, 0.6),
      atMost(
        `seconds to quality / compiled PyTorch with this recipe: ${set}`,
        value(`${row} / compiled PyTorch with this recipe`),
        1,
      ),
      atMost(
        `seconds to quality / compiled PyTorch with the recipe before: ${set}`,
        value(`${row} / compiled PyTorch with the recipe before`),
        0.4,
      ),
    );
  }
  return { ratios, targets };
}
