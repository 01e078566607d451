import { linear, logarithmic, type Scale } from './scale.ts';
import { dash, ink, Legend } from './series.tsx';

export interface Line {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
  /** Whether to draw a dot at every point. */
  readonly dots?: boolean;
}

export interface Axis {
  readonly label: string;
  readonly domain: readonly [number, number];
  readonly log?: boolean;
}

const [WIDTH, HEIGHT] = [440, 260];
const FRAME = { left: 46, right: 14, top: 12, bottom: 40 } as const;

export interface LineChartProps {
  /** The accessible name. */
  readonly title: string;
  readonly lines: readonly Line[];
  readonly x: Axis;
  readonly y: Axis;
  /** Labelled vertical lines. */
  readonly marks?: readonly { readonly x: number; readonly label: string }[];
}

/** Lines over a common x axis. Points whose y is not finite are left out. */
export function LineChart({ title, lines, x, y, marks = [] }: LineChartProps) {
  const across = scaleOf(x, [FRAME.left, WIDTH - FRAME.right]);
  const up = scaleOf(y, [HEIGHT - FRAME.bottom, FRAME.top]);
  return (
    <>
      {lines.length > 1 ? <Legend names={lines.map(({ name }) => name)} /> : null}
      <svg className="chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={title}>
        {up.ticks.map((tick) => (
          <g key={tick} className="axis">
            <line x1={FRAME.left} x2={WIDTH - FRAME.right} y1={up(tick)} y2={up(tick)} />
            <text x={FRAME.left - 8} y={up(tick)} dy="0.32em" textAnchor="end">
              {tick.toLocaleString('en-US')}
            </text>
          </g>
        ))}
        {across.ticks.map((tick) => (
          <text key={tick} className="axis" x={across(tick)} y={HEIGHT - FRAME.bottom + 17} textAnchor="middle">
            {tick.toLocaleString('en-US')}
          </text>
        ))}
        <text className="axis" x={WIDTH - FRAME.right} y={HEIGHT - 5} textAnchor="end">
          {x.label} →
        </text>
        {marks.map(({ x: at, label }) => (
          <g key={label} className="mark">
            <line x1={across(at)} x2={across(at)} y1={FRAME.top} y2={HEIGHT - FRAME.bottom} />
            <text x={across(at) + 4} y={FRAME.top + 10}>
              {label}
            </text>
          </g>
        ))}
        {lines.map(({ name, points, dots = false }, i) => {
          const places = points
            .filter((point) => Number.isFinite(point.y))
            .map((point) => [rounded(across(point.x)), rounded(up(point.y))] as const);
          return (
            <g key={name} stroke={ink(i)} fill={ink(i)}>
              <polyline points={places.map((place) => place.join()).join(' ')} fill="none" strokeDasharray={dash(i)} />
              {dots ? places.map(([cx, cy]) => <circle key={cx} cx={cx} cy={cy} r="2.6" stroke="none" />) : null}
            </g>
          );
        })}
      </svg>
    </>
  );
}

const scaleOf = ({ domain, log = false }: Axis, range: readonly [number, number]): Scale =>
  log ? logarithmic(domain, range) : linear(domain, range);

/** A tenth of a unit is finer than a pixel of the screen. */
const rounded = (coordinate: number): number => Math.round(coordinate * 10) / 10;
