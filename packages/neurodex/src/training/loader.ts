import { availableParallelism } from 'node:os';
import { nodeFlags, workerFile } from '@neurodex/core/workers';
import { Piscina } from 'piscina';
import type { BatchArrays, Batches, BatchState } from './batches.ts';
import { type InputSource, loadBatch, type PixelSource } from './load-batch.ts';

/** Pixels of a batch from which on threads are worth starting: below, a batch is loaded in a few milliseconds. */
const WORTH_THREADS = 1 << 16;
/** More would starve the engine, whose threads use the same cores. */
const MOST_THREADS = 4;
/** Batches that are ready or in work beside the one in use: enough for a batch that takes twice the time of a step. */
const AHEAD = 3;

export interface LoadedBatch {
  /** Valid until the next call of `next`. */
  readonly arrays: BatchArrays;
  /** Where the batches after this one begin. */
  readonly state: BatchState;
}

interface BatchBuffer {
  readonly arrays: BatchArrays;
  state: BatchState;
  ready: Promise<unknown>;
}

export interface LoaderOptions {
  /** Batches that will be asked for: no more are drawn. */
  readonly batches: number;
  /** Threads that load pictures; 0 does it on the calling thread. By default as many as are worth it. */
  readonly threads?: number;
}

/**
 * Batches in the order of their maker, made ready while the engine computes. All random numbers are drawn on the calling
 * thread in the maker's order; threads only load the pictures, so the batches are the same however many there are.
 */
export class BatchLoader {
  private readonly maker: Batches;
  private readonly source: InputSource;
  private readonly pool: Piscina | undefined;
  private readonly ahead: number;
  /** Free ones first. */
  private readonly free: BatchBuffer[];
  private readonly queue: BatchBuffer[] = [];
  private inUse: BatchBuffer | undefined;
  private left: number;
  /** Copy of a shared batch: ONNX Runtime rejects SharedArrayBuffer. */
  private readonly unshared: BatchArrays['input'];

  constructor(maker: Batches, { batches, threads = threadsWorth(maker) }: LoaderOptions) {
    this.maker = maker;
    this.left = batches;
    this.ahead = threads === 0 ? 1 : AHEAD;
    const shareable = threads === 0 ? undefined : sharedPixels(maker.inputSource);
    this.source = shareable ?? maker.inputSource;
    this.pool = shareable === undefined ? undefined : startThreads(threads, shareable);
    const buffer = (): BatchBuffer => {
      const arrays = maker.allocate();
      // Texts are never loaded by threads.
      const input = threads === 0 || arrays.input instanceof Int32Array ? arrays.input : shared(arrays.input);
      return { arrays: { ...arrays, input }, state: maker.state, ready: Promise.resolve() };
    };
    this.free = Array.from({ length: this.ahead + 1 }, buffer);
    this.unshared = threads === 0 ? new Uint8Array() : maker.allocate().input;
  }

  /** The next batch; waits where it is not ready yet. */
  async next(): Promise<LoadedBatch> {
    if (this.inUse !== undefined) this.free.push(this.inUse);
    this.inUse = undefined;
    if (this.queue.length === 0) this.prefetch();
    const buffer = this.queue.shift();
    if (buffer === undefined) throw new RangeError('no more batches were announced');
    this.inUse = buffer;
    await buffer.ready;
    if (this.pool === undefined) return buffer;
    this.unshared.set(buffer.arrays.input);
    return { state: buffer.state, arrays: { ...buffer.arrays, input: this.unshared } };
  }

  /** Starts on the batches that follow: call it when the engine has begun to compute. */
  prefetch(): void {
    while (this.queue.length < this.ahead && this.left > 0) {
      const buffer = this.free.pop();
      if (buffer === undefined) return;
      this.left--;
      const views = this.maker.draw(buffer.arrays);
      buffer.state = this.maker.state;
      const { input } = buffer.arrays;
      if (this.pool === undefined) {
        loadBatch(this.source, { input, first: 0, views });
      } else {
        const { pool } = this;
        const each = Math.ceil(views.length / pool.maxThreads);
        const parts = Array.from({ length: Math.ceil(views.length / each) }, (_, i) => i * each);
        buffer.ready = Promise.all(
          parts.map((first) => pool.run({ input, first, views: views.slice(first, first + each) })),
        );
        // Its turn may come later, or never; until then nobody listens.
        buffer.ready.catch(() => {});
      }
      this.queue.push(buffer);
    }
  }

  /** Waits for what is in work, and ends the threads. */
  async close(): Promise<void> {
    await Promise.allSettled(this.queue.map(({ ready }) => ready));
    await this.pool?.destroy();
  }
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

function shared<A extends Uint8Array | Float32Array>(array: A): A {
  if (array.buffer instanceof SharedArrayBuffer) return array;
  const buffer = new SharedArrayBuffer(array.byteLength);
  const copy = array instanceof Float32Array ? new Float32Array(buffer) : new Uint8Array(buffer);
  copy.set(array);
  return copy as A;
}

function startThreads(threads: number, workerData: PixelSource): Piscina {
  const file = workerFile('./load-batch-worker.ts', import.meta.url);
  return new Piscina({
    filename: file.href,
    minThreads: threads,
    maxThreads: threads,
    workerData,
    execArgv: nodeFlags(file),
  });
}
