import type { TrackedEvent } from '@neurodex/tracking';
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { type CurveSeries, curveSeries, type Point, smoothed, thinned } from './curve-series.ts';
import { escapeXml } from './html.ts';
import { INKS, PAPER, TEXT } from './inks.ts';

const WIDTH = 820;
const PANEL = 210;
const HEADER = 62;
const LEFT = 56;
/** Room for the names at the ends of the lines. */
const RIGHT = 124;
const RAW_POINTS = 800;

const ink = (i: number): string => INKS[i % INKS.length]?.[0] ?? TEXT[0];
const inkClass = (i: number): string => `ink${i % INKS.length}`;

/**
 * The learning curve of a run as a stand-alone SVG: loss and token accuracy by step, smoothed over the faint raw values,
 * and the validation figures below. Light colours are written as attributes, which every program understands; a style
 * sheet replaces them where the viewer prefers dark.
 */
export function learningCurve(events: readonly TrackedEvent[]): string {
  const series = curveSeries(events);
  const named = [...series.validation].filter(([, points]) => points.length > 0);
  const panels = [
    panel('loss', [{ name: '', points: series.loss, ink: 0, raw: true }], series),
    panel('token accuracy', [{ name: '', points: series.tokenAccuracy, ink: 1, raw: true }], series, [0, 1]),
    ...(named.length > 0
      ? [
          panel(
            'validation',
            named.map(([name, points], i) => ({ name, points, ink: i + 2, raw: false })),
            series,
            named.every(([, points]) => points.every(({ value }) => value >= 0 && value <= 1)) ? [0, 1] : undefined,
          ),
        ]
      : []),
  ];
  const height = HEADER + panels.length * PANEL + 16;
  const placed = panels.map((svg, i) => svg.replace(/^<svg /, `<svg x="0" y="${HEADER + i * PANEL}" `)).join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title description" font-family="system-ui, sans-serif" color="${TEXT[0]}">
<title id="title">Learning curve</title>
<desc id="description">${escapeXml(describe(series))}</desc>
<style>${styleSheet()}</style>
<rect class="paper" width="${WIDTH}" height="${height}" fill="${PAPER[0]}"/>
<text x="20" y="32" font-size="18" font-weight="600" fill="currentColor">Learning curve</text>
<text x="20" y="52" font-size="12" fill="currentColor" opacity="0.75">${escapeXml(summary(series).join('; '))}</text>
${placed}
</svg>
`;
}

interface Line {
  readonly name: string;
  readonly points: readonly Point[];
  readonly ink: number;
  /** Drawn as it is, faintly, under a smoothed line. */
  readonly raw: boolean;
}

/** One plot, as an SVG element. */
function panel(label: string, lines: readonly Line[], series: CurveSeries, domain?: readonly [number, number]): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const drawn = lines.map((line) => ({
    ...line,
    main: line.raw ? thinned(smoothed(line.points, line.points.length / 40), RAW_POINTS) : line.points,
  }));
  const svg = Plot.plot({
    document,
    className: 'panel',
    width: WIDTH,
    height: PANEL,
    marginLeft: LEFT,
    marginRight: RIGHT,
    marginTop: 26,
    marginBottom: 34,
    style: { fontSize: '11px' },
    x: {
      domain: [0, Math.max(1, series.lastStep)],
      label: 'step',
      ticks: 8,
      tickFormat: (step: number) => step.toLocaleString('en-US'),
    },
    y: {
      label,
      grid: true,
      ticks: 5,
      ...(domain === undefined ? { zero: true, nice: true } : { domain: [...domain] }),
    },
    marks: [
      // Named once, over the first panel; the rules run through all.
      ...phaseMarks(series.phases, label === 'loss'),
      ...drawn.flatMap(lineMarks),
      ...endLabels(drawn, domain).map(labelMark),
    ],
  });
  return svg.outerHTML;
}

interface Drawn extends Line {
  /** As it is drawn in full strength. */
  readonly main: readonly Point[];
}

const XY = { x: 'step', y: 'value' } as const;

/** A rule where each phase but the first begins; nothing where there is one phase. */
function phaseMarks(phases: CurveSeries['phases'], named: boolean): Plot.Markish[] {
  if (phases.length <= 1) return [];
  const rules = Plot.ruleX(phases.slice(1), { x: 'step', strokeDasharray: '3 4', strokeOpacity: 0.5 });
  if (!named) return [rules];
  const place = { x: 'step', frameAnchor: 'top', textAnchor: 'start', dx: 4, dy: -14 } as const;
  return [rules, Plot.text(phases, { ...place, text: 'phase' })];
}

function lineMarks({ points, main, ink: i, raw }: Drawn): Plot.Markish[] {
  const colour = { stroke: ink(i), className: inkClass(i) };
  const line = Plot.lineY(main, { ...XY, ...colour, strokeWidth: 2 });
  return raw
    ? [Plot.lineY(thinned(points, RAW_POINTS), { ...XY, ...colour, strokeOpacity: 0.25, strokeWidth: 1 }), line]
    : [line, Plot.dot(main, { ...XY, r: 2.5, fill: ink(i), className: inkClass(i) })];
}

interface EndLabel extends Point {
  readonly name: string;
  readonly ink: number;
  /** Pixels that it is moved down by. */
  readonly shift: number;
}

const labelMark = ({ name, ink: i, step, value, shift }: EndLabel): Plot.Markish =>
  Plot.text([{ step, value }], {
    ...XY,
    text: () => name,
    textAnchor: 'start',
    dx: 8,
    dy: shift,
    fill: ink(i),
    className: inkClass(i),
  });

/** Where each line ends, with its last value; names are moved apart where lines end close together. */
function endLabels(lines: readonly Drawn[], domain: readonly [number, number] | undefined): EndLabel[] {
  const LINE_HEIGHT = 13;
  const inner = PANEL - 60;
  const values = lines.flatMap(({ main }) => main.map(({ value }) => value));
  const [low, high] = domain ?? [Math.min(0, ...values), Math.max(...values, Number.MIN_VALUE)];
  const ends = lines
    .flatMap(({ name, ink, main }) => {
      const last = main.at(-1);
      return last === undefined ? [] : [{ name: `${name} ${last.value.toFixed(3)}`.trim(), ink, ...last }];
    })
    .sort((a, b) => b.value - a.value);
  let lowest = Number.NEGATIVE_INFINITY;
  const placed = ends.map((end) => {
    const y = ((high - end.value) / (high - low || 1)) * inner;
    lowest = Math.max(y, lowest + LINE_HEIGHT);
    return { ...end, shift: lowest - y };
  });
  // A stack that would leave the panel moves up as a whole.
  const over = Math.max(0, lowest - inner);
  return placed.map((end) => ({ ...end, shift: end.shift - over }));
}

function summary({ loss, tokenAccuracy, phases, lastStep }: CurveSeries): string[] {
  const ends = (points: readonly Point[]): string => {
    const tail = smoothed(points, points.length / 40);
    const [first, last] = [tail[0], tail.at(-1)];
    if (first === undefined || last === undefined) return 'not recorded';
    return `${first.value.toFixed(3)} to ${last.value.toFixed(3)}`;
  };
  const names = phases.length > 0 ? ` (${phases.map(({ phase }) => phase).join(', ')})` : '';
  return [
    `${lastStep.toLocaleString('en-US')} steps${names}`,
    `loss ${ends(loss)}`,
    `token accuracy ${ends(tokenAccuracy)}`,
  ];
}

function describe(series: CurveSeries): string {
  const best = [...series.validation]
    .filter(([, points]) => points.length > 0)
    .map(([name, points]) => `best ${name} ${Math.max(...points.map(({ value }) => value)).toFixed(3)}`);
  return [...summary(series), ...best].join('; ');
}

function styleSheet(): string {
  const dark = INKS.map(
    ([, shade], i) => `[class="ink${i}"][stroke^="#"]{stroke:${shade}}[class="ink${i}"][fill^="#"]{fill:${shade}}`,
  ).join('');
  return `@media (prefers-color-scheme:dark){svg{color:${TEXT[1]}}.paper{fill:${PAPER[1]}}${dark}}`;
}
