import { defined, type Reporter } from '@neurodex/core';
import { bootstrapIntervals, type Interval } from './bootstrap.ts';
import { type ParsedMeasure, parseMeasure } from './registry.ts';
import type { MeasureValues } from './score-run.ts';

/** System → measure label → figure. */
export type Metrics = Readonly<Record<string, Readonly<Record<string, number>>>>;
/** System → measure label → 95 % confidence interval of the figure, over queries (bootstrap.ts). */
export type Intervals = Readonly<Record<string, Readonly<Record<string, Interval>>>>;

/** What is known of a system, query by query. */
export interface Measured {
  readonly system: string;
  /** Measure label → mean over its queries. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Measure label → query name (for the indexing task: path of the catalogue picture) → value. */
  readonly perQuery: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** Measures of a run from somewhere else. */
export const measuredRun = (system: string, values: ReadonlyMap<string, MeasureValues>): Measured => ({
  system,
  metrics: Object.fromEntries([...values].map(([label, { mean }]) => [label, mean])),
  perQuery: new Map([...values].map(([label, { perQuery }]) => [label, perQuery])),
});

/** Measures of one task share their queries, and are resampled together. */
export function intervalsOf({ perQuery }: Measured, seed: number): Readonly<Record<string, Interval>> {
  const intervals = new Map<string, Interval>();
  for (const task of ['retrieval', 'indexing'] as const) {
    const labels = [...perQuery.keys()].filter((label) => parseMeasure(label).measure.task === task);
    const columns = labels.map((label) => [...(perQuery.get(label) ?? new Map<string, number>()).values()]);
    const found = bootstrapIntervals(columns, { seed });
    for (const [i, label] of labels.entries()) intervals.set(label, defined(found[i], 'the interval of a measure'));
  }
  return Object.fromEntries([...perQuery.keys()].flatMap((label) => pair(label, intervals.get(label))));
}

const pair = <T>(key: string, value: T | undefined): [string, T][] => (value === undefined ? [] : [[key, value]]);

export const metricsOf = (measured: readonly Measured[]): Metrics =>
  Object.fromEntries(measured.map(({ system, metrics }) => [system, metrics]));

export const allIntervals = (measured: readonly Measured[], seed: number): Intervals =>
  Object.fromEntries(measured.map((one) => [one.system, intervalsOf(one, seed)]));

/** Says which measures look at the whole catalogue, where every ranking of it has the same figure. */
export function warnOfDepth(measures: readonly ParsedMeasure[], catalogue: number, reporter: Reporter): void {
  const blind = measures.filter(
    ({ measure, cutoff }) => cutoff !== undefined && cutoff >= catalogue && measure.saturates === true,
  );
  if (blind.length === 0) return;
  const labels = blind.map(({ label }) => label).join(', ');
  reporter.warn(
    `the catalogue has ${catalogue} pictures: ${labels} ${blind.length === 1 ? 'looks' : 'look'} at all of them and cannot tell rankings apart`,
    { catalogue },
  );
}
