import { defined } from '@neurodex/core';
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { INKS } from '../packages/neurodex/src/report/inks.ts';

const DASHES = ['', '7 3', '2 3', '9 3 2 3'] as const;

/**
 * The latency of one query by the number of catalogue pictures, both logarithmic, as an SVG that is legible on light and
 * dark paper: grey text, and each line named at its end.
 * @param series milliseconds by N, by name
 */
export function queryChart(series: Readonly<Record<string, Readonly<Record<number, number>>>>): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const lines = Object.entries(series).map(([name, values], i) => ({
    name,
    i,
    points: Object.entries(values).map(([n, milliseconds]) => ({ n: Number(n), milliseconds })),
  }));
  const svg = Plot.plot({
    document,
    className: 'chart',
    width: 720,
    height: 380,
    marginTop: 30,
    marginLeft: 60,
    marginRight: 180,
    marginBottom: 44,
    style: { fontSize: '13px', background: 'none', color: '#7d8590' },
    x: {
      type: 'log',
      label: 'catalogue pictures',
      tickFormat: (n: number) => (Number.isInteger(Math.log10(n)) ? n.toLocaleString('en-US') : ''),
    },
    y: {
      type: 'log',
      label: 'milliseconds for one query',
      grid: true,
      tickFormat: (ms: number) => (Number.isInteger(Math.log10(ms)) ? String(ms) : ''),
    },
    marks: lines.flatMap(({ name, i, points }) => {
      const stroke = defined(MIDDLE[i % MIDDLE.length], 'the ink of a line');
      return [
        Plot.lineY(points, {
          x: 'n',
          y: 'milliseconds',
          stroke,
          strokeWidth: 2.2,
          strokeDasharray: DASHES[i % DASHES.length] ?? '',
        }),
        Plot.dot(points, { x: 'n', y: 'milliseconds', fill: stroke, r: 3 }),
        Plot.text(points.slice(-1), {
          x: 'n',
          y: 'milliseconds',
          text: () => name,
          fill: stroke,
          textAnchor: 'start',
          dx: 8,
        }),
      ];
    }),
  });
  return `${svg.outerHTML.replace(/^<svg /, '<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="milliseconds for one query by catalogue pictures" ')}\n`;
}

/** Between the shades for light and dark paper, so that they can be read on both. */
const MIDDLE = INKS.map(([light, dark]) => mixed(light, dark));

function mixed(a: string, b: string): string {
  const parts = (colour: string) => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  const [x, y] = [parts(a), parts(b)];
  return `#${x
    .map((value, i) =>
      Math.round((value + (y[i] ?? Number.NaN)) / 2)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;
}
