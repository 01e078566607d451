import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { nodeRuntime } from '@neurodex/autograd/node';
import { type Reporter, silentReporter } from '@neurodex/core';
import { writeFileAtomically } from '@neurodex/core/storage';
import { z } from 'zod';
import type { Config } from '../packages/neurodex/src/config.ts';
import { evaluateInFull } from '../packages/neurodex/src/evaluation/compare.ts';
import { testPairs } from '../packages/neurodex/src/evaluation/pairwise.ts';
import { queriesOf } from '../packages/neurodex/src/evaluation/queries.ts';
import { parseMeasure } from '../packages/neurodex/src/evaluation/registry.ts';
import { createIndex } from '../packages/neurodex/src/jobs/create-index.ts';
import { openIndex } from '../packages/neurodex/src/systems/open-index.ts';
import { atLeast, type Benchmark, type Target } from './benchmark.ts';
import { Classifiers } from './classifier.ts';
import { EmbeddingSystem } from './embedding-system.ts';
import { type Cell, cellFolder, cellName, IDENTIFIERS, openCell, PICTURES } from './quality-cells.ts';

const MEASURES = ['IA@1', 'IA@5', 'P@10', 'AP@10', 'Success@1', 'R@100'] as const;

const resultSchema = z.object({
  N: z.int(),
  queries: z.int(),
  steps: z.int(),
  /** Training and building. */
  seconds: z.number(),
  metrics: z.record(z.string(), z.record(z.string(), z.number()).readonly()).readonly(),
  intervals: z
    .record(z.string(), z.record(z.string(), z.tuple([z.number(), z.number()]).readonly()).readonly())
    .readonly(),
  /** p of the paired randomisation test of the DSI against each baseline, by measure, and who is ahead. */
  tests: z.record(z.string(), z.record(z.string(), z.object({ difference: z.number(), p: z.number() }))),
});
type Result = z.infer<typeof resultSchema>;

export const benchmark: Benchmark = {
  name: 'quality',
  description:
    'how well the DSI indexes and retrieves, beside bags of visual words, pixels, its own embeddings and a classifier',
  flags: {
    pictures: { type: 'string', default: 'fashion-mnist' },
    sizes: { type: 'string' },
    identifiers: { type: 'string', default: 'clustered,random' },
    seeds: { type: 'string', default: '0' },
    photographs: { type: 'string' },
    out: { type: 'string', default: 'runs/quality' },
    set: { type: 'string', multiple: true, default: [] },
    'no-references': { type: 'boolean', default: false },
  },
  async run({ flags, log }) {
    const pictures = keyOf(PICTURES, String(flags.pictures), '--pictures');
    const sizes = flags.sizes === undefined ? PICTURES[pictures].sizes : list(flags.sizes).map(Number);
    const identifiers = list(flags.identifiers).map((name) => keyOf(IDENTIFIERS, name, '--identifiers'));
    const cells = list(flags.seeds).flatMap((seed) =>
      sizes.flatMap((size) =>
        identifiers.map((kind): Cell => ({ pictures, size, identifiers: kind, seed: Number(seed) })),
      ),
    );
    const out = resolve(String(flags.out));
    const results = new Map<Cell, Result>();
    const classifiers = new Classifiers();
    for (const [i, cell] of cells.entries()) {
      log(`${cellName(cell)} (${i + 1} of ${cells.length})`);
      const result = await measureCell(cell, {
        folder: join(out, cellFolder(cell)),
        settings: [flags.set ?? []].flat().map(String),
        photographs: flags.photographs === undefined ? undefined : String(flags.photographs),
        classifiers: flags['no-references'] === true ? undefined : classifiers,
        log,
      });
      log(`  ${summary(result)}`);
      results.set(cell, result);
    }
    await classifiers.close();
    return {
      sides: Object.fromEntries([...results].map(([cell, result]) => [cellName(cell), result])),
      ratios: Object.fromEntries([...results].flatMap(([cell, result]) => ratiosOf(cell, result))),
      targets: [...[...results].flatMap(([cell, result]) => targetsOf(cell, result)), ...orderTargets(results)],
    };
  },
};

interface CellOptions {
  readonly folder: string;
  readonly settings: readonly string[];
  readonly photographs: string | undefined;
  /** undefined: the references are left out. */
  readonly classifiers: Classifiers | undefined;
  log(message: string): void;
}

/** The result of a cell: read where it is there already, so that the same command goes on where it stopped. */
async function measureCell(cell: Cell, options: CellOptions): Promise<Result> {
  const { folder, settings, photographs, classifiers, log } = options;
  const file = join(folder, 'result.json');
  const config = JSON.stringify({ settings, references: classifiers !== undefined });
  const known = existsSync(file) ? JSON.parse(await readFile(file, 'utf8')) : undefined;
  if (known?.config === config) return resultSchema.parse(known.result);
  await mkdir(folder, { recursive: true });
  const opened = await openCell(cell, { folder, photographs, settings, reporter: silentReporter });
  const index = join(folder, 'index');
  const { steps, seconds } = await createIndex({
    ...opened,
    out: index,
    seed: cell.seed,
    force: known !== undefined,
    resume: known === undefined,
    device: 'cpu',
    reporter: reporterOf(log),
  });
  const result = { ...(await evaluate(cell, index, opened.config, classifiers)), steps, seconds };
  await writeFileAtomically(file, `${JSON.stringify({ config, result }, null, 2)}\n`);
  return result;
}

