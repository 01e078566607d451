import { resolve } from 'node:path';
import type { Device } from '@neurodex/autograd';
import { type FailedInput, NeurodexError } from '@neurodex/core';
import type { Command } from 'commander';
import { parseDevice } from './arguments.ts';
import type { Io } from './io.ts';
import type { Services } from './jobs.ts';
import { type CommandReporter, commandReporter, quietly } from './progress.ts';

/** What every command is given. */
export interface Context {
  readonly io: Io;
  readonly services: Services;
}

/** Flags that every command has. */
export interface CommonFlags {
  readonly json?: true;
  readonly quiet?: true;
}

export interface DeviceFlag {
  readonly device: Device;
}

/** What a command hands back: the object for `--json`, and its text for people. Undefined where standard output was for something else. */
export interface CommandResult {
  readonly json: unknown;
  readonly text: string;
  /** Of several inputs, those that could not be used: told on standard error, and the exit status is 1. */
  readonly failed?: readonly FailedInput[] | undefined;
}

/** The work is done and its result printed, for all but some of its inputs. */
export class SomeFailed extends Error {
  readonly failed: readonly FailedInput[];

  constructor(failed: readonly FailedInput[]) {
    super(failed.map(({ message }) => message).join('; '));
    this.failed = failed;
  }
}

export interface Work {
  readonly reporter: CommandReporter;
  /** A path as the user gave it, made absolute. */
  readonly path: (name: string) => string;
}

export const withCommonFlags = (command: Command): Command =>
  command
    .option('--json', 'print one JSON object on standard output; progress and errors as JSON lines on standard error')
    .option('--quiet', 'no progress; warnings and errors only');

export const withDevice = (command: Command): Command =>
  command.option<Device>('--device <device>', 'where the network runs: cpu, webgpu or cuda', parseDevice, 'cpu');

/** Examples under a command's help, each with what it does. */
export function withExamples(command: Command, examples: Examples): Command {
  EXAMPLES.set(command, examples);
  return command.addHelpText(
    'after',
    `\nExamples:\n${examples.map(([line, what]) => `  ${line}\n      ${what}`).join('\n')}\n`,
  );
}

/** Command lines, each with what it does. */
export type Examples = readonly (readonly [line: string, what: string])[];
const EXAMPLES = new WeakMap<Command, Examples>();

export const examplesOf = (command: Command): Examples => EXAMPLES.get(command) ?? [];

/**
 * Does a command's work under a reporter and prints its result, the only thing that goes to standard output.
 * @throws SomeFailed after printing, where inputs could not be used
 * @param unwinds the work watches `io.signal` itself and cleans up; work that does not is left where it is, or ended by the
 *   system
 */
export async function perform(
  { io }: Context,
  flags: CommonFlags,
  { unwinds }: { readonly unwinds: boolean },
  work: (work: Work) => Promise<CommandResult | undefined>,
): Promise<void> {
  // A dumb terminal cannot move its cursor up.
  const terminal = io.stderr.isTTY && io.env.TERM !== 'dumb';
  const style = flags.json ? 'json' : terminal ? 'terminal' : 'lines';
  const drawing = commandReporter(style, io.stderr, {
    ...(io.now === undefined ? {} : { now: io.now }),
    colour: !io.env.NO_COLOR,
  });
  const reporter = flags.quiet ? quietly(drawing) : drawing;
  const onStop = (): void => reporter.info('stopping; Ctrl-C again stops at once');
  const { cwd } = io;
  const letGo = unwinds ? io.holdSignals?.() : undefined;
  if (unwinds) io.signal?.addEventListener('abort', onStop, { once: true });
  let result: CommandResult | undefined;
  try {
    const doing = work({ reporter, path: (name) => resolve(cwd, name) });
    result = await (unwinds ? doing : orStopped(doing, io.signal));
  } finally {
    io.signal?.removeEventListener('abort', onStop);
    letGo?.();
    reporter.close();
  }
  if (result === undefined) return;
  await io.stdout.write(`${flags.json ? JSON.stringify(result.json) : result.text}\n`);
  if (result.failed !== undefined && result.failed.length > 0) throw new SomeFailed(result.failed);
}

async function orStopped<T>(doing: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await doing;
  let stop = (): void => {};
  const stopped = new Promise<never>((_resolve, reject) => {
    stop = () => reject(new NeurodexError('interrupted', 'interrupted'));
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
  try {
    return await Promise.race([doing, stopped]);
  } finally {
    signal.removeEventListener('abort', stop);
    // Its failure after this has nobody to tell.
    doing.catch(() => {});
  }
}
