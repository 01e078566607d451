import type { TrackedEvent } from '@neurodex/tracking';
import { parseHTML } from 'linkedom';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { curveSeries, smoothed, thinned } from './curve-series.ts';
import { learningCurve } from './learning-curve.ts';

const step = (n: number, phase: string, loss: number): TrackedEvent => ({
  kind: 'step',
  phase,
  step: n,
  loss,
  tokenAccuracy: 1 - loss / 10,
  learningRate: 1e-3,
  gradientNorm: 1,
  picturesPerSecond: 100,
  seconds: 0.1,
});
const run: TrackedEvent[] = [
  ...Array.from({ length: 60 }, (_, i) => step(i + 1, i < 40 ? 'indexing' : 'retrieval', 4 - i / 20)),
  { kind: 'validation', phase: 'indexing', step: 30, metrics: { 'IA@1': 0.25, '<b>&': 0.5 } },
  { kind: 'validation', phase: 'retrieval', step: 60, metrics: { 'IA@1': 0.75, '<b>&': 0.375 } },
  { kind: 'message', level: 'info', text: 'done' },
];

describe('learningCurve', () => {
  it('is one well-formed document with a name, a description and nothing from elsewhere', async () => {
    const svg = learningCurve(run);
    const { document } = parseHTML(`<!doctype html><html><body>${svg}</body></html>`);
    expect(document.querySelector('svg > title')?.textContent).toBe('Learning curve');
    expect(document.querySelector('svg > desc')?.textContent).toBe(
      '60 steps (indexing, retrieval); loss 4.000 to 1.050; token accuracy 0.600 to 0.895; best IA@1 0.750; best <b>& 0.500',
    );
    expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(/https?:|href|url\(|<script/);
    expect(svg).toContain('prefers-color-scheme:dark');
    // librsvg reads strictly: a document that is not well-formed is an error.
    const { width } = await sharp(Buffer.from(svg)).metadata();
    expect(width).toBe(820);
  });

  it('draws a raw and a smoothed line for loss and accuracy, and one for each validation figure', () => {
    const { document } = parseHTML(`<!doctype html><html><body>${learningCurve(run)}</body></html>`);
    const panels = [...document.querySelectorAll('svg > svg')];
    expect(panels).toHaveLength(3);
    const lines = panels.map((panel) => panel.querySelectorAll('g[aria-label="line"]').length);
    expect(lines).toEqual([2, 2, 2]);
    expect(panels[2]?.textContent).toContain('IA@1 0.750');
    expect(panels[2]?.textContent).toContain('<b>& 0.375');
    expect(panels[0]?.textContent).toContain('retrieval');
  });

  it('lives with a run that stopped at once', async () => {
    for (const events of [[], [step(1, 'joint', 3)], [step(1, 'joint', Number.NaN)]]) {
      const svg = learningCurve(events);
      expect(svg).not.toMatch(/NaN|undefined|Infinity/);
      await sharp(Buffer.from(svg)).metadata();
    }
  });
});

describe('series', () => {
  it('finds where the phases begin', () => {
    expect(curveSeries(run).phases).toEqual([
      { phase: 'indexing', step: 1 },
      { phase: 'retrieval', step: 41 },
    ]);
  });

  it('smooths over a window that is cut off at the ends', () => {
    const points = [0, 3, 6, 9, 30].map((value, i) => ({ step: i, value }));
    expect(smoothed(points, 3).map(({ value }) => value)).toEqual([1.5, 3, 6, 15, 19.5]);
    expect(smoothed(points, 0.4)).toEqual(points);
  });

  it('thins without losing an outlier or the end', () => {
    const points = Array.from({ length: 5000 }, (_, i) => ({
      step: i,
      value: i === 1234 ? 99 : i === 2345 ? -99 : i % 7,
    }));
    const kept = thinned(points, 200);
    expect(kept.length).toBeLessThanOrEqual(201);
    expect(kept.map(({ value }) => value)).toEqual(expect.arrayContaining([99, -99]));
    expect(kept.at(-1)).toEqual(points.at(-1));
    expect(kept.every(({ step }, i) => i === 0 || step > (kept[i - 1]?.step ?? 0))).toBe(true);
  });
});
