import { visibleName } from '@neurodex/core';
import * as Plot from '@observablehq/plot';
import type { Curves } from '../evaluation/curves.ts';
import { RECALL_LEVELS } from '../evaluation/curves.ts';
import type { Intervals, Metrics } from '../evaluation/summary.ts';
import { CHART_WIDTH, chart, ink, type Line, legend, lineChart } from './chart.ts';
import { type CurveSeries, type Point, smoothed, thinned } from './curve-series.ts';
import type { ClassBalance, Confusion } from './facts.ts';
import { type Html, html, trusted } from './html.ts';
import { truncate } from './text.ts';

const RAW_POINTS = 400;
const SHARE = { domain: [0, 1] };
/** Classes that a chart has room for. */
const CLASSES = 30;
/** Classes of which a confusion can be read. */
const CONFUSED = 20;

const xy = (points: readonly Point[]) => points.map(({ step, value }) => ({ x: step, y: value }));

/** Loss, token accuracy and validation figures by step. */
export function learningCharts(series: CurveSeries): Html[] {
  const x = {
    domain: [0, Math.max(1, series.lastStep)],
    label: 'step',
    ticks: 4,
    tickFormat: (step: number) => step.toLocaleString('en-US'),
  };
  const marks =
    series.phases.length > 1
      ? [
          Plot.ruleX(series.phases.slice(1), { x: 'step', strokeDasharray: '3 4', strokeOpacity: 0.6 }),
          Plot.text(series.phases, {
            x: 'step',
            text: 'phase',
            frameAnchor: 'top',
            textAnchor: 'start',
            dx: 4,
            dy: -14,
          }),
        ]
      : [];
  const raw = (points: readonly Point[], i: number): Line[] => [
    { points: xy(thinned(points, RAW_POINTS)), ink: i, raw: true },
    { points: xy(thinned(smoothed(points, points.length / 40), RAW_POINTS)), ink: i },
  ];
  const validation = [...series.validation].filter(([, points]) => points.length > 0);
  return [
    figure(
      'Loss',
      lineChart('loss by step', raw(series.loss, 0), { x, y: { label: null, zero: true, nice: true }, marks }),
    ),
    figure(
      'Token accuracy',
      lineChart('token accuracy by step', raw(series.tokenAccuracy, 0), { x, y: { label: null, ...SHARE }, marks }),
    ),
    ...(validation.length === 0
      ? []
      : [
          figure(
            'Validation',
            html`${legend(validation.map(([name]) => name))}${lineChart(
              'validation figures by step',
              validation.map(([, points], i) => ({ points: xy(points), ink: i, dots: true })),
              { x, y: { label: null, ...SHARE }, marks },
            )}`,
          ),
        ]),
  ];
}

/** Precision–recall and recall-at-K, a line for each system. */
export function curveCharts(curves: Readonly<Record<string, Curves>>): Html[] {
  const systems = Object.values(curves);
  const last = Math.max(2, ...systems.map(({ recall }) => recall.at(-1)?.k ?? 1));
  const pr = systems.map(
    ({ precision }, i): Line => ({
      points: precision.map((y, level) => ({ x: RECALL_LEVELS[level] ?? NaN, y })),
      ink: i,
    }),
  );
  const atK = systems.map(
    ({ recall }, i): Line => ({ points: recall.map(({ k, recall: y }) => ({ x: k, y })), ink: i }),
  );
  return [
    figure(
      'Precision and recall',
      lineChart('interpolated precision by recall', pr, {
        x: { label: 'recall', ...SHARE },
        y: { label: 'precision', ...SHARE },
      }),
    ),
    figure(
      'Recall at K',
      lineChart('recall by number of answers', atK, {
        x: {
          type: 'log',
          domain: [1, last],
          label: 'K',
          ticks: 4,
          tickFormat: (k: number) => k.toLocaleString('en-US'),
        },
        y: { label: 'recall', ...SHARE },
      }),
    ),
  ];
}

/** Figures with their intervals: a row for each measure, a dot for each system. */
export function measuresChart(systems: Metrics, intervals: Intervals): Html {
  const names = Object.keys(systems);
  const labels = [...new Set(Object.values(systems).flatMap((metrics) => Object.keys(metrics)))];
  const rows = labels.flatMap((label) =>
    names.flatMap((name, i) => {
      const [value, interval] = [systems[name]?.[label], intervals[name]?.[label]];
      return value === undefined || interval === undefined
        ? []
        : [{ label, i, value, low: interval[0], high: interval[1] }];
    }),
  );
  const place = (i: number): number => (i - (names.length - 1) / 2) * 7;
  return chart('measures with intervals', {
    height: 50 + labels.length * (12 + 8 * names.length),
    marginLeft: 84,
    x: { ...SHARE, grid: true, label: null },
    y: { domain: labels, label: null },
    marks: names.flatMap((_, i) => {
      const own = rows.filter((row) => row.i === i);
      return [
        Plot.ruleY(own, { y: 'label', x1: 'low', x2: 'high', stroke: ink(i), strokeWidth: 2, dy: place(i) }),
        Plot.dot(own, { y: 'label', x: 'value', fill: ink(i), r: 3.5, dy: place(i) }),
      ];
    }),
  });
}

