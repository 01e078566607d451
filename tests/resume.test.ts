import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';

/** The installed program, killed with SIGKILL wherever it is, and told to go on. */
const bin = fileURLToPath(new URL('../packages/neurodex/bin/neurodex.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'neurodex-kill-'));

const RUN =
  '--preset quick --seed 3 --set pictures.size=16 --set model.width=32 --set model.dropout=0.1 --set bovw.words=6 --set bovw.restarts=2 --set training.indexingEpochs=40 --set training.batchSize=16 --set training.validateEvery=2 --set training.checkpointEvery=3 --set augmentation.indexing=0.5';

interface Ended {
  readonly killed: boolean;
  readonly status: number | null;
  readonly stderr: string;
}

/** @param killAt a file of the unfinished run, and milliseconds after it is there */
function index(args: readonly string[], killAt?: { readonly file: string; readonly after: number }): Promise<Ended> {
  const child = spawn(process.execPath, [bin, 'index', 'photos', '--json', ...args], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString();
  });
  const watch = setInterval(() => {
    if (killAt === undefined || !existsSync(join(folder, 'killed.partial', killAt.file))) return;
    clearInterval(watch);
    setTimeout(() => child.kill('SIGKILL'), killAt.after);
  }, 1);
  return new Promise((resolve) =>
    child.on('close', (status, signal) => {
      clearInterval(watch);
      resolve({ killed: signal === 'SIGKILL', status, stderr });
    }),
  );
}

const model = (name: string) => readFileSync(join(folder, name, 'model.safetensors'));

beforeAll(async () => {
  for (const [name, colour] of [
    ['red', '#c22'],
    ['blue', '#22c'],
    ['green', '#2a2'],
  ] as const) {
    mkdirSync(join(folder, 'photos', name), { recursive: true });
    for (let i = 0; i < 10; i++) {
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><rect width="64" height="64" fill="#fff"/><rect x="${i}" y="4" width="${20 + 3 * (i % 5)}" height="34" fill="${colour}"/><circle cx="40" cy="${20 + i}" r="${5 + (i % 3)}" fill="#fa0"/><rect x="${30 - i}" y="44" width="5" height="9" fill="#111"/></svg>`;
      await sharp(Buffer.from(svg))
        .png()
        .toFile(join(folder, 'photos', name, `${i}.png`));
    }
  }
  expect(await index(['--out', 'whole', ...RUN.split(' ')])).toMatchObject({ status: 0 });
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const checkpoint = (step: number) => `checkpoints/step-${String(step).padStart(12, '0')}.safetensors`;

/** In the order of the work. */
const MOMENTS = [
  { file: 'unfinished.json', after: 0 },
  { file: 'work/pixels.u8', after: 0 },
  { file: 'work/decode.json', after: 0 },
  { file: 'work/split.json', after: 0 },
  { file: 'descriptors.spool', after: 0 },
  { file: 'vocabulary.safetensors', after: 0 },
  { file: 'work/describe.json', after: 0 },
  { file: 'catalogue/part-00000.parquet', after: 0 },
  { file: 'work/identify.json', after: 0 },
  { file: checkpoint(3), after: 0 },
  // Every second step is validated: in the middle of that, or of a step.
  { file: checkpoint(9), after: 10 },
  { file: checkpoint(15), after: 40 },
  { file: 'model.safetensors', after: 0 },
  { file: 'index.json', after: 0 },
] as const;

it('a run that is killed again and again ends with the same parameters, and with its log whole', async () => {
  let kills = 0;
  let last: Ended | undefined;
  for (const moment of MOMENTS) {
    if (existsSync(join(folder, 'killed'))) break;
    // What it began with need not be said again once there is something to go on with.
    const run = existsSync(join(folder, 'killed.partial')) ? ['--resume'] : ['--resume', ...RUN.split(' ')];
    last = await index(['--out', 'killed', ...run], moment);
    if (last.killed) kills++;
    else expect(last.status, last.stderr).toBe(0);
  }
  expect(kills).toBeGreaterThan(9);
  expect(await index(['--out', 'killed', '--resume'])).toMatchObject({ status: 0 });
  expect(model('killed')).toEqual(model('whole'));
  expect(readdirSync(join(folder, 'killed')).sort()).toEqual(readdirSync(join(folder, 'whole')).sort());
  expect(readdirSync(folder).filter((name) => name.startsWith('killed'))).toEqual(['killed']);
  const numbers = (name: string) =>
    readFileSync(join(folder, name, 'run.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ kind }) => kind === 'step' || kind === 'validation')
      .map(({ kind, step, loss, metrics }) => ({ kind, step, loss, metrics }));
  expect(numbers('killed')).toEqual(numbers('whole'));
}, 180_000);
