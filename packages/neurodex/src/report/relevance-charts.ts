import * as Plot from '@observablehq/plot';
import type { UnknownMeasures } from '../evaluation/calibration/relevance-measures.ts';
import type { ReliabilityBin } from '../evaluation/calibration/reliability.ts';
import { chart, ink, legend, lineChart } from './chart.ts';
import { type Html, html } from './html.ts';

const SHARE = { domain: [0, 1] };
const count = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 });

/**
 * Reliability diagram: a bar for each bin, as high as the share of its answers that are relevant, with their number above it; a dot at
 * the mean probability that they were given; and the diagonal, on which all dots should lie.
 */
export function reliabilityChart(title: string, bins: readonly ReliabilityBin[]): Html {
  const filled = bins.flatMap(({ from, to, count: answers, confidence, accuracy }) =>
    confidence === null || accuracy === null
      ? []
      : [{ from, to, answers: count.format(answers), confidence, accuracy }],
  );
  return chart(title, {
    height: 320,
    x: { label: 'probability of relevance', ...SHARE },
    y: { label: 'share that is relevant', grid: true, ticks: 5, ...SHARE },
    marks: [
      Plot.rectY(filled, { x1: 'from', x2: 'to', y: 'accuracy', fill: ink(0), fillOpacity: 0.3, inset: 0.5 }),
      Plot.line(
        [
          [0, 0],
          [1, 1],
        ],
        { strokeDasharray: '4 4', strokeOpacity: 0.7 },
      ),
      Plot.dot(filled, { x: 'confidence', y: 'accuracy', r: 3, fill: ink(0) }),
      Plot.text(filled, {
        x: ({ from, to }: { from: number; to: number }) => (from + to) / 2,
        y: 'accuracy',
        text: 'answers',
        dy: -9,
        fontSize: 9,
      }),
    ],
  });
}

/** How probable it is that nothing is relevant: of known queries, and of unknown ones. */
export function noneChart({ histogram, known, queries }: UnknownMeasures): Html {
  const line = (name: 'known' | 'unknown', total: number, i: number) => ({
    points: histogram.map((bin) => ({ x: (bin.from + bin.to) / 2, y: bin[name] / total })),
    ink: i,
  });
  return html`${legend(['known queries', 'unknown queries'])}${lineChart(
    'probability that nothing is relevant, of known and of unknown queries',
    [line('known', known, 0), line('unknown', queries, 1)],
    {
      x: { label: 'probability that nothing is relevant', ...SHARE },
      y: { label: 'share of queries', zero: true, nice: true },
    },
  )}`;
}
