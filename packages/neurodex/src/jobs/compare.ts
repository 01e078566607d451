import type { Device } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import {
  defined,
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
import { type EvaluationQuery, queriesOf } from '../evaluation/queries.ts';
import type { ParsedMeasure } from '../evaluation/registry.ts';
import { evaluateRuns } from '../evaluation/runs.ts';
import { type Asked, refuseDifferentQueries } from '../evaluation/same-queries.ts';
import { allIntervals, type Intervals, type Measured, type Metrics, metricsOf } from '../evaluation/summary.ts';
import { askableCaptions, TEXT_RELEVANCE, type TextRelevanceName } from '../evaluation/text-relevance.ts';
import type { SystemName } from '../query/system.ts';
import { type Index, openIndex } from '../systems/open-index.ts';
import { systemsFor } from '../systems/systems.ts';
import type { Split } from './evaluate-index.ts';
import { type NamedFile, readRuns, refuseTwice } from './evaluate-runs.ts';
import { LongCaptions, refuseIndexing, refuseRelevance, warnOfLeftOut } from './measure-texts.ts';

/** Who is better on what. What `compare --json` prints. */
export interface Contest {
  /** Of captions, where captions were asked: what is relevant to them. */
  readonly relevance?: TextRelevanceName;
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
  /** What is asked: pictures by default. */
  readonly queries?: 'picture' | 'text';
  /** Of captions: what is relevant to them; the first protocol for which the first index has captions by default. */
  readonly relevance?: TextRelevanceName;
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
  const { indexes, device, reporter, seed = 0 } = options;
  const asking = askingOf(options);
  indexes.forEach(({ name }, i) => {
    refuseTwice(
      name,
      indexes.slice(0, i).some((other) => other.name === name),
    );
  });
  const failed: FailedInput[] = [];
  const opened: (Asked & { readonly index: Index; readonly long: LongCaptions })[] = [];
  try {
    for (const { name, path } of indexes) {
      try {
        const long = new LongCaptions();
        const index = await openIndex(path, nodeRuntime({ device }), reporter, long);
        try {
          opened.push({ name, index, long, store: index.store, queries: asking.queriesOf(index) });
        } catch (error) {
          await index.close();
          throw error;
        }
      } catch (error) {
        failed.push(failedInput(name, error));
      }
    }
    const [first, ...others] = opened;
    // One index of several that were named is not compared with itself instead.
    if (first === undefined || (failed.length > 0 && others.length === 0)) throw tooFewLeft(failed);
    const systems =
      options.systems ?? (others.length === 0 ? systemsFor(asking.kind, first.index.manifest) : (['dsi'] as const));
    if (indexes.length * systems.length < 2) throw nobodyElse(first.name, systems[0] ?? '');
    for (const other of others) refuseDifferentQueries(first, other);

    const { measures, relevance } = asking.asked();
    const measured: Measured[] = [];
    let queries = 0;
    for (const { name, index, long, store: catalogue, queries: asked } of opened) {
      const { comparison, evaluations } = await evaluateInFull({
        store: catalogue,
        queries: asked,
        systems: await Promise.all(systems.map((system) => index.system(system))),
        // The queries are the same, and so are the warnings about them.
        reporter:
          index === first.index ? reporter : { ...silentReporter, progress: (event) => reporter.progress(event) },
        ...measures,
      });
      long.warn(reporter);
      queries = comparison.queries;
      measured.push(...evaluations.map((one) => ({ ...one, system: title(name, one.system, indexes, systems) })));
    }
    return { ...relevance, ...contest(queries, measured, seed, reporter, failed) };
  } finally {
    for (const { index } of opened) await index.close();
  }
}

/** What every index is asked: the pictures of the split, or captions by one protocol. @throws NeurodexError `usage` */
function askingOf({ queries: kind = 'picture', relevance, split, measures, reporter }: CompareIndexesOptions) {
  if (kind === 'text') refuseIndexing(measures ?? []);
  else if (relevance !== undefined) refuseRelevance(relevance);
  let protocol = relevance;
  let isFirst = true;
  return {
    kind,
    queriesOf({ store, withholding }: Index): readonly EvaluationQuery[] {
      if (kind === 'picture') return queriesOf(store, split);
      const [first] = askableCaptions({ store, withholding, split }, protocol);
      const [name, captions] = defined(first, 'captions to ask');
      if (isFirst) warnOfLeftOut(captions, reporter);
      isFirst = false;
      // The other indexes are asked by the protocol of the first.
      protocol ??= name;
      return captions.queries;
    },
    asked() {
      const wanted = measures ?? (protocol === undefined ? undefined : TEXT_RELEVANCE[protocol].measures);
      return {
        measures: wanted === undefined ? {} : { measures: wanted },
        relevance: protocol === undefined ? {} : { relevance: protocol },
      };
    },
  };
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
