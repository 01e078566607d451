import { NeurodexError } from './errors.ts';

/**
 * Ends work whose signal was given.
 * @throws NeurodexError `interrupted` once the signal has been given
 * @example
 * ```ts
 * import { errorCode, throwIfInterrupted } from '@neurodex/core';
 *
 * const controller = new AbortController();
 * throwIfInterrupted(controller.signal); // goes on
 * controller.abort();
 * try {
 *   throwIfInterrupted(controller.signal);
 * } catch (error) {
 *   console.log(errorCode(error)); // → interrupted
 * }
 * ```
 */
export function throwIfInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw new NeurodexError('interrupted', 'interrupted', { cause: signal.reason });
  }
}
