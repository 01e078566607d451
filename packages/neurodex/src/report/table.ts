import type { Interval } from '../evaluation/bootstrap.ts';
import type { Intervals, Metrics } from '../evaluation/summary.ts';
import { displayWidth, printable } from './text.ts';

export interface Column {
  readonly heading: string;
  /** Numbers stand to the right; text to the left, which is the default. */
  readonly align?: 'left' | 'right';
}

/** Aligned columns with a rule under the headings, for a terminal or a log. No trailing blanks, no newline at the end. */
export function textTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = [columns.map(({ heading }) => heading), ...rows].map((row) => row.map(printable));
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => displayWidth(row[i] ?? ''))));
  const line = (row: readonly string[]): string =>
    columns
      .map(({ align }, i) => {
        const cell = row[i] ?? '';
        const blanks = ' '.repeat((widths[i] ?? 0) - displayWidth(cell));
        return align === 'right' ? blanks + cell : cell + blanks;
      })
      .join('  ')
      .trimEnd();
  const [headings = [], ...body] = cells;
  return [line(headings), widths.map((width) => '─'.repeat(width)).join('  '), ...body.map(line)].join('\n');
}

/**
 * Measures side by side: a row for each measure, a column for each system, each figure with its interval where there is
 * one; 'n/a' where a measure does not apply.
 */
export function measuresTable(systems: Metrics, intervals: Intervals = {}): string {
  const measures = new Set(Object.values(systems).flatMap((metrics) => Object.keys(metrics)));
  const columns: Column[] = [
    { heading: 'measure' },
    ...Object.keys(systems).map((heading): Column => ({ heading, align: 'right' })),
  ];
  return textTable(
    columns,
    [...measures].map((measure) => [
      measure,
      ...Object.entries(systems).map(([name, metrics]) => figure(metrics[measure]) + range(intervals[name]?.[measure])),
    ]),
  );
}

const range = (interval: Interval | undefined): string =>
  interval === undefined ? '' : ` [${interval.map((end) => end.toFixed(3)).join(', ')}]`;

const figure = (value: number | undefined): string => (value === undefined ? 'n/a' : value.toFixed(3));

/** The figures of one system on one line: 'IA@1 0.980, AP@10 0.512'. */
export const measuresLine = (metrics: Readonly<Record<string, number>>): string =>
  Object.entries(metrics)
    .map(([measure, value]) => `${measure} ${figure(value)}`)
    .join(', ');
