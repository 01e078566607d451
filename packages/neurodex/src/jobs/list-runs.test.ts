import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentReporter } from '@neurodex/core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runCli } from '../cli/test-io.fixture.ts';
import { listRuns } from './list-runs.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-runs-'));
});
afterEach(() => rm(folder, { recursive: true }));

interface Made {
  readonly hour?: number;
  readonly rate?: number;
  readonly losses?: readonly number[];
  readonly reason?: string;
}

async function made(name: string, { hour = 10, rate = 0.001, losses = [4, 2, 1], reason }: Made = {}): Promise<string> {
  const path = join(folder, name);
  await mkdir(path, { recursive: true });
  const events: unknown[] = [
    {
      kind: 'start',
      time: `2024-05-01T${hour}:00:00.000Z`,
      config: { training: { learningRate: rate, batchSize: 8 } },
      dataset: { name: 'folder', source: '/photos' },
      seed: 7,
    },
    { kind: 'skipped', path: 'a.txt', reason: 'no picture' },
  ];
  for (const [i, loss] of losses.entries()) {
    const shared = { phase: 'joint', step: i + 1 };
    const step = {
      tokenAccuracy: 0.5,
      learningRate: rate,
      gradientNorm: 1,
      picturesPerSecond: 100 * (i + 1),
      seconds: 2,
    };
    events.push({ kind: 'step', ...shared, loss, ...step });
    events.push({ kind: 'validation', ...shared, metrics: { 'AP@10': [0.25, 0.75, 0.5][i] } });
  }
  if (reason !== undefined) events.push({ kind: 'end', time: `2024-05-01T${hour}:30:00.000Z`, reason });
  await writeFile(join(path, 'run.jsonl'), events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  return path;
}

const list = (...places: string[]) => listRuns({ places, reporter: silentReporter });

it('tells of each run how it stands and what it reached', async () => {
  const { runs, differences } = await list(await made('one', { reason: 'done' }));
  expect(runs).toEqual([
    {
      run: join(folder, 'one'),
      state: 'done',
      reason: null,
      started: '2024-05-01T10:00:00.000Z',
      ended: '2024-05-01T10:30:00.000Z',
      seed: 7,
      dataset: { name: 'folder', source: '/photos' },
      phases: ['joint'],
      steps: 3,
      seconds: 6,
      picturesPerSecond: 200,
      loss: { first: 4, last: 1, least: 1 },
      tokenAccuracy: 0.5,
      gradientNorm: 1,
      validation: { 'AP@10': { last: 0.5, best: 0.75, step: 2 } },
      skipped: 1,
      config: { training: { learningRate: 0.001, batchSize: 8 } },
    },
  ]);
  expect(differences).toEqual({});
});

it('finds them below a folder, as they began, each once, those of a demo and of an unfinished index too', async () => {
  await made('photos.index', { hour: 12, reason: 'done' });
  await made('neurodex-demo/index', { hour: 11, reason: 'training diverged at step 3' });
  await made('other.index.partial-1-abc', { hour: 13, losses: [] });
  await made('node_modules/x');
  await made('.hidden');
  await mkdir(join(folder, 'pictures'));
  const { runs } = await list(folder, join(folder, 'photos.index', 'run.jsonl'));
  expect(runs.map(({ run, state }) => [run.slice(folder.length + 1), state])).toEqual([
    ['neurodex-demo/index', 'stopped'],
    ['photos.index', 'done'],
    ['other.index.partial-1-abc', 'unfinished'],
  ]);
  expect(runs[2]).toMatchObject({ steps: 0, seconds: 0, loss: null, picturesPerSecond: null, validation: {} });
});

it('says what differs', async () => {
  const { differences } = await list(await made('a'), await made('b', { rate: 0.002 }));
  expect(differences).toEqual({ 'training.learningRate': [0.001, 0.002] });
});

it('warns of lines that cannot be read, and refuses a place without a run', async () => {
  const path = await made('one');
  await writeFile(join(path, 'run.jsonl'), 'nonsense\n{"kind":"start"}\n');
  const warnings: string[] = [];
  const reporter = { ...silentReporter, warn: (message: string) => warnings.push(message) };
  await listRuns({ places: [path], reporter });
  expect(warnings).toEqual([expect.stringContaining('1 lines cannot be read')]);
  await mkdir(join(folder, 'empty'));
  await expect(list(join(folder, 'empty'))).rejects.toMatchObject({ code: 'run-missing' });
  await expect(list(join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'run-missing' });
});

it('neurodex runs: a table with curves, what stopped a run, and what differs', async () => {
  await made('a', { reason: 'done' });
  await made('b', { hour: 11, rate: 0.002, reason: 'training diverged' });
  const options = { io: { cwd: folder }, jobs: { listRuns } };
  const { status, stdout } = await runCli(['runs', '.'], options);
  expect(status).toBe(0);
  expect(stdout.split('\n')).toEqual([
    'run  state    steps  time  pictures/s  loss       accuracy  best AP@10',
    '───  ───────  ─────  ────  ──────────  ─────────  ────────  ──────────',
    'a    done         3   6 s         200  █▃▁ 1.000     0.500  ▃▇▅ 0.750',
    'b    stopped      3   6 s         200  █▃▁ 1.000     0.500  ▃▇▅ 0.750',
    '',
    'b was stopped: training diverged',
    '',
    'what differs           a      b',
    '─────────────────────  ─────  ─────',
    'training.learningRate  0.001  0.002',
    '',
  ]);
  const json = JSON.parse((await runCli(['runs', '.', '--json'], options)).stdout);
  expect(Object.keys(json)).toEqual(['runs', 'differences']);
  expect(json.runs).toHaveLength(2);
});
