import { type MeasuredReport, RECALL_LEVELS } from 'neurodex/client';
import { Figure } from '../charts/figure.tsx';
import { LineChart } from '../charts/line-chart.tsx';
import { figure } from '../state/format.ts';

/** System → curves, means over the queries. */
type Curves = MeasuredReport['curves'];

/** Interpolated precision by recall, a line for each system. */
export function PrecisionFigure({ curves }: { readonly curves: Curves }) {
  const systems = Object.entries(curves);
  return (
    <Figure
      title="Precision by recall"
      note="interpolated at eleven levels"
      table={{
        columns: ['recall', ...systems.map(([system]) => system)],
        rows: RECALL_LEVELS.map((level, i) => [
          level.toFixed(1),
          ...systems.map(([, { precision }]) => figure(precision[i] ?? 0)),
        ]),
      }}
    >
      <LineChart
        title="Interpolated precision by recall"
        lines={systems.map(([name, { precision }]) => ({
          name,
          points: RECALL_LEVELS.map((x, i) => ({ x, y: precision[i] ?? 0 })),
        }))}
        x={{ label: 'recall', domain: [0, 1] }}
        y={{ label: 'precision', domain: [0, 1] }}
      />
    </Figure>
  );
}

/** Recall of the first K answers by K, a line for each system. */
export function RecallFigure({ curves }: { readonly curves: Curves }) {
  const systems = Object.entries(curves);
  const cutoffs = systems[0]?.[1].recall.map(({ k }) => k) ?? [];
  return (
    <Figure
      title="Recall by number of answers"
      note="K on a logarithmic axis"
      table={{
        columns: ['K', ...systems.map(([system]) => system)],
        rows: cutoffs.map((k, i) => [String(k), ...systems.map(([, { recall }]) => figure(recall[i]?.recall ?? 0))]),
      }}
    >
      <LineChart
        title="Recall by number of answers"
        lines={systems.map(([name, { recall }]) => ({
          name,
          points: recall.map(({ k, recall: y }) => ({ x: k, y })),
        }))}
        x={{ label: 'K', domain: [1, Math.max(2, cutoffs.at(-1) ?? 2)], log: true }}
        y={{ label: 'recall', domain: [0, 1] }}
      />
    </Figure>
  );
}
