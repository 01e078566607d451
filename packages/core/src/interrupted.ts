import { NeurodexError } from './errors.ts';

/** Ends work whose signal was given. @throws NeurodexError `interrupted` once the signal has been given */
export function throwIfInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw new NeurodexError('interrupted', 'interrupted', { cause: signal.reason });
  }
}
