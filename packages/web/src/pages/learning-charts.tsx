import type { MeasuredReport } from 'neurodex/client';
import { Figure } from '../charts/figure.tsx';
import { LineChart } from '../charts/line-chart.tsx';
import { smoothed, thinned } from '../charts/thin.ts';
import { count, figure } from '../state/format.ts';

/** Points of a line, and rows of the table behind it. */
const [POINTS, ROWS] = [400, 25];

type Learning = MeasuredReport['learning'];
type Point = Learning['loss'][number];

/** How training went, where there was one. */
export function LearningCharts({ learning }: { readonly learning: Learning }) {
  const { loss, tokenAccuracy, validation, phases, lastStep } = learning;
  if (loss.length === 0) return null;
  const last = Math.max(1, lastStep);
  const marks = phases.length > 1 ? phases.map(({ phase, step }) => ({ x: step, label: phase })) : [];
  const shared = { last, marks };
  return (
    <section aria-labelledby="learning-title">
      <h2 id="learning-title">Learning curves</h2>
      <div className="charts">
        <Curve title="Loss" note="smoothed" series={{ loss: smooth(loss) }} {...shared} top={null} />
        <Curve
          title="Token accuracy"
          note="smoothed"
          series={{ 'token accuracy': smooth(tokenAccuracy) }}
          {...shared}
          top={1}
        />
        {Object.keys(validation).length === 0 ? null : (
          <Curve title="Validation" series={validation} {...shared} top={1} dots />
        )}
      </div>
    </section>
  );
}

const smooth = (points: readonly Point[]): Point[] =>
  smoothed(
    points.map(({ step, value }) => ({ x: step, y: value })),
    Math.max(1, points.length / 40),
  ).map(({ x, y }) => ({ step: x, value: y }));

function Curve({
  title,
  note,
  series,
  last,
  marks,
  top,
  dots = false,
}: {
  readonly title: string;
  readonly note?: string;
  readonly series: Readonly<Record<string, readonly Point[]>>;
  readonly last: number;
  readonly marks: readonly { readonly x: number; readonly label: string }[];
  /** Of the axis; null: the largest value. */
  readonly top: number | null;
  readonly dots?: boolean;
}) {
  const lines = Object.entries(series).map(([name, points]) => ({
    name,
    points: thinned(
      points.map(({ step, value }) => ({ x: step, y: value })),
      POINTS,
    ),
    dots,
  }));
  const rows = thinned(lines[0]?.points ?? [], ROWS);
  const largest = Math.max(0, ...lines.flatMap(({ points }) => points.map(({ y }) => y)).filter(Number.isFinite));
  return (
    <Figure
      title={title}
      {...(note === undefined ? {} : { note })}
      table={{
        columns: ['step', ...lines.map(({ name }) => name)],
        rows: rows.map(({ x }) => [
          count(x),
          ...lines.map(({ points }) => {
            const there = points.find((point) => point.x === x);
            return there === undefined ? '–' : figure(there.y);
          }),
        ]),
      }}
    >
      <LineChart
        title={`${title} by step of training`}
        lines={lines}
        x={{ label: 'step', domain: [0, last] }}
        y={{ label: title, domain: [0, top ?? (largest || 1)] }}
        marks={marks}
      />
    </Figure>
  );
}
