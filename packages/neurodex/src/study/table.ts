import { type Column, textTable } from '../report/table.ts';
import { PROTOCOL_DIFFERENCES } from './published.ts';
import type { StudyMetric, StudyRow } from './summary.ts';

export const TABLE_FORMATS = ['text', 'markdown', 'csv', 'latex'] as const;
export type TableFormat = (typeof TABLE_FORMATS)[number];

const HEADINGS = ['size', 'N', 'system', 'training', 'identifiers', 'seeds'];

const identity = ({ pictures, catalogue, system, training, order, seeds }: StudyRow): string[] => [
  String(pictures),
  String(catalogue),
  system,
  training ?? '',
  order ?? '',
  String(seeds),
];

/** In the order of the row that has the most: baselines have none of the indexing task. */
function measuresIn(rows: readonly StudyRow[]): string[] {
  const byLength = [...rows].sort((a, b) => Object.keys(b.metrics).length - Object.keys(a.metrics).length);
  return [...new Set(byLength.flatMap((row) => Object.keys(row.metrics)))];
}

const brief = (value: number): string => value.toFixed(3);
const within = ([low, high]: StudyMetric['interval']): string => `${brief(low)}–${brief(high)}`;

/** One row for each kind of index: every figure with its interval, and the published one behind it. */
export const studyTable = (rows: readonly StudyRow[], format: TableFormat): string => WRITERS[format](rows);

const WRITERS: { readonly [Format in TableFormat]: (rows: readonly StudyRow[]) => string } = {
  text(rows) {
    const measures = measuresIn(rows);
    const columns: Column[] = [...HEADINGS, ...measures].map((heading, i) =>
      i < 2 || i >= HEADINGS.length - 1 ? { heading, align: 'right' } : { heading },
    );
    const cell = (figure: StudyMetric | undefined): string =>
      figure === undefined
        ? 'n/a'
        : `${brief(figure.mean)}${figure.published === undefined ? '' : ` (${figure.published})`}`;
    return textTable(
      columns,
      rows.map((row) => [...identity(row), ...measures.map((measure) => cell(row.metrics[measure]))]),
    );
  },
  markdown(rows) {
    const measures = measuresIn(rows);
    const cell = (figure: StudyMetric | undefined): string => {
      if (figure === undefined) return 'n/a';
      const published = figure.published === undefined ? '' : ` *(${figure.published})*`;
      return `${brief(figure.mean)} [${within(figure.interval)}]${published}`;
    };
    const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
    return [
      line([...HEADINGS, ...measures]),
      line([...HEADINGS, ...measures].map(() => '---')),
      ...rows.map((row) => line([...identity(row), ...measures.map((measure) => cell(row.metrics[measure]))])),
      '',
      'Means over seeds with 95 % intervals, over the seeds where there are several, else over queries; in brackets the published figure.',
      '',
      ...PROTOCOL_DIFFERENCES.map((difference) => `- ${difference}`),
    ].join('\n');
  },
  csv(rows) {
    const header = [...HEADINGS, 'seconds', 'measure', 'mean', 'low', 'high', 'published'];
    const lines = rows.flatMap((row) =>
      Object.entries(row.metrics).map(
        ([
          measure,
          {
            mean,
            interval: [low, high],
            published,
          },
        ]) => [...identity(row), row.seconds.toFixed(1), measure, mean, low, high, published ?? ''].join(','),
      ),
    );
    return [header.join(','), ...lines].join('\n');
  },
  latex(rows) {
    const measures = measuresIn(rows);
    const cell = (figure: StudyMetric | undefined): string => {
      if (figure === undefined) return '--';
      const published = figure.published === undefined ? '' : ` \\textit{(${figure.published})}`;
      return `${brief(figure.mean)} {\\scriptsize[${figure.interval.map(brief).join(', ')}]}${published}`;
    };
    const line = (cells: readonly string[]): string => `${cells.join(' & ')} \\\\`;
    return [
      `\\begin{tabular}{rr${'l'.repeat(3)}r${'l'.repeat(measures.length)}}`,
      '\\toprule',
      line([...HEADINGS, ...measures]),
      '\\midrule',
      ...rows.map((row) => line([...identity(row), ...measures.map((measure) => cell(row.metrics[measure]))])),
      '\\bottomrule',
      '\\end{tabular}',
    ].join('\n');
  },
};
