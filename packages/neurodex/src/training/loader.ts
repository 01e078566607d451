import type { BatchArrays, Batches, BatchState } from './batches.ts';
import { type InputSource, type LoadTask, loadBatch, type RowsOfFile } from './load-batch.ts';

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
  /** Threads that load pictures; by default the calling thread does it. */
  readonly threads?: LoadingThreads | undefined;
  /** For pixels that are in a file, where the calling thread loads them. */
  readonly rowsOfFile?: RowsOfFile | undefined;
}

/** Threads that load pictures from the source of the batches. */
export interface LoadingThreads {
  readonly count: number;
  /** Writes some places of a batch, whose memory is shared with the thread. */
  run(task: LoadTask): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * Batches in the order of their maker, made ready while the engine computes. All random numbers are drawn on the calling
 * thread in the maker's order; threads only load the pictures, so the batches are the same however many there are.
 */
export class BatchLoader {
  private readonly maker: Batches;
  private readonly source: InputSource;
  private readonly threads: LoadingThreads | undefined;
  private readonly rowsOfFile: RowsOfFile | undefined;
  private readonly ahead: number;
  /** Free ones first. */
  private readonly free: BatchBuffer[];
  private readonly queue: BatchBuffer[] = [];
  private inUse: BatchBuffer | undefined;
  private left: number;
  /** Copy of a shared batch: ONNX Runtime rejects SharedArrayBuffer. */
  private readonly unshared: BatchArrays['input'];

  constructor(maker: Batches, { batches, threads, rowsOfFile }: LoaderOptions) {
    this.maker = maker;
    this.left = batches;
    this.ahead = threads === undefined ? 1 : AHEAD;
    this.source = maker.inputSource;
    this.threads = threads;
    this.rowsOfFile = rowsOfFile;
    const buffer = (): BatchBuffer => {
      const arrays = maker.allocate();
      // Texts are never loaded by threads.
      const input = threads === undefined || arrays.input instanceof Int32Array ? arrays.input : shared(arrays.input);
      return { arrays: { ...arrays, input }, state: maker.state, ready: Promise.resolve() };
    };
    this.free = Array.from({ length: this.ahead + 1 }, buffer);
    this.unshared = threads === undefined ? new Uint8Array() : maker.allocate().input;
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
    if (this.threads === undefined) return buffer;
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
      const threads = this.threads;
      if (threads === undefined) {
        loadBatch(this.source, { input, first: 0, views }, this.rowsOfFile);
      } else {
        const each = Math.ceil(views.length / threads.count);
        const parts = Array.from({ length: Math.ceil(views.length / each) }, (_, i) => i * each);
        buffer.ready = Promise.all(
          parts.map((first) => threads.run({ input, first, views: views.slice(first, first + each) })),
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
    await this.threads?.close();
  }
}

/** The same numbers in memory that threads share: the array itself, where it lies there already. */
export function shared<A extends Uint8Array | Float32Array>(array: A): A {
  if (array.buffer instanceof SharedArrayBuffer) return array;
  const buffer = new SharedArrayBuffer(array.byteLength);
  const copy = array instanceof Float32Array ? new Float32Array(buffer) : new Uint8Array(buffer);
  copy.set(array);
  return copy as A;
}
