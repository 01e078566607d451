import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NeurodexError } from '../errors.ts';
import { cellKey, cellName, type StudyCell, type StudyGrid } from './grid.ts';
import type { StudyResult } from './results.ts';

/** The command line as a process of its own: what one cell leaves in memory is gone with it. */
const PROGRAM = fileURLToPath(new URL('../../bin/neurodex.js', import.meta.url));

export interface RunCellOptions {
  readonly grid: StudyGrid;
  readonly cell: StudyCell;
  /** Where the index is made, and stays when it is kept. */
  readonly folder: string;
  readonly keep: boolean;
  readonly cwd: string;
  /** Told of each warning of the program, as it comes. */
  readonly warn?: (message: string) => void;
  readonly signal?: AbortSignal;
}

/** Make the index of a cell and measure it. @throws NeurodexError `study-failed` with what the program said */
export async function runCell({ grid, cell, folder, keep, cwd, warn, signal }: RunCellOptions): Promise<StudyResult> {
  const index = join(folder, cellKey(grid, cell));
  const settings = Object.entries(cell.settings).flatMap(([key, value]) => [
    '--set',
    `${key}=${JSON.stringify(value)}`,
  ]);
  const preset = grid.preset === undefined ? [] : ['--preset', grid.preset];
  const run = (args: readonly string[]) => neurodex(args, { cwd, name: cellName(cell), warn, signal });
  const made = (await run([
    'index',
    grid.source,
    ...grid.flags,
    ...['--out', index, '--force', '--systems', cell.systems.join(','), '--seed', String(cell.seed)],
    ...preset,
    ...settings,
  ])) as { steps: number; seconds: number; catalogue: number };
  const { systems, intervals, queries } = (await run([
    'evaluate',
    index,
    ...['--measures', grid.measures.join(' '), '--systems', cell.systems.join(',')],
  ])) as { systems: StudyResult['figures']; intervals: StudyResult['intervals']; queries: number };
  if (!keep) await rm(index, { recursive: true, force: true });
  return {
    key: cellKey(grid, cell),
    pictures: cell.pictures,
    seed: cell.seed,
    ...(cell.order === undefined ? {} : { order: cell.order }),
    ...(cell.training === undefined ? {} : { training: cell.training }),
    systems: [...cell.systems],
    catalogue: made.catalogue,
    queries,
    steps: made.steps,
    seconds: made.seconds,
    figures: systems,
    intervals,
  };
}

interface ProgramOptions {
  readonly cwd: string;
  readonly name: string;
  readonly warn: ((message: string) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

/** What a line of standard error warns of. */
function warningIn(line: string): string | undefined {
  try {
    return (JSON.parse(line) as { warning?: { message?: string } }).warning?.message;
  } catch {
    return undefined;
  }
}

/** One command with `--json`: what it prints. */
function neurodex(args: readonly string[], { cwd, name, warn, signal }: ProgramOptions): Promise<unknown> {
  const child = spawn(process.execPath, [PROGRAM, ...args, '--json', '--quiet'], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = (): void => void child.kill('SIGTERM');
  signal?.addEventListener('abort', stop, { once: true });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  let line = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    const lines = `${line}${text}`.split('\n');
    line = lines.pop() ?? '';
    for (const whole of lines) {
      const message = warningIn(whole);
      if (message !== undefined) warn?.(message);
    }
  });
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      signal?.removeEventListener('abort', stop);
      reject(error);
    };
    child.on('error', fail);
    child.on('close', (status) => {
      if (signal?.aborted) return fail(new NeurodexError('interrupted', 'interrupted'));
      if (status !== 0) return fail(failure(name, stderr, status));
      signal?.removeEventListener('abort', stop);
      resolve(JSON.parse(stdout));
    });
  });
}

/** The last error that the program told, under the name of the cell. */
function failure(name: string, stderr: string, status: number | null): NeurodexError {
  for (const line of stderr.trim().split('\n').reverse()) {
    try {
      const { error } = JSON.parse(line) as { error?: { code: string; message: string; hint: string | null } };
      if (error === undefined) continue;
      return new NeurodexError('study-failed', `${name}: ${error.message}`, {
        ...(error.hint === null ? {} : { hint: error.hint }),
        details: { cell: name, code: error.code },
      });
    } catch {
      // Not one of ours.
    }
  }
  return new NeurodexError('study-failed', `${name}: the program ended with ${status}`, { details: { cell: name } });
}
