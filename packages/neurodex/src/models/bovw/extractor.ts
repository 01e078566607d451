import { availableParallelism } from 'node:os';
import { nodeFlags, workerFile } from '@neurodex/core/workers';
import type { Picture } from '@neurodex/datasets/picture';
import type { Piscina } from 'piscina';
import { describePicture } from './extract.ts';

/** Pictures from which on threads are worth starting: one takes as long to start as a few pictures take. */
const WORTH_THREADS = 32;

/**
 * Describes pictures on all cores: one code path for the catalogue and for queries. Threads start when many pictures are
 * asked for, and end with `close`.
 */
export class Extractor {
  private pool: Promise<Piscina<Picture, Uint8Array>> | undefined;

  /**
   * Pictures that may be asked for at a time, so that no thread waits and memory stays bounded.
   * @param pictures how many are still to come
   */
  width(pictures: number): number {
    return pictures < WORTH_THREADS ? 1 : 2 * availableParallelism();
  }

  /**
   * SIFT descriptors of a picture: uint8 [n, 128].
   * @param among how many pictures this one is of: few are described on the calling thread
   */
  async describe(picture: Picture, among = 1): Promise<Uint8Array> {
    if (this.pool === undefined && among < WORTH_THREADS) return describePicture(picture);
    this.pool ??= startThreads();
    const threads = await this.pool;
    return await threads.run(picture);
  }

  async close(): Promise<void> {
    const { pool } = this;
    this.pool = undefined;
    await (await pool)?.destroy();
  }
}

const WORKER = workerFile('./extract-worker.ts', import.meta.url);

/** All threads stay: one that ends when it has nothing to do for a moment takes what it has compiled with it. */
async function startThreads(): Promise<Piscina<Picture, Uint8Array>> {
  const { Piscina } = await import('piscina');
  return new Piscina({
    filename: WORKER.href,
    minThreads: availableParallelism(),
    maxThreads: availableParallelism(),
    execArgv: nodeFlags(WORKER),
  });
}
