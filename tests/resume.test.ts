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

const SMALL =
  '--seed 3 --set pictures.size=16 --set model.width=32 --set model.dropout=0.1 --set bovw.words=6 --set bovw.restarts=2 --set training.batchSize=16';
const checkpoint = (step: number) => `checkpoints/step-${String(step).padStart(12, '0')}.safetensors`;

interface Moment {
  readonly file: string;
  readonly after: number;
}
const at = (file: string, after = 0): Moment => ({ file, after });

interface Run {
  /** That compute one operation. */
  readonly threads: number;
  readonly flags: string;
  readonly moments: readonly Moment[];
}

/**
 * How a run trains, on how many threads, and where it is killed, in the order of the work: a file of the unfinished run, and
 * milliseconds after.
 */
const RUNS = {
  joint: {
    threads: 1,
    flags: `--preset quick ${SMALL} --set training.indexingEpochs=20 --set training.validateEvery=2 --set training.checkpointEvery=3 --set augmentation.indexing=0.5`,
    moments: [
      at('unfinished.json'),
      at('work/pixels.u8'),
      at('work/decode.json'),
      at('work/split.json'),
      at('descriptors.spool'),
      at('vocabulary.safetensors'),
      at('work/describe.json'),
      at('catalogue/new.parquet'),
      at('work/identify.json'),
      at(checkpoint(3)),
      // Every second step is validated: in the middle of that, or of a step.
      at(checkpoint(9), 10),
      at(checkpoint(15), 40),
      at('model.safetensors'),
      at('index.json'),
    ],
  },
  write: {
    threads: 2,
    flags: `--preset default ${SMALL} --set model.patchSize=8 --set identifiers.branching=4 --set identifiers.leafSize=2 --set training.seeSteps=12 --set training.checkpointEvery=2`,
    moments: [
      at('work/decode.json'),
      at('work/describe.json'),
      at(checkpoint(2)),
      at(checkpoint(6), 10),
      at('work/see.f32'),
      at('work/states.f32'),
      at('work/see.json'),
      at('catalogue/new.parquet'),
      at('work/identify.json'),
      at('model.safetensors'),
      at('work/write.json'),
      at('index.json'),
    ],
  },
} as const satisfies Readonly<Record<string, Run>>;

interface Ended {
  readonly killed: boolean;
  readonly status: number | null;
  readonly stderr: string;
}

function index(out: string, args: readonly string[], threads: number, killAt?: Moment): Promise<Ended> {
  const child = spawn(process.execPath, [bin, 'index', 'photos', '--json', '--out', out, ...args], {
    cwd: folder,
    env: { ...process.env, NEURODEX_THREADS: String(threads) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString();
  });
  const watch = setInterval(() => {
    if (killAt === undefined || !existsSync(join(folder, `${out}.partial`, killAt.file))) return;
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
/** It lists every file of the catalogue with its digest: pixels, states, clusters. */
const catalogue = (name: string) => readFileSync(join(folder, name, 'catalogue', 'catalogue.json'), 'utf8');

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
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each(['joint', 'write'] as const)(
  'a run of the plan %s that is killed again and again ends with the same parameters, and with its log whole',
  async (plan) => {
    const { flags, moments, threads } = RUNS[plan];
    const [whole, name] = [`${plan} whole`, `${plan} killed`];
    expect(await index(whole, flags.split(' '), threads)).toMatchObject({ status: 0 });
    let kills = 0;
    for (const moment of moments) {
      if (existsSync(join(folder, name))) break;
      // What it began with need not be said again once there is something to go on with.
      const run = existsSync(join(folder, `${name}.partial`)) ? ['--resume'] : ['--resume', ...flags.split(' ')];
      const { killed, status, stderr } = await index(name, run, threads, moment);
      if (killed) kills++;
      else expect(status, stderr).toBe(0);
    }
    // Where this process waits for its turn, a run may end before it is killed.
    expect(kills).toBeGreaterThanOrEqual(moments.length / 2);
    const { status, stderr } = await index(name, ['--resume'], threads);
    expect(status, stderr).toBe(0);
    expect(model(name)).toEqual(model(whole));
    expect(catalogue(name)).toBe(catalogue(whole));
    expect(readdirSync(join(folder, name, 'catalogue')).sort()).toEqual(
      readdirSync(join(folder, whole, 'catalogue')).sort(),
    );
    expect(readdirSync(join(folder, name)).sort()).toEqual(readdirSync(join(folder, whole)).sort());
    expect(readdirSync(folder).filter((file) => file.startsWith(name))).toEqual([name]);
    const numbers = (run: string) =>
      readFileSync(join(folder, run, 'run.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter(({ kind }) => kind === 'step' || kind === 'validation')
        .map(({ kind, step, loss, metrics }) => ({ kind, step, loss, metrics }));
    expect(numbers(name)).toEqual(numbers(whole));
  },
  400_000,
);
