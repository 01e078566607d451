import { linear } from './scale.ts';
import { ink, Legend, Mark } from './series.tsx';

export interface IntervalRow {
  readonly name: string;
  /** One for each series, in the order of the series; null where the series has none. */
  readonly values: readonly ({ readonly value: number; readonly interval: readonly [number, number] | null } | null)[];
}

const WIDTH = 440;
const FRAME = { left: 92, right: 14, top: 6, bottom: 24 } as const;
const LINE = 9;

/** Values between 0 and 1 with their intervals: a row for each measure, a dot for each series. */
export function IntervalChart({
  title,
  series,
  rows,
}: {
  readonly title: string;
  readonly series: readonly string[];
  readonly rows: readonly IntervalRow[];
}) {
  const row = 12 + LINE * series.length;
  const height = FRAME.top + row * rows.length + FRAME.bottom;
  const across = linear([0, 1], [FRAME.left, WIDTH - FRAME.right]);
  return (
    <>
      <Legend names={series} marks />
      <svg className="chart" viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-label={title}>
        {across.ticks.map((tick) => (
          <g key={tick} className="axis">
            <line x1={across(tick)} x2={across(tick)} y1={FRAME.top} y2={height - FRAME.bottom} />
            <text x={across(tick)} y={height - 8} textAnchor="middle">
              {tick}
            </text>
          </g>
        ))}
        {rows.map(({ name, values }, at) => {
          const top = FRAME.top + at * row;
          return (
            <g key={name}>
              <text className="axis" x={FRAME.left - 8} y={top + row / 2} dy="0.32em" textAnchor="end">
                {name}
              </text>
              {values.map((one, i) => {
                if (one === null) return null;
                const y = top + 6 + LINE * (i + 0.5);
                const [low, high] = one.interval ?? [one.value, one.value];
                return (
                  <g key={series[i]} stroke={ink(i)}>
                    <line x1={across(low)} x2={across(high)} y1={y} y2={y} strokeWidth="2" />
                    <Mark i={i} x={across(one.value)} y={y} />
                  </g>
                );
              })}
            </g>
          );
        })}
      </svg>
    </>
  );
}
