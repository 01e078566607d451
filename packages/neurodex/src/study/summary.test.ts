import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StudyGrid } from './grid.ts';
import { appendResult, readResults, type StudyResult } from './results.ts';
import { summarise } from './summary.ts';
import { studyTable } from './table.ts';

const grid: StudyGrid = {
  source: 'x',
  flags: [],
  settings: {},
  sizes: [{ pictures: 512, settings: {} }],
  orders: ['random'],
  trainings: ['fine-tuned'],
  systems: ['dsi', 'bovw'],
  seeds: [0, 1, 2],
  measures: ['IA@1', 'P@10'],
};

const dsi = (seed: number, p10: number): StudyResult => ({
  key: `dsi ${seed}`,
  pictures: 512,
  seed,
  order: 'random',
  training: 'fine-tuned',
  systems: ['dsi'],
  catalogue: 128,
  queries: 40,
  steps: 100,
  seconds: 10 + seed,
  metrics: { dsi: { 'IA@1': 1, 'P@10': p10 } },
  intervals: { dsi: { 'IA@1': [1, 1], 'P@10': [0, 1] } },
});
const bovw: StudyResult = {
  ...dsi(0, 0),
  key: 'bovw',
  order: undefined,
  training: undefined,
  systems: ['bovw'],
  metrics: { bovw: { 'P@10': 0.25 } },
  intervals: { bovw: { 'P@10': [0.2, 0.3] } },
};
const results = [dsi(0, 0.4), dsi(1, 0.5), dsi(2, 0.6), bovw];

describe('the summary', () => {
  it('has means and intervals of Student over seeds, those of the queries for one, and published figures beside', () => {
    const [baseline, trained, ...others] = summarise(grid, results);
    expect(others).toEqual([]);
    expect(baseline).toMatchObject({ system: 'bovw', seeds: 1, catalogue: 128 });
    expect(baseline?.metrics).toEqual({ 'P@10': { mean: 0.25, interval: [0.2, 0.3], published: 0.58 } });
    expect(trained).toMatchObject({ system: 'dsi', order: 'random', training: 'fine-tuned', seeds: 3, seconds: 11 });
    const { mean, interval, published } = trained?.metrics['P@10'] ?? { mean: 0, interval: [0, 0] };
    expect(published).toBe(0.21);
    expect(mean).toBeCloseTo(0.5, 12);
    // ±4.303·0.1/√3, as R's t.test(c(0.4, 0.5, 0.6)) gives it: 0.2515862 0.7484138.
    expect(interval[0]).toBeCloseTo(0.2515862, 4);
    expect(interval[1]).toBeCloseTo(0.7484138, 4);
  });

  it('is written as text, Markdown, CSV and LaTeX with the same figures', () => {
    const rows = summarise(grid, results);
    expect(studyTable(rows, 'text').split('\n')).toHaveLength(4);
    expect(studyTable(rows, 'text')).toContain('0.500 (0.21)');
    const markdown = studyTable(rows, 'markdown');
    expect(markdown).toContain('| 512 | 128 | bovw |  |  | 1 | n/a | 0.250 [0.200–0.300] *(0.58)* |');
    expect(markdown).toContain('is the mean of P@10');
    const csv = studyTable(rows, 'csv').split('\n');
    expect(csv[0]).toBe('size,N,system,training,identifiers,seeds,seconds,measure,mean,low,high,published');
    expect(csv).toHaveLength(4);
    expect(csv[1]).toBe('512,128,bovw,,,1,10.0,P@10,0.25,0.2,0.3,0.58');
    expect(studyTable(rows, 'latex')).toMatch(/^\\begin\{tabular\}[\s\S]+0\.500 .*\\\\[\s\S]+\\end\{tabular\}$/);
  });
});

describe('the file of results', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'neurodex-results-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('goes on behind a line that was cut off, and reads what is sound', async () => {
    const file = join(folder, 'results.jsonl');
    expect((await readResults(file)).size).toBe(0);
    await appendResult(file, dsi(0, 0.4));
    const whole = await readFile(file, 'utf8');
    await writeFile(file, whole + whole.slice(0, 50));
    await appendResult(file, dsi(1, 0.5));
    expect([...(await readResults(file)).values()]).toEqual([dsi(0, 0.4), dsi(1, 0.5)]);
  });
});
