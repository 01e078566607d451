import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { NeurodexError } from '@neurodex/core';
import { schemaProblem } from '@neurodex/core/json';
import { z } from 'zod';
import type { StudyCell, StudyGrid } from './grid.ts';

/** The command line as a process of its own: what one cell leaves in memory is gone with it. */
const PROGRAM = fileURLToPath(new URL('../../bin/neurodex.js', import.meta.url));

/** Flags for the configuration of a cell. */
export const configurationFlags = (grid: StudyGrid, cell: StudyCell): string[] => [
  '--seed',
  String(cell.seed),
  ...(grid.preset === undefined ? [] : ['--preset', grid.preset]),
  ...Object.entries(cell.settings).flatMap(([key, value]) => ['--set', `${key}=${JSON.stringify(value)}`]),
];

export interface ProgramOptions {
  readonly cwd: string;
  /** What the program is to do, in messages. */
  readonly name: string;
  /** Told of every warning of the program. */
  readonly warn?: ((message: string) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Lines of standard error, as `--json` has them. */
const warningLine = z.object({ warning: z.object({ message: z.string() }) });
const errorLine = z.object({ error: z.object({ code: z.string(), message: z.string(), hint: z.string().nullable() }) });

/** What a line of standard error warns of. */
function warningIn(line: string): string | undefined {
  try {
    return warningLine.safeParse(JSON.parse(line)).data?.warning.message;
  } catch {
    return undefined;
  }
}

/**
 * One command with `--json`: what it prints.
 * @param result its parts that are read
 * @throws NeurodexError `study-failed` with what the program said, `interrupted`
 */
export async function runProgram<T>(
  args: readonly string[],
  result: z.ZodType<T>,
  options: ProgramOptions,
): Promise<T> {
  const parsed = result.safeParse(JSON.parse(await outputOf(args, options)));
  if (parsed.success) return parsed.data;
  const { name } = options;
  throw new NeurodexError('study-failed', `${name}: of what the program printed, ${schemaProblem(parsed.error)}`, {
    details: { cell: name },
  });
}

function outputOf(args: readonly string[], { cwd, name, warn, signal }: ProgramOptions): Promise<string> {
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
      resolve(stdout);
    });
  });
}

/** The last error that the program told, under the name of what it was to do. */
function failure(name: string, stderr: string, status: number | null): NeurodexError {
  for (const line of stderr.trim().split('\n').reverse()) {
    try {
      const error = errorLine.safeParse(JSON.parse(line)).data?.error;
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
