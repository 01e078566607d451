import { NeurodexError } from '@neurodex/core';

/** What stopped because its signal was given fails with the reason of the signal. */
export async function rejectingWith<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  signal?.throwIfAborted();
  try {
    return await work();
  } catch (error) {
    throw signal?.aborted && isOfSignal(error) ? signal.reason : error;
  }
}

/** The result of work that does not look at the signal: once that is given, nobody waits for it, though it goes on. */
export async function unlessAborted<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  if (signal === undefined) return await work;
  let stop = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
  });
  // What comes of it afterwards concerns nobody.
  work.catch(() => {});
  aborted.catch(() => {});
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([aborted, work]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

const isOfSignal = (error: unknown): boolean =>
  (error instanceof NeurodexError && error.code === 'interrupted') ||
  (error instanceof Error && error.name === 'AbortError');
