import { setTimeout as sleep } from 'node:timers/promises';
import { NeurodexError } from '@neurodex/core';
import { type Lock, lockFile, throwIfInterrupted } from '@neurodex/core/storage';

/** Milliseconds between looks at a lock of another process, and for how long: it is held for a rename. */
const PAUSE = 5;
const LONGEST_WAIT = 30_000;

/** What waits for each lock in this process, which takes its lock file one at a time. */
const queues = new Map<string, Promise<unknown>>();

/**
 * Runs `work` while no other call with the same path does, in this process or another one that sees the folder.
 * @param path of the lock file, in a folder that exists
 * @throws NeurodexError `run-locked` where another process holds it for 30 seconds; `interrupted`
 */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  { signal, patience = LONGEST_WAIT }: { readonly signal?: AbortSignal | undefined; readonly patience?: number } = {},
): Promise<T> {
  const before = queues.get(path) ?? Promise.resolve();
  const own = before.then(async () => {
    const lock = await acquire(path, signal, patience);
    try {
      return await work();
    } finally {
      await lock.release();
    }
  });
  const settled = own.catch(() => {});
  queues.set(path, settled);
  try {
    return await own;
  } finally {
    if (queues.get(path) === settled) queues.delete(path);
  }
}

async function acquire(path: string, signal: AbortSignal | undefined, patience: number): Promise<Lock> {
  const until = performance.now() + patience;
  for (;;) {
    throwIfInterrupted(signal);
    try {
      return await lockFile(path);
    } catch (error) {
      const isHeld = error instanceof NeurodexError && error.code === 'run-locked';
      if (!isHeld || performance.now() >= until) throw error;
      // Not all that wait look at the same moments.
      await sleep(PAUSE * (0.5 + Math.random()));
    }
  }
}
