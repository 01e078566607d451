import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawFolders } from './drawn-folders.fixture.ts';

/** The installed program as automation sees it: what it prints where, and its exit status. */
const bin = fileURLToPath(new URL('../packages/neurodex/bin/neurodex.js', import.meta.url));
const photograph = fileURLToPath(new URL('../packages/neurodex/src/models/bovw/fixtures/china.png', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'neurodex-cli-'));
const photos = join(folder, 'photos');

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function neurodex(
  args: readonly string[],
  onStderr: (text: string, kill: (signal: NodeJS.Signals) => void) => void = () => {},
): Promise<Ended> {
  const child = spawn(process.execPath, [bin, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data: Buffer) => {
    stdout += data.toString();
  });
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString();
    onStderr(stderr, (signal) => child.kill(signal));
  });
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, stdout, stderr })));
}

const SMALL = [
  '--preset',
  'quick',
  '--set',
  'training.indexingEpochs=20',
  '--set',
  'pictures.size=16',
  '--set',
  'model.width=32',
];

beforeAll(async () => {
  await drawFolders(photos, { red: '#c22', blue: '#22c', green: '#2a2' }, 'jpg');
  writeFileSync(join(photos, 'red', 'notes.jpg'), 'no picture');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('neurodex', () => {
  it('index → search → evaluate → inspect, one JSON object each on standard output', async () => {
    const made = await neurodex(['index', 'photos', '--out', 'photos.index', '--json', '--seed', '7', ...SMALL]);
    expect(made.status, made.stderr).toBe(0);
    const summary = JSON.parse(made.stdout) as { catalogue: number; skipped: { path: string }[] };
    expect(summary).toMatchObject({ catalogue: 9, skipped: [{ path: 'red/notes.jpg' }] });
    for (const line of made.stderr.trim().split('\n')) expect(Object.keys(JSON.parse(line) as object)).toHaveLength(1);

    const searched = await neurodex(['search', 'photos.index', 'photos/blue/3.jpg', '--k', '100', '--json']);
    expect(searched.status).toBe(0);
    const { results } = JSON.parse(searched.stdout) as {
      results: {
        query: string;
        answers: { rank: number; identifier: string; picture: string; label: string; score: number }[];
      }[];
    };
    expect(results[0]?.query).toBe('photos/blue/3.jpg');
    expect(results[0]?.answers.map(({ rank }) => rank)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(new Set(results[0]?.answers.map(({ picture }) => picture)).size).toBe(9);

    const evaluated = await neurodex(['evaluate', 'photos.index', '--json', '--trec', 'trec']);
    expect(evaluated.status, evaluated.stderr).toBe(0);
    const comparison = JSON.parse(evaluated.stdout) as {
      catalogue: number;
      queries: number;
      systems: Record<string, Record<string, unknown>>;
    };
    expect(comparison.catalogue).toBe(9);
    expect(Object.keys(comparison.systems)).toEqual(['dsi', 'pixels']);
    expect(Object.keys(comparison.systems.dsi ?? {})).toEqual([
      'IA@1',
      'IA@5',
      'P@10',
      'AP@10',
      'R@10',
      'R@100',
      'RR',
      'Success@1',
      'Success@10',
    ]);
    expect(Object.values(comparison.systems.dsi ?? {}).every((value) => typeof value === 'number')).toBe(true);
    expect(readdirSync(join(folder, 'trec')).sort()).toEqual([
      'files.json',
      'qrels.txt',
      'run-dsi.txt',
      'run-pixels.txt',
    ]);

    const inspected = await neurodex(['inspect', 'photos.index', '--verify', '--json']);
    expect(JSON.parse(inspected.stdout)).toMatchObject({ catalogue: 9, classes: 3, seed: 7 });
  }, 120_000);

  it('keypoints: a list of them', async () => {
    const found = await neurodex(['keypoints', photograph, '--json', '--out', 'drawn.png']);
    expect(found.status, found.stderr).toBe(0);
    const keypoints = JSON.parse(found.stdout) as Record<string, unknown>[];
    expect(keypoints.length).toBeGreaterThan(100);
    for (const point of keypoints) {
      expect(Object.keys(point)).toEqual(['x', 'y', 'size', 'angle', 'response', 'descriptor']);
    }
    expect(readdirSync(folder)).toContain('drawn.png');
  });

  it.each([
    [['index', 'photos', '--out', 'photos.index'], 1, 'already exists'],
    [['index', 'nowhere', '--out', 'x'], 1, 'nowhere'],
    [['index', 'photos', '--out', 'x', '--preset', 'quik'], 2, 'quick'],
    [['index', 'photos', '--out', 'x', '--set', 'training.batchSiz=8'], 2, 'training.batchSize'],
    [['index', 'photos', '--out', 'x', '--seeds', '1'], 2, '--seed'],
    [['search', 'photos.index', 'photos/red/0.jpg', '--k', '0'], 2, '--k'],
    [['search', 'photos.index', 'photos/red/0.jpg', '--k', '-3'], 2, '--k'],
    [['search', 'photos.index', 'photos/red/gone.jpg'], 1, 'gone.jpg'],
    [['search', 'photos.index', 'photos/red/notes.jpg'], 1, 'notes.jpg'],
    [['search', 'photos', 'photos/red/0.jpg'], 1, 'photos'],
    [['serch', 'photos.index'], 2, 'search'],
  ] as const)('%j ends with %i and says %s', async (args, status, words) => {
    const ended = await neurodex(args);
    expect(ended.status).toBe(status);
    expect(ended.stdout).toBe('');
    expect(ended.stderr).toContain(words);
    expect(ended.stderr).not.toMatch(/^\s+at /m);
  });

  it('leaves nothing half-made under its name when it is interrupted, but a run that can be gone on with', async () => {
    let sent = false;
    const ended = await neurodex(
      ['index', 'photos', '--out', 'stopped', '--json', ...SMALL, '--set', 'training.indexingEpochs=100000'],
      (stderr, kill) => {
        if (sent || !stderr.includes('"phase":"joint"')) return;
        sent = true;
        kill('SIGINT');
      },
    );
    expect(sent).toBe(true);
    expect(ended.status).toBe(1);
    expect(ended.stdout).toBe('');
    expect(ended.stderr).toContain('"interrupted"');
    expect(ended.stderr).toContain('--resume');
    const left = () => readdirSync(folder).filter((name) => name.startsWith('stopped'));
    expect(left()).toEqual(['stopped.partial']);

    const again = await neurodex(['index', 'photos', '--out', 'stopped', '--json', ...SMALL]);
    expect([again.status, again.stderr]).toEqual([1, expect.stringContaining('"run-unfinished"')]);
    const other = await neurodex(['index', 'photos', '--out', 'stopped', '--resume', '--json', '--seed', '9']);
    expect([other.status, other.stderr]).toEqual([2, expect.stringContaining('--seed was 0, now 9')]);
    const resumed = await neurodex([
      ...['index', 'photos', '--out', 'stopped', '--resume', '--json', '--set', 'training.indexingEpochs=1'],
    ]);
    expect(resumed.status, resumed.stderr).toBe(0);
    expect((JSON.parse(resumed.stdout) as { steps: number }).steps).toBeGreaterThan(0);
    expect(left()).toEqual(['stopped']);
  }, 120_000);
});
