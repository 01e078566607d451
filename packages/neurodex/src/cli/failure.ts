import { RuntimeError } from '@neurodex/autograd';
import { NeurodexError } from '@neurodex/core';
import { printable } from '../report/text.ts';
import { SomeFailed } from './command.ts';
import type { Io } from './io.ts';

/** What a command failed with, as a user is told. */
export interface Failure {
  /** An ErrorCode, or 'internal' for a fault of the program. */
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
  readonly exitStatus: 1 | 2;
}

export function failureOf(error: unknown, signal?: AbortSignal): Failure {
  const known = inOurWords(error, signal);
  if (known !== undefined) {
    const { code, message, hint, details, exitStatus } = known;
    return { code, message, hint, details, exitStatus };
  }
  return {
    code: 'internal',
    message: `internal error: ${error instanceof Error ? error.message : String(error)}`,
    hint: 'this is a fault of Neurodex, not yours: please report it with the command and its output with NEURODEX_DEBUG=1',
    details: {},
    exitStatus: 1,
  };
}

function inOurWords(error: unknown, signal: AbortSignal | undefined): NeurodexError | undefined {
  if (error instanceof NeurodexError) return error;
  if (error instanceof RuntimeError && error.message.startsWith('the device ')) {
    return new NeurodexError('device-unavailable', error.message, {
      hint: 'run on the CPU with --device cpu',
      cause: error,
    });
  }
  // Whatever breaks once the work was told to stop, broke because of that.
  if (signal?.aborted) return new NeurodexError('interrupted', 'interrupted', { cause: error });
  return undefined;
}

/**
 * Tells standard error, as text or as one JSON line; of inputs that failed, each.
 * @param fitting what is left of a hint for the command that failed
 */
export async function reportFailure(
  error: unknown,
  io: Pick<Io, 'stderr' | 'env' | 'signal'>,
  json: boolean,
  fitting: (hint: string) => string | undefined = (hint) => hint,
): Promise<1 | 2> {
  if (error instanceof SomeFailed) {
    for (const { input, code, message, hint } of error.failed) {
      const one = new NeurodexError(code, message, { ...(hint === null ? {} : { hint }), details: { input } });
      await reportFailure(one, io, json, fitting);
    }
    return 1;
  }
  const { code, message, hint: full, details, exitStatus } = failureOf(error, io.signal);
  const hint = full === undefined ? undefined : fitting(full);
  const stack = io.env.NEURODEX_DEBUG === '1' && error instanceof Error ? error.stack : undefined;
  if (json) {
    const object = { code, message, hint: hint ?? null, details, ...(stack === undefined ? {} : { stack }) };
    await io.stderr.write(`${JSON.stringify({ error: object })}\n`);
  } else {
    const lines = [`error: ${printable(message)}`];
    if (hint !== undefined) lines.push(`hint: ${printable(hint)}`);
    if (stack !== undefined) lines.push(stack);
    await io.stderr.write(`${lines.join('\n')}\n`);
  }
  return exitStatus;
}
