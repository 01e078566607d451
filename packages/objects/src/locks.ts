import { setTimeout as sleep } from 'node:timers/promises';
import { NeurodexError } from '@neurodex/core';
import { type Lock, lockFile, throwIfInterrupted } from '@neurodex/core/storage';

/** Milliseconds between looks at a lock of another process: few for one that is held for a rename, else more and more. */
const PAUSE = 5;
const LONGEST_PAUSE = { short: 20, long: 250 } as const;
const LONGEST_WAIT = 120_000;

/** What waits for each lock in this process, which takes its lock file one at a time. */
const queues = new Map<string, Promise<unknown>>();

/**
 * Runs `work` while no other call with the same path does, in this process or another one that sees the folder.
 * @param path of the lock file, in a folder that exists
 * @param options.patience milliseconds for which a process that is alive is waited for
 * @throws NeurodexError `run-locked` where another process holds it for longer; `interrupted`
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
  const longest = patience > LONGEST_WAIT ? LONGEST_PAUSE.long : LONGEST_PAUSE.short;
  for (let pause = PAUSE; ; pause = Math.min(longest, pause * 1.3)) {
    throwIfInterrupted(signal);
    try {
      return await lockFile(path);
    } catch (error) {
      const isHeld = error instanceof NeurodexError && error.code === 'run-locked';
      if (!isHeld || performance.now() >= until) throw error;
      // Not all that wait look at the same moments.
      await sleep(pause * (0.5 + Math.random()));
    }
  }
}
