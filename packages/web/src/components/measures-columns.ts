import type { MeasuredReport } from 'neurodex/client';

/** A column of measures: one system of one index. */
export interface MeasuresColumn {
  readonly key: string;
  readonly title: string;
  /** The heading above columns that belong together. */
  readonly group?: string;
  /** Measure → mean over queries. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Measure → 95 % confidence interval. */
  readonly intervals: Readonly<Record<string, readonly [number, number]>>;
}

/** A column for each system of a report. */
export const columnsOf = ({ evaluation }: MeasuredReport): MeasuresColumn[] =>
  Object.entries(evaluation.systems).map(([system, metrics]) => ({
    key: system,
    title: system,
    metrics,
    intervals: evaluation.intervals[system] ?? {},
  }));

/** The measures of all columns, in the order of the first column that has each. */
export const measuresOf = (columns: readonly MeasuresColumn[]): string[] => [
  ...new Set(columns.flatMap(({ metrics }) => Object.keys(metrics))),
];

export interface ColumnGroup {
  readonly name: string;
  /** Columns. */
  readonly span: number;
}

/** Neighbouring columns of one group; empty where a column has no group. */
export function groupsOf(columns: readonly MeasuresColumn[]): readonly ColumnGroup[] {
  const groups: { name: string; span: number }[] = [];
  for (const { group } of columns) {
    if (group === undefined) return [];
    const last = groups.at(-1);
    if (last?.name === group) last.span++;
    else groups.push({ name: group, span: 1 });
  }
  return groups;
}