/** Pictures of each class by role; the largest classes where there are many. */
export function balanceChart(balance: readonly ClassBalance[]): Html {
  const roles = ['catalogue', 'train', 'validation', 'test'] as const;
  const total = (one: ClassBalance): number => roles.reduce((sum, role) => sum + one[role], 0);
  const shown = [...balance].sort((a, b) => total(b) - total(a)).slice(0, CLASSES);
  const bars = shown.flatMap((one, at) => roles.map((role, i) => ({ at, role: i, pictures: one[role] })));
  return html`${legendOfAreas(roles)}${chart('pictures of each class', {
    height: 44 + 17 * shown.length,
    marginLeft: 130,
    x: { grid: true, ticks: 4, label: 'pictures' },
    y: { label: null, tickFormat: (at: number) => short(shown[at]?.label ?? ''), tickSize: 0 },
    marks: [
      Plot.barX(bars, {
        y: 'at',
        x: 'pictures',
        fill: ({ role }: { role: number }) => ink(role),
        insetTop: 1,
        insetBottom: 1,
      }),
    ],
    color: { type: 'identity' },
  })}${balance.length > CLASSES ? html`<p class="note">the ${CLASSES} largest of ${balance.length} classes</p>` : ''}`;
}

/** Query class against the class of the first answer: the larger and darker, the more of the class's queries. */
export function confusionChart(confusion: readonly Confusion[]): Html {
  const totals = new Map<string, number>();
  const wrong = new Map<string, number>();
  for (const { queryClass, answerClass, queries } of confusion) {
    totals.set(queryClass, (totals.get(queryClass) ?? 0) + queries);
    for (const name of [queryClass, answerClass]) {
      wrong.set(name, (wrong.get(name) ?? 0) + (queryClass === answerClass ? 0 : queries));
    }
  }
  const all = [...wrong.keys()];
  const kept = new Set([...all].sort((a, b) => (wrong.get(b) ?? 0) - (wrong.get(a) ?? 0)).slice(0, CONFUSED));
  const names = all.filter((name) => kept.has(name)).sort();
  const places = new Map(names.map((name, i) => [name, i]));
  const cells = confusion
    .filter(({ queryClass, answerClass }) => kept.has(queryClass) && kept.has(answerClass))
    .map(({ queryClass, answerClass, queries }) => ({
      x: places.get(answerClass),
      y: places.get(queryClass),
      share: queries / (totals.get(queryClass) ?? 1),
      right: queryClass === answerClass,
      title: `${queryClass} answered with ${answerClass}: ${queries} of ${totals.get(queryClass)}`,
    }));
  const label = (i: number): string => short(names[i] ?? '', 14);
  const range = names.map((_, i) => i);
  const side = Math.max(10, Math.min(30, (CHART_WIDTH - 130) / Math.max(1, names.length)));
  const picture = chart('class of the query by class of the first answer', {
    width: 120 + side * names.length + 10,
    height: 10 + side * names.length + 110,
    marginLeft: 120,
    marginBottom: 110,
    marginTop: 10,
    marginRight: 10,
    x: { type: 'band', domain: range, label: null, tickFormat: label, tickRotate: -60, tickSize: 0 },
    y: { type: 'band', domain: range, label: null, tickFormat: label, tickSize: 0 },
    style: { fontSize: `${Math.min(12, side * 0.85)}px`, background: 'none', color: 'currentColor' },
    color: { type: 'identity' },
    marks: [
      Plot.cell(cells, {
        x: 'x',
        y: 'y',
        fill: ({ right }: { right: boolean }) => (right ? 'var(--right)' : 'var(--wrong)'),
        fillOpacity: ({ share }: { share: number }) => 0.15 + 0.85 * share,
        title: 'title',
        inset: 0.5,
      }),
      Plot.frame({ strokeOpacity: 0.3 }),
    ],
  });
  return html`${picture}${all.length > CONFUSED ? html`<p class="note">the ${CONFUSED} most confused of ${all.length} classes</p>` : ''}`;
}

export const figure = (title: string, content: Html): Html =>
  html`<figure><figcaption>${title}</figcaption>${content}</figure>`;

const legendOfAreas = (names: readonly string[]): Html =>
  html`<p class="legend">${names.map((name, i) => html`<span>${swatch(i)}${name}</span>`)}</p>`;

const swatch = (i: number): Html =>
  trusted(`<svg width="12" height="12" aria-hidden="true"><rect width="12" height="12" fill="${ink(i)}"/></svg>`);

const short = (label: string, width = 18): string => truncate(label === '' ? '(none)' : visibleName(label), width);
