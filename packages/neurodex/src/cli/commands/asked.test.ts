import { resolve } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { CompareIndexesOptions, Contest } from '../../jobs/compare.ts';
import type { EvaluateOptions, EvaluateTextsOptions } from '../../jobs/evaluate-index.ts';
import { jsonError, runCli } from '../test-io.fixture.ts';

const comparison = {
  catalogue: 128,
  queries: 64,
  withoutRelevant: 0,
  protocol: 'full' as const,
  systems: { dsi: { RR: 0.75 } },
  intervals: { dsi: { RR: [0.7, 0.8] as const } },
};
const captioned = {
  ...comparison,
  queries: 300,
  systems: { dsi: { 'R@1': 0.25 }, bm25: { 'R@1': 0.5 } },
  intervals: { dsi: { 'R@1': [0.2, 0.3] as const }, bm25: { 'R@1': [0.4, 0.6] as const } },
  leftOut: { unreadable: 0, learned: 2 },
};
const text = { captioned, shared: { ...captioned, queries: 1, withoutRelevant: 1 } };
const TABLES = [
  'text → picture, captioned: 300 captions over 128 catalogue pictures',
  'withheld captions of catalogue pictures; relevant is the captioned picture alone',
  '',
  'measure                   dsi                  bm25',
  '───────  ────────────────────  ────────────────────',
  'R@1      0.250 [0.200, 0.300]  0.500 [0.400, 0.600]',
  '',
  'text → picture, shared: 1 caption over 128 catalogue pictures; 1 query without a relevant picture left out',
].join('\n');

describe('evaluate', () => {
  it('prints text → picture below picture → picture', async () => {
    const evaluateIndex = vi.fn(async (_options: EvaluateOptions) => ({ ...comparison, text }));
    const flags = ['--queries', 'all', '--relevance', 'shared'];
    const { stdout } = await runCli(['evaluate', 'out', ...flags], { jobs: { evaluateIndex } });
    expect(evaluateIndex.mock.calls[0]?.[0]).toMatchObject({ queries: 'all', relevance: 'shared', split: 'test' });
    expect(stdout).toMatch(/^picture → picture: 64 test queries over 128 catalogue pictures\n/);
    expect(stdout).toContain(`\n\n${TABLES}`);
    await runCli(['evaluate', 'out'], { jobs: { evaluateIndex } });
    for (const key of ['queries', 'relevance']) expect(evaluateIndex.mock.calls[1]?.[0]).not.toHaveProperty(key);
  });

  it('asks captions alone', async () => {
    const evaluation = { catalogue: 128, text };
    const evaluateTexts = vi.fn(async (_options: EvaluateTextsOptions) => evaluation);
    const argv = ['evaluate', 'out', '--queries', 'text', '--systems', 'dsi,bm25', '--trec', 'runs'];
    const { stdout } = await runCli(argv, { jobs: { evaluateTexts } });
    expect(evaluateTexts.mock.calls[0]?.[0]).toMatchObject({
      systems: ['dsi', 'bm25'],
      trec: resolve('/home/somebody/runs'),
      seed: 0,
    });
    expect(stdout.startsWith(TABLES)).toBe(true);
    expect(stdout).toContain('TREC files in runs');
    const json = await runCli([...argv, '--json'], { jobs: { evaluateTexts } });
    expect(JSON.parse(json.stdout)).toEqual(evaluation);
  });

  it.each([
    [['out', '--queries', 'text', '--protocol', 'notebook'], 'the protocol notebook asks pictures'],
    [['out', '--queries', 'words'], '--queries must be picture or text or all'],
    [['out', '--relevance', 'same'], '--relevance must be captioned or shared'],
    [['--run', 'a.txt', '--qrels', 'q.txt', '--queries', 'text'], '--queries has nothing to say about a run'],
    [['--run', 'a.txt', '--qrels', 'q.txt', '--relevance', 'shared'], '--relevance has nothing to say about a run'],
  ])('refuses %j', async (argv, message) => {
    const outcome = await runCli(['evaluate', ...argv, '--json']);
    expect([outcome.status, jsonError(outcome).code]).toEqual([2, 'usage']);
    expect(jsonError(outcome).message).toContain(message);
  });
});

describe('compare', () => {
  const contest: Contest = {
    relevance: 'captioned',
    queries: 300,
    systems: captioned.systems,
    intervals: captioned.intervals,
    level: 0.05,
    tests: [],
  };

  it('asks captions, and says what is relevant to them', async () => {
    const compareIndexes = vi.fn(async (_options: CompareIndexesOptions) => contest);
    const argv = ['compare', 'a', '--queries', 'text', '--relevance', 'captioned'];
    const { stdout } = await runCli(argv, { jobs: { compareIndexes } });
    expect(compareIndexes.mock.calls[0]?.[0]).toMatchObject({ queries: 'text', relevance: 'captioned' });
    expect(stdout).toMatch(/^300 captions, captioned: withheld captions of catalogue pictures;/);
  });

  it('refuses what it cannot ask of runs', async () => {
    const outcome = await runCli(['compare', 'a', 'b', '--qrels', 'q', '--queries', 'text', '--json']);
    expect(jsonError(outcome).message).toBe('--queries has nothing to say about a run');
  });
});
