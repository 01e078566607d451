import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { escapeXml, type Html, html, printableXml, trusted } from './html.ts';
import { INKS } from './inks.ts';

/** Narrow enough that a chart on a telephone's page is drawn about as large as it is meant. */
export const CHART_WIDTH = 400;
const CHART_HEIGHT = 250;

/**
 * Inks of the page's charts, by the CSS variables that page.ts sets for light and dark paper, and dashes, so that lines are
 * told apart without colour.
 */
const DASHES = ['', '7 3', '2 3', '9 3 2 3', '12 4', '4 2'] as const;
export const ink = (i: number): string => `var(--ink${i % INKS.length})`;
export const dash = (i: number): string => DASHES[i % DASHES.length] ?? '';

/** A plot as an SVG element for a page, with a title that screen readers say. */
export function chart(title: string, options: Plot.PlotOptions): Html {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const svg = Plot.plot({
    document,
    className: 'chart',
    width: CHART_WIDTH,
    height: CHART_HEIGHT,
    marginTop: 24,
    marginBottom: 36,
    marginLeft: 44,
    marginRight: 16,
    style: { fontSize: '12px', background: 'none', color: 'currentColor' },
    ...options,
  });
  const drawn = rounded(printableXml(svg.outerHTML));
  return trusted(drawn.replace(/^<svg /, `<svg role="img" aria-label="${escapeXml(title)}" `));
}

/** Places need no more digits than a screen has dots; texts are left alone. */
const rounded = (svg: string): string =>
  svg.replace(/ (d|x|y|x1|x2|y1|y2|cx|cy|width|height|transform)="[^"]*"/g, (attribute) =>
    attribute.replace(/-?\d+\.\d{3,}/g, (number) => String(Math.round(Number(number) * 100) / 100)),
  );

/** Which ink is whose, above charts that share it. */
export const legend = (names: readonly string[], from = 0): Html =>
  html`<p class="legend">${names.map(
    (name, i) =>
      html`<span><svg width="26" height="8" aria-hidden="true"><line x1="1" x2="25" y1="4" y2="4" stroke="${ink(i + from)}" stroke-width="2.5" stroke-dasharray="${dash(i + from)}"/></svg>${name}</span>`,
  )}</p>`;

export interface Line {
  readonly points: readonly { readonly x: number; readonly y: number }[];
  readonly ink: number;
  /** Drawn faintly, without dashes: the raw values behind a smoothed line. */
  readonly raw?: boolean;
  /** A dot at every point. */
  readonly dots?: boolean;
}

export interface LineChartOptions {
  readonly x: Plot.ScaleOptions;
  readonly y: Plot.ScaleOptions;
  readonly marks?: readonly Plot.Markish[];
}

export const lineChart = (title: string, lines: readonly Line[], { x, y, marks = [] }: LineChartOptions): Html =>
  chart(title, {
    x: { nice: false, ...x },
    y: { grid: true, ticks: 5, ...y },
    marks: [
      ...marks,
      ...lines.flatMap(({ points, ink: i, raw = false, dots = false }) => [
        Plot.lineY(points, {
          x: 'x',
          y: 'y',
          stroke: ink(i),
          strokeWidth: raw ? 1 : 2.2,
          strokeOpacity: raw ? 0.3 : 1,
          ...(raw || dots || dash(i) === '' ? {} : { strokeDasharray: dash(i) }),
        }),
        ...(dots ? [Plot.dot(points, { x: 'x', y: 'y', r: 2.5, fill: ink(i) })] : []),
      ]),
    ],
  });
