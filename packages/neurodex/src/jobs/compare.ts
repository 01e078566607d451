import type { Device } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import {
  type FailedInput,
  failedInput,
  NeurodexError,
  type Reporter,
  silentReporter,
  tooFewLeft,
  withFailed,
} from '@neurodex/core';
import { evaluateInFull } from '../evaluation/compare.ts';
import { LEVEL, type PairwiseTest, testPairs } from '../evaluation/pairwise.ts';
import { queriesOf } from '../evaluation/queries.ts';
import type { ParsedMeasure } from '../evaluation/registry.ts';
import { evaluateRuns } from '../evaluation/runs.ts';
import { type Asked, refuseDifferentQueries } from '../evaluation/same-queries.ts';
import { allIntervals, type Intervals, type Measured, type Metrics, metricsOf } from '../evaluation/summary.ts';
import type { SystemName } from '../query/system.ts';
import { type Index, openIndex } from '../systems/open-index.ts';
import { systemsFor } from '../systems/systems.ts';
import type { Split } from './evaluate-index.ts';
import { type NamedFile, readRuns, refuseTwice } from './evaluate-runs.ts';

/** Who is better on what. What `compare --json` prints. */
export interface Contest {
  readonly queries: number;
  readonly systems: Metrics;
  readonly intervals: Intervals;
  /** Level of the tests, after Holm's correction. */
  readonly level: number;
  readonly tests: readonly PairwiseTest[];
  /** Indexes and runs that cannot be compared, and why. */
  readonly failed?: readonly FailedInput[];
}

export interface CompareIndexesOptions {
  /** Folders, by the names under which they are printed. */
  readonly indexes: readonly NamedFile[];
  /** Of each index; all that a single index has, and `dsi` of several by default. */
  readonly systems?: readonly SystemName[];
  readonly split: Split;
  readonly measures?: readonly ParsedMeasure[];
  /** Of the intervals and the tests; 0 by default. */
  readonly seed?: number;
  readonly device: Device;
  readonly reporter: Reporter;
}

/**
 * Tests systems of one or several indexes against each other, on the same queries. An index that cannot be opened is in
 * `failed`, as long as two systems are left.
 * @throws NeurodexError of the indexes, `queries-differ`, `usage` where there are no two to compare
 */
export async function compareIndexes(options: CompareIndexesOptions): Promise<Contest> {
  const { indexes, split, measures, device, reporter, seed = 0 } = options;
  indexes.forEach(({ name }, i) => {
    refuseTwice(
      name,
      indexes.slice(0, i).some((other) => other.name === name),
    );
  });
  const failed: FailedInput[] = [];
  const opened: (Asked & { readonly index: Index })[] = [];
  try {
    for (const { name, path } of indexes) {
      try {
        const index = await openIndex(path, nodeRuntime({ device }), reporter);
        opened.push({ name, index, store: index.store, queries: queriesOf(index.store, split) });
      } catch (error) {
        failed.push(failedInput(name, error));
      }
    }
    const [first, ...others] = opened;
    // One index of several that were named is not compared with itself instead.
    if (first === undefined || (failed.length > 0 && others.length === 0)) throw tooFewLeft(failed);
    const systems =
      options.systems ?? (others.length === 0 ? systemsFor('picture', first.index.manifest) : (['dsi'] as const));
    if (indexes.length * systems.length < 2) throw nobodyElse(first.name, systems[0] ?? '');
    for (const other of others) refuseDifferentQueries(first, other);

    const measured: Measured[] = [];
    let queries = 0;
    for (const { name, index, store: catalogue, queries: asked } of opened) {
      const { comparison, evaluations } = await evaluateInFull({
        store: catalogue,
        queries: asked,
        systems: await Promise.all(systems.map((system) => index.system(system))),
        // The queries are the same, and so are the warnings about them.
        reporter:
          index === first.index ? reporter : { ...silentReporter, progress: (event) => reporter.progress(event) },
        ...(measures === undefined ? {} : { measures }),
      });
      queries = comparison.queries;
      measured.push(...evaluations.map((one) => ({ ...one, system: title(name, one.system, indexes, systems) })));
    }
    return contest(queries, measured, seed, reporter, failed);
  } finally {
    for (const { index } of opened) await index.close();
  }
}

export interface CompareRunsOptions {
  readonly qrels: NamedFile;
  readonly runs: readonly NamedFile[];
  readonly measures?: readonly ParsedMeasure[];
  readonly seed?: number;
  readonly reporter: Reporter;
}

/**
 * Tests TREC runs against each other; one that cannot be judged is in `failed`.
 * @throws NeurodexError as `judgeRuns`, `usage` for a single run
 */
export async function compareRuns({ qrels, runs, seed = 0, ...options }: CompareRunsOptions): Promise<Contest> {
  if (runs.length < 2) throw nobodyElse(runs[0]?.name ?? '', '');
  const { comparison, measured } = evaluateRuns({
    ...options,
    qrelsFile: qrels.name,
    ...(await readRuns(qrels, runs, options.reporter)),
  });
  if (measured.length < 2) throw tooFewLeft(comparison.failed ?? []);
  return contest(comparison.queries, measured, seed, options.reporter, comparison.failed ?? []);
}

const contest = (
  queries: number,
  measured: readonly Measured[],
  seed: number,
  reporter: Reporter,
  failed: readonly FailedInput[],
): Contest => ({
  queries,
  systems: metricsOf(measured),
  intervals: allIntervals(measured, seed),
  level: LEVEL,
  tests: testPairs(measured, { seed, reporter }),
  ...withFailed(failed),
});

/** As short as tells them apart: the system, the index, or both. */
function title(
  index: string,
  system: string,
  { length: indexes }: readonly unknown[],
  { length: systems }: readonly unknown[],
): string {
  if (indexes === 1) return system;
  return systems === 1 ? index : `${index}:${system}`;
}

function nobodyElse(name: string, system: string): NeurodexError {
  const who = system === '' ? name : `${system} of ${name}`;
  return new NeurodexError('usage', `there is nobody to compare ${who} with`, {
    hint: 'name two indexes, two runs (with --qrels), or one index and two of its systems (--systems dsi,pixels)',
  });
}
