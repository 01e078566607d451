import { throwIfInterrupted } from '@neurodex/core/storage';

/**
 * Calls `work` for 0 … count−1, `width` at a time. After the first failure the others are told by their signal, and
 * waited for.
 * @throws what failed first
 */
export async function inParallel(
  count: number,
  width: number,
  signal: AbortSignal | undefined,
  work: (index: number, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  throwIfInterrupted(signal);
  const failing = new AbortController();
  const stop = (): void => failing.abort(signal?.reason);
  signal?.addEventListener('abort', stop, { once: true });
  const failures: unknown[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count && !failing.signal.aborted) {
      try {
        await work(next++, failing.signal);
      } catch (error) {
        failures.push(error);
        failing.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, worker));
  signal?.removeEventListener('abort', stop);
  throwIfInterrupted(signal);
  if (failures.length > 0) throw failures[0];
}
