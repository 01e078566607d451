import type { MeasuredReport } from 'neurodex/client';
import { Figure } from '../charts/figure.tsx';
import { type Line, LineChart } from '../charts/line-chart.tsx';
import { smoothed, thinned } from '../charts/thin.ts';
import { count, figure } from '../state/format.ts';

/** Points of a line, and rows of its table. */
const [POINTS, ROWS] = [400, 25];
/** The window of a smoothed line is this part of its points. */
const WINDOW = 1 / 40;

type Learning = MeasuredReport['learning'];
type Points = Line['points'];

/** Loss, token accuracy and validation metrics by training step; nothing for an index without training. */
export function LearningCharts({ learning }: { readonly learning: Learning }) {
  const { loss, tokenAccuracy, validation, phases, lastStep } = learning;
  if (loss.length === 0) return null;
  const last = Math.max(1, lastStep);
  const marks = phases.length > 1 ? phases.map(({ phase, step }) => ({ x: step, label: phase })) : [];
  const common = { last, marks };
  return (
    <section aria-labelledby="learning-title">
      <h2 id="learning-title">Learning curves</h2>
      <div className="charts">
        <Curve title="Loss" note="smoothed" series={{ loss: smooth(loss) }} {...common} top={null} />
        <Curve
          title="Token accuracy"
          note="smoothed"
          series={{ 'token accuracy': smooth(tokenAccuracy) }}
          {...common}
          top={1}
        />
        {Object.keys(validation).length === 0 ? null : (
          <Curve
            title="Validation"
            series={Object.fromEntries(Object.entries(validation).map(([name, points]) => [name, pointsOf(points)]))}
            {...common}
            top={1}
            dots
          />
        )}
      </div>
    </section>
  );
}

const pointsOf = (values: Learning['loss']): Points => values.map(({ step, value }) => ({ x: step, y: value }));

const smooth = (values: Learning['loss']): Points => smoothed(pointsOf(values), Math.max(1, values.length * WINDOW));

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
  /** Name → its points by step. */
  readonly series: Readonly<Record<string, Points>>;
  readonly last: number;
  readonly marks: readonly { readonly x: number; readonly label: string }[];
  /** The upper end of the axis; null: the largest value. */
  readonly top: number | null;
  readonly dots?: boolean;
}) {
  const lines = Object.entries(series).map(([name, points]) => ({
    name,
    points: thinned(points, POINTS),
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
            const point = points.find((one) => one.x === x);
            return point === undefined ? '–' : figure(point.y);
          }),
        ]),
      }}
    >
      <LineChart
        title={`${title} by training step`}
        lines={lines}
        x={{ label: 'step', domain: [0, last] }}
        y={{ label: title, domain: [0, top ?? (largest || 1)] }}
        marks={marks}
      />
    </Figure>
  );
}
