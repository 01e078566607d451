import { availableParallelism, totalmem } from 'node:os';
import { nodeFlags, workerFile } from '@neurodex/core/workers';
import type { Batches } from './batches.ts';
import type { InputSource, PixelSource } from './load-batch.ts';
import { type LoadingThreads, shared } from './loader.ts';
import type { TrainingMachine } from './machine.ts';
import { rowsOfFile } from './rows-of-file.ts';

/** Pixels of a batch from which on threads are worth starting: below, a batch is loaded in a few milliseconds. */
const WORTH_THREADS = 1 << 16;
/** More would starve the engine, whose threads use the same cores. */
const MOST_THREADS = 4;

/** This machine, as Node has it. */
export const nodeMachine: TrainingMachine = {
  memory: machineMemory,
  threads: (maker) => loadingThreads(maker),
  rowsOfFile,
};

/** Bytes of memory that this process may take: of the machine, or of the container that it runs in. */
export function machineMemory(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/** Threads that load pictures. @param count by default as many as are worth it; undefined for none */
export function loadingThreads(maker: Batches, count = threadsWorth(maker)): LoadingThreads | undefined {
  if (count === 0) return undefined;
  const file = workerFile('./load-batch-worker.ts', import.meta.url);
  const workerData = sharedPixels(maker.inputSource);
  // A search that trains nothing begins without it.
  const pool = import('piscina').then(
    ({ Piscina }) =>
      new Piscina({
        filename: file.href,
        minThreads: count,
        maxThreads: count,
        workerData,
        execArgv: nodeFlags(file),
      }),
  );
  return { count, run: async (task) => await (await pool).run(task), close: async () => await (await pool).destroy() };
}

function threadsWorth(maker: Batches): number {
  const source = maker.inputSource;
  if (!maker.augments || source.input !== 'pixels' || maker.size * source.size * source.size < WORTH_THREADS) return 0;
  return Math.max(1, Math.min(MOST_THREADS, availableParallelism() - 1));
}

/** The same source where threads can read it: itself, where it lies there already. */
function sharedPixels(source: InputSource): PixelSource {
  if (source.input !== 'pixels') throw new RangeError('only pixels are loaded by threads');
  return source.pixels instanceof Uint8Array ? { ...source, pixels: shared(source.pixels) } : source;
}
