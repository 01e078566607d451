import { Figure } from '../charts/figure.tsx';
import { IntervalChart } from '../charts/interval-chart.tsx';
import { type MeasuresColumn, measuresOf } from '../components/measures-columns.ts';
import { figure } from '../state/format.ts';

/** Measures with their intervals as a chart: a row for each measure, a dot for each column. */
export function MeasuresFigure({
  title,
  columns,
}: {
  readonly title: string;
  readonly columns: readonly MeasuresColumn[];
}) {
  const measures = measuresOf(columns);
  const series = columns.map(({ title: system, group }) => (group === undefined ? system : `${group}: ${system}`));
  return (
    <Figure
      title={title}
      table={{
        columns: ['measure', ...series],
        rows: measures.map((measure) => [measure, ...columns.map((column) => cellOf(column, measure))]),
      }}
    >
      <IntervalChart
        title={title}
        series={series}
        rows={measures.map((name) => ({
          name,
          values: columns.map(({ metrics, intervals }) => {
            const value = metrics[name];
            return value === undefined ? null : { value, interval: intervals[name] ?? null };
          }),
        }))}
      />
    </Figure>
  );
}

/** `0.812 [0.790, 0.834]` */
function cellOf({ metrics, intervals }: MeasuresColumn, measure: string): string {
  const [value, interval] = [metrics[measure], intervals[measure]];
  if (value === undefined) return '–';
  return interval === undefined ? figure(value) : `${figure(value)} [${interval.map(figure).join(', ')}]`;
}
