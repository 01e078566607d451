import { type ErrorCode, errorMessage, NeurodexError } from '@neurodex/core';
import { HOPELESS, type ShardTask, TRIES } from './driver.ts';

/** As people read it in a queue: `code: message`, and the hint in a line of its own. */
export function failureText(error: unknown): string {
  if (!(error instanceof NeurodexError)) return `server-failed: ${errorMessage(error)}`;
  return `${error.code}: ${error.message}${error.hint === undefined ? '' : `\n${error.hint}`}`;
}

/** What a queue says of a task that failed, as an error again. @param text of `failureText`, or words of the queue itself */
export function failureOf(text: string, task: ShardTask, name: string, place: string): NeurodexError {
  const [first = '', ...rest] = text.split('\n');
  const [, code = '', message = first] = /^([a-z-]+): (.*)$/.exec(first) ?? [];
  const hint = rest.join('\n') || 'run it again: what is finished stays';
  const details = { place, task: task.kind === 'route' ? 'router' : String(task.shard) };
  if (isHopeless(code)) return new NeurodexError(code, message, { hint, details });
  return new NeurodexError('shards-failed', `${name} failed ${TRIES} times, at last: ${message}`, { hint, details });
}

export const isHopeless = (code: string): code is ErrorCode => HOPELESS.has(code);
