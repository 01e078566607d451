import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { Figure } from './figure.tsx';
import { IntervalChart } from './interval-chart.tsx';
import { LineChart } from './line-chart.tsx';
import { smoothed, thinned } from './thin.ts';

const axis = (label: string, to: number) => ({ label, domain: [0, to] as const });

describe('line chart', () => {
  const points = [
    { x: 0, y: 0 },
    { x: 5, y: Number.NaN },
    { x: 10, y: 1 },
  ];

  it('draws a line through the points that are numbers, from corner to corner', () => {
    const svg = renderToStaticMarkup(
      <LineChart title="loss" lines={[{ name: 'loss', points }]} x={axis('step', 10)} y={axis('loss', 1)} />,
    );
    expect(svg).toContain('points="46,220 426,12"');
    expect(svg).toContain('role="img" aria-label="loss"');
  });

  it('says which line is whose, and dashes them differently', () => {
    const lines = ['dsi', 'bovw', 'pixels'].map((name) => ({ name, points }));
    const svg = renderToStaticMarkup(<LineChart title="x" lines={lines} x={axis('x', 10)} y={axis('y', 1)} />);
    expect(svg.match(/<li>/g)).toHaveLength(3);
    expect(new Set(svg.match(/<polyline[^>]*stroke-dasharray="[^"]*"/g))).toHaveProperty('size', 2);
  });
});

it('the interval chart has a dot and a line for each figure that there is', () => {
  const rows = [
    { name: 'AP', values: [{ value: 0.5, interval: [0.25, 0.75] as const }, null] },
    {
      name: 'RR',
      values: [
        { value: 1, interval: null },
        { value: 0, interval: [0, 0.1] as const },
      ],
    },
  ];
  const svg = renderToStaticMarkup(<IntervalChart title="measures" series={['dsi', 'bovw']} rows={rows} />);
  const chart = svg.slice(svg.indexOf('class="chart"'));
  expect(chart.match(/<path/g)).toHaveLength(3);
  expect(chart).toContain('x1="175.5" x2="342.5"');
});

it('a figure has the table behind its chart', () => {
  const table = {
    columns: ['K', 'dsi'],
    rows: [
      ['1', '0.500'],
      ['2', '0.750'],
    ],
  };
  const markup = renderToStaticMarkup(
    <Figure title="Recall at K" table={table}>
      …
    </Figure>,
  );
  expect(markup.match(/<th scope="row">/g)).toHaveLength(2);
  expect(markup).toContain('<td class="number">0.750</td>');
});

describe('fewer points', () => {
  const points = Array.from({ length: 1000 }, (_, x) => ({ x, y: x % 2 }));

  it('keep both ends', () => {
    const few = thinned(points, 100);
    expect([few.length, few[0], few.at(-1)]).toEqual([100, points[0], points[999]]);
    expect(thinned(points.slice(0, 5), 100)).toEqual(points.slice(0, 5));
  });

  it('are smooth where they were not', () => {
    const values = smoothed(points, 51)
      .slice(100, 900)
      .map(({ y }) => y);
    expect(Math.max(...values) - Math.min(...values)).toBeLessThan(0.03);
  });
});
