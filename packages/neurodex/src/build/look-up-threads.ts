import { availableParallelism } from 'node:os';
import { nodeFlags, workerFile } from '@neurodex/core/workers';
import type { LookedUp, LookUpData, LookUpStarter, LookUpThreads } from '../pictures/look-ahead.ts';

/** Pictures from which on threads are worth starting, and up to which each thread has the memory for all of them. */
const [LEAST, MOST] = [2000, 300_000];
const MOST_THREADS = 4;

/** Threads of this machine that look pictures up. */
export const lookUpThreads: LookUpStarter = (pictures) => {
  const count = Math.min(MOST_THREADS, availableParallelism());
  return count > 1 && pictures >= LEAST && pictures <= MOST ? (data) => startThreads(data, count) : undefined;
};

export function startThreads(workerData: LookUpData, count: number): LookUpThreads {
  const file = workerFile('./look-up-worker.ts', import.meta.url);
  const execArgv = nodeFlags(file);
  const pool = import('piscina').then(
    ({ Piscina }) => new Piscina({ filename: file.href, minThreads: count, maxThreads: count, workerData, execArgv }),
  );
  return {
    lookUp: async (from, to): Promise<LookedUp[]> => await (await pool).run([from, to]),
    close: async () => await (await pool).destroy(),
  };
}
