import { childrenOf, killProcess, processesMissing } from './processes.ts';

const STATUS = { SIGINT: 130, SIGTERM: 143 } as const;

const cleanups = new Set<() => Promise<void>>();

/** What is done first when this process is told to end. @returns takes it back */
export function whenStopped(cleanup: () => Promise<void>): () => void {
  cleanups.add(cleanup);
  return () => void cleanups.delete(cleanup);
}

/** Leaves no process behind when this one is told to end: what it has started ends with it, at any depth. */
export function stopWithChildren(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      const all = Promise.allSettled([...cleanups].map((cleanup) => cleanup()));
      void all.then(() => {
        if (processesMissing() === undefined) for (const pid of descendantsOf(process.pid)) killProcess(pid);
        process.exit(STATUS[signal]);
      });
    });
  }
}

const descendantsOf = (pid: number): number[] => childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