async function evaluate(
  cell: Cell,
  folder: string,
  config: Config,
  classifiers: Classifiers | undefined,
): Promise<Omit<Result, 'steps' | 'seconds'>> {
  const runtime = nodeRuntime();
  const index = await openIndex(folder, runtime);
  const { store, manifest } = index;
  try {
    const systems = await Promise.all(index.systems.map((name) => index.system(name)));
    if (classifiers !== undefined) {
      systems.push(await EmbeddingSystem.create(runtime, (await index.network()).model, store));
      const budget = { steps: manifest.training?.steps ?? 0, seed: cell.seed };
      if (cell.pictures === 'fashion-mnist') systems.push(await classifiers.of(cell, store, config, budget));
    }
    const { comparison, evaluations } = await evaluateInFull({
      systems,
      store,
      queries: queriesOf(store, 'test'),
      measures: MEASURES.map(parseMeasure),
    });
    const pairs = testPairs(evaluations, { seed: 0 }).filter(({ systems: [first] }) => first === 'dsi');
    const tests: Record<string, Record<string, { difference: number; p: number }>> = {};
    for (const {
      measure,
      systems: [, other],
      difference,
      p,
    } of pairs) {
      tests[other] = { ...tests[other], [measure]: { difference, p } };
    }
    return {
      N: comparison.catalogue,
      queries: comparison.queries,
      metrics: comparison.systems,
      intervals: comparison.intervals,
      tests,
    };
  } finally {
    await index.close();
  }
}

const figure = ({ metrics }: Result, system: string, measure: string): number | null =>
  metrics[system]?.[measure] ?? null;

function over(result: Result, measure: string, other: string): number | null {
  const [ours, theirs] = [figure(result, 'dsi', measure), figure(result, other, measure)];
  return ours === null || theirs === null || theirs === 0 ? null : ours / theirs;
}

const ratiosOf = (cell: Cell, result: Result) =>
  ['bovw', 'pixels', 'embedding', 'classifier'].flatMap((other) =>
    ['P@10', 'AP@10', 'Success@1'].map(
      (measure) => [`${measure} of dsi / ${other}: ${cellName(cell)}`, over(result, measure, other)] as const,
    ),
  );

function targetsOf(cell: Cell, result: Result): Target[] {
  const name = cellName(cell);
  const targets = [atLeast(`IA@1: ${name}`, figure(result, 'dsi', 'IA@1'), 0.98)];
  if (cell.pictures === 'fashion-mnist') {
    for (const measure of ['AP@10', 'P@10']) {
      targets.push(atLeast(`${measure} of dsi / bovw: ${name}`, over(result, measure, 'bovw'), 2));
      // Ahead, and not by chance: 1 − p of the paired randomisation test.
      const test = result.tests.pixels?.[measure];
      const sure = test === undefined ? null : test.difference > 0 ? 1 - test.p : 0;
      targets.push(atLeast(`certainty (1 − p) that ${measure} of dsi is above that of pixels: ${name}`, sure, 0.95));
    }
  } else {
    for (const other of ['bovw', 'pixels']) {
      targets.push(atLeast(`Success@1 of dsi / ${other}: ${name}`, over(result, 'Success@1', other), 1));
    }
  }
  return targets;
}

/** Random identifiers beside clustered ones of the same pictures and seed. */
function orderTargets(results: ReadonlyMap<Cell, Result>): Target[] {
  return [...results].flatMap(([cell, result]) => {
    if (cell.identifiers !== 'random') return [];
    const same = (other: Cell) => cellName({ ...other, identifiers: 'random' }) === cellName(cell);
    const clustered = [...results].find(([other]) => other.identifiers === 'clustered' && same(other))?.[1];
    if (clustered === undefined) return [];
    return ['P@10', 'AP@10'].map((measure) => {
      const [ours, theirs] = [figure(result, 'dsi', measure), figure(clustered, 'dsi', measure)];
      return atLeast(
        `${measure} with random / clustered identifiers: ${cellName(cell)}`,
        ours === null || theirs === null ? null : ours / theirs,
        0.95,
      );
    });
  });
}

const summary = ({ N, queries, seconds, metrics }: Result): string =>
  [
    `N ${N}, ${queries} queries, ${Math.round(seconds)} s`,
    ...Object.entries(metrics).map(
      ([system, of]) =>
        `${system} ${['IA@1', 'P@10', 'AP@10', 'Success@1'].flatMap((m) => (of[m] === undefined ? [] : `${m} ${of[m]?.toFixed(3)}`)).join(' ')}`,
    ),
  ].join('; ');

/** Progress as a line now and then. */
function reporterOf(log: (message: string) => void): Reporter {
  let last = performance.now();
  return {
    ...silentReporter,
    info: (message) => log(`  ${message}`),
    warn: (message) => log(`  ${message}`),
    progress({ phase, done, total, metrics }) {
      if (performance.now() - last < 30_000) return;
      last = performance.now();
      log(`  ${phase} ${done} of ${total} ${JSON.stringify(metrics ?? {})}`);
    },
  };
}

const list = (value: unknown): string[] => String(value).split(',');

function keyOf<R extends object>(known: R, name: string, flag: string): Extract<keyof R, string> {
  for (const key in known) if (key === name) return key;
  throw new Error(`${flag} ${name} is none of ${Object.keys(known).join(', ')}`);
}
