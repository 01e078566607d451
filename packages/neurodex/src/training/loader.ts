import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import type { BatchArrays, BatchMaker, BatchState } from './examples.ts';
import { type EmbeddingSource, type PixelSource, showPictures } from './show-pictures.ts';

/** Pixels of a batch from which on threads are worth starting: below, a batch is shown in a few milliseconds. */
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

interface Slot {
  readonly arrays: BatchArrays;
  state: BatchState;
  ready: Promise<unknown>;
}

export interface LoaderOptions {
  readonly pixels: PixelSource | EmbeddingSource;
  /** Batches that will be asked for: no more are drawn. */
  readonly batches: number;
  /** Threads that show pictures; 0 does it on the calling thread. By default as many as are worth it. */
  readonly threads?: number;
}

/**
 * Batches in the order of their maker, made ready while the engine computes. All random numbers are drawn on the calling
 * thread in the maker's order; threads only show the pictures, so the batches are the same however many there are.
 */
export class BatchLoader {
  private readonly maker: BatchMaker;
  private readonly pixels: PixelSource | EmbeddingSource;
  private readonly pool: Piscina | undefined;
  private readonly ahead: number;
  /** Free ones first. */
  private readonly free: Slot[];
  private readonly queue: Slot[] = [];
  private inUse: Slot | undefined;
  private left: number;
  /** What the engine is given of shared memory, which it does not take itself. */
  private readonly given: Uint8Array;

  constructor(maker: BatchMaker, { pixels, batches, threads: wanted = threadsWorth(maker, pixels) }: LoaderOptions) {
    const source = 'embeddings' in pixels ? undefined : pixels;
    const threads = source === undefined ? 0 : wanted;
    this.maker = maker;
    this.left = batches;
    this.ahead = threads === 0 ? 1 : AHEAD;
    const forThreads =
      source === undefined || threads === 0 ? undefined : { size: source.size, pixels: shared(source.pixels) };
    this.pixels = forThreads ?? pixels;
    this.pool = forThreads === undefined ? undefined : startThreads(threads, forThreads);
    const slot = (): Slot => {
      const arrays = maker.allocate();
      const pictures = threads === 0 ? arrays.pictures : sharedArray(arrays.pictures.length);
      return { arrays: { ...arrays, pictures }, state: maker.state, ready: Promise.resolve() };
    };
    this.free = Array.from({ length: this.ahead + 1 }, slot);
    this.given = threads === 0 ? new Uint8Array() : maker.allocate().pictures;
  }

  /** The next batch; waits where it is not ready yet. */
  async next(): Promise<LoadedBatch> {
    if (this.inUse !== undefined) this.free.push(this.inUse);
    this.inUse = undefined;
    if (this.queue.length === 0) this.prefetch();
    const slot = this.queue.shift();
    if (slot === undefined) throw new RangeError('no more batches were announced');
    this.inUse = slot;
    await slot.ready;
    if (this.pool === undefined) return slot;
    this.given.set(slot.arrays.pictures);
    return { state: slot.state, arrays: { ...slot.arrays, pictures: this.given } };
  }

  /** Starts on the batches that follow: call it when the engine has begun to compute. */
  prefetch(): void {
    while (this.queue.length < this.ahead && this.left > 0) {
      const slot = this.free.pop();
      if (slot === undefined) return;
      this.left--;
      const showings = this.maker.draw(slot.arrays);
      slot.state = this.maker.state;
      const { pictures } = slot.arrays;
      if (this.pool === undefined) {
        showPictures(this.pixels, { pictures, first: 0, showings });
      } else {
        const { pool } = this;
        const each = Math.ceil(showings.length / pool.maxThreads);
        const parts = Array.from({ length: Math.ceil(showings.length / each) }, (_, i) => i * each);
        slot.ready = Promise.all(
          parts.map((first) => pool.run({ pictures, first, showings: showings.slice(first, first + each) })),
        );
        // Its turn may come later, or never; until then nobody listens.
        slot.ready.catch(() => {});
      }
      this.queue.push(slot);
    }
  }

  /** Waits for what is in work, and ends the threads. */
  async close(): Promise<void> {
    await Promise.allSettled(this.queue.map(({ ready }) => ready));
    await this.pool?.destroy();
  }
}

const threadsWorth = (maker: BatchMaker, shown: PixelSource | EmbeddingSource): number =>
  'embeddings' in shown || maker.size * shown.size * shown.size < WORTH_THREADS || !maker.augments
    ? 0
    : Math.max(1, Math.min(MOST_THREADS, availableParallelism() - 1));

const sharedArray = (length: number): Uint8Array => new Uint8Array(new SharedArrayBuffer(length));

/** The same bytes where threads can see them: themselves, where they lie there already. */
function shared(bytes: Uint8Array): Uint8Array {
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes;
  const copy = sharedArray(bytes.length);
  copy.set(bytes);
  return copy;
}

function startThreads(threads: number, workerData: PixelSource): Piscina {
  const compiled = import.meta.url.endsWith('.js');
  return new Piscina({
    filename: new URL(compiled ? './show-worker.js' : './show-worker.ts', import.meta.url).href,
    minThreads: threads,
    maxThreads: threads,
    workerData,
    // From the sources, as tests run it, Node needs help with TypeScript.
    execArgv: compiled ? [] : ['--import', 'tsx'],
  });
}
