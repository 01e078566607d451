import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { CLASS_NAMES, drawInto } from './drawings.ts';

/** The installed program. */
export const bin = fileURLToPath(new URL('../../neurodex/bin/neurodex.js', import.meta.url));
const run = promisify(execFile);

/** Small, and trained for seconds only. */
const SMALL = ['training.indexingEpochs=20', 'pictures.size=16', 'model.width=32', 'bovw.words=20'].flatMap((key) => [
  '--set',
  key,
]);

export interface Indexes {
  /** The drawings that all are made of. */
  readonly photos: string;
  /** Of one baseline; its pictures can be added and removed. */
  readonly editable: string;
  /** Of a network and both baselines. */
  readonly shapes: string;
  /** Of one baseline. */
  readonly plain: string;
  remove(): void;
}

/** The indexes of the same drawings, made by the program itself. */
const BUILDS = {
  shapes: ['--preset', 'quick', '--systems', 'dsi,bovw,pixels', ...SMALL],
  plain: ['--preset', 'quick', '--systems', 'pixels'],
  editable: ['--preset', 'default', '--systems', 'pixels'],
} as const;
type BuiltIndex = keyof typeof BUILDS;
const BUILT = ['shapes', 'plain', 'editable'] as const satisfies readonly BuiltIndex[];

/** @param built which of them are made: all by default */
export async function makeIndexes(built: readonly BuiltIndex[] = BUILT): Promise<Indexes> {
  const folder = mkdtempSync(join(tmpdir(), 'neurodex-pages-'));
  const [photos, shapes, plain, editable] = ['photos', 'shapes', 'plain', 'editable'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string];
  await drawInto(photos);
  const folders = { shapes, plain, editable };
  for (const name of built)
    await run(process.execPath, [bin, 'index', photos, '--out', folders[name], ...BUILDS[name]]);
  return { photos, shapes, plain, editable, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Of a network that has learned to read, for a few steps. */
export async function indexThatReads({ photos }: Indexes): Promise<string> {
  const out = join(dirname(photos), 'reading');
  const small = [
    'pictures.size=32',
    'model.patchSize=16',
    'model.width=32',
    'training.seeSteps=60',
    'text.steps=100',
    'text.layers=1',
  ];
  const keys = small.flatMap((key) => ['--set', key]);
  await run(process.execPath, [bin, 'index', photos, '--out', out, '--systems', 'dsi,pixels', ...keys]);
  return out;
}

/** Of more drawings, each with a caption of its own: enough to calibrate the relevance of answers to pictures and to words. */
export async function calibratedIndex({ photos }: Indexes): Promise<string> {
  const [folder, out] = ['many photos', 'calibrated'].map((name) => join(dirname(photos), name)) as [string, string];
  const each = 60;
  await drawInto(folder, each);
  const lines = CLASS_NAMES.flatMap((label) =>
    Array.from({ length: each }, (_, i) => {
      const captions = [`a ${label} with the number ${i}`];
      return `${JSON.stringify({ picture: `${basename(folder)}/${label}/${i}.png`, label, captions })}\n`;
    }),
  );
  const source = `${folder}.jsonl`;
  writeFileSync(source, lines.join(''));
  const small = [
    'pictures.size=32',
    'model.patchSize=16',
    'model.width=32',
    'training.seeSteps=60',
    'text.steps=5',
    'text.layers=1',
  ];
  const split = ['split.retrievalFraction=0.75', 'split.validationFraction=0.3', 'split.testFraction=0.3'];
  const keys = [...small, ...split].flatMap((key) => ['--set', key]);
  await run(process.execPath, [bin, 'index', source, '--out', out, '--systems', 'dsi,pixels', ...keys]);
  return out;
}

/** What the tests of the pages share. */
export interface Site {
  readonly indexes: Indexes;
  readonly server: Server;
  readonly browser: Browser;
}

export interface Server {
  /** http://127.0.0.1:… */
  readonly address: string;
  stop(): Promise<void>;
}

/** `neurodex serve` in a process of its own. @param flags beside the indexes; any free port unless they name one */
export async function startServe(
  indexes: readonly string[],
  flags: readonly string[] = [],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Server> {
  const port = flags.includes('--port') ? [] : ['--port', '0'];
  const child = spawn(process.execPath, [bin, 'serve', ...indexes, ...port, ...flags], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    address: await addressOf(child),
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function addressOf({ stderr }: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    stderr?.on('data', (data: Buffer) => {
      said += data.toString();
      const [address] = /http:\/\/[\d.]+:\d+/.exec(said) ?? [];
      if (address !== undefined) resolve(address);
    });
    stderr?.once('close', () => reject(new Error(`neurodex serve ended: ${said}`)));
  });
}
