import { defined } from '@neurodex/core';
import { ApiError } from './api/problems.ts';

/** How long a query may wait, and whether anybody still waits for it. */
export interface Waiting {
  /** On the clock of `performance.now`. */
  readonly deadline: number;
  readonly gone: boolean;
}

export interface BatcherOptions<Query, Answer> {
  /** Answers queries together; the same k for all, for more answers may be found in another way. */
  readonly run: (queries: readonly Query[], k: number) => Promise<readonly Answer[]>;
  /** Queries in a batch at most. */
  readonly size: number;
  /** How many of so many queries go together, one or more; the others are the first of the next batch. By default all. */
  readonly fill?: ((queries: number) => number) | undefined;
  /** Milliseconds that a query waits for others. */
  readonly window: number;
  /** Batches that may be under way at once: one is computed while the last one's answers are sorted. */
  readonly lanes: number;
  /** Whether an error is of one query: the others of its batch are then asked again without it. By default of all. */
  readonly isOfQuery?: (error: unknown) => boolean;
  readonly onBatch?: (queries: number, seconds: number) => void;
}

interface Entry<Query, Answer> {
  readonly query: Query;
  readonly k: number;
  readonly waiting: Waiting;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Lets queries that come at about the same time go through a system together. Nobody waits for others who are not there:
 * a query that comes alone goes at once; where the last batch was of several, the window is for them to come again; and
 * while a batch is under way, the next one gathers.
 */
export class Batcher<Query, Answer> {
  private readonly options: BatcherOptions<Query, Answer>;
  private queue: Entry<Query, Answer>[] = [];
  private underWay = 0;
  private last = 1;
  private announced = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(options: BatcherOptions<Query, Answer>) {
    this.options = options;
  }

  /** Queries that wait. */
  get waiting(): number {
    return this.queue.length;
  }

  /** Says that a query will come, once its picture is decoded; call what is returned when it has, or never will. */
  announce(): () => void {
    this.announced++;
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      this.announced--;
      this.look();
    };
  }

  /** @throws ApiError `too-slow` when its turn comes after the deadline, or whatever `run` throws */
  ask(query: Query, k: number, waiting: Waiting): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.queue.push({ query, k, waiting, resolve, reject });
      this.look();
    });
  }

  /** Sends the next batch on its way, now or when the window ends. */
  private look(): void {
    const { size, window, lanes } = this.options;
    if (this.queue.length === 0 || this.underWay >= lanes) return;
    const expected = Math.min(size, Math.max(this.last, this.queue.length + this.announced));
    if (this.queue.length >= expected) {
      this.send();
    } else {
      this.timer ??= setTimeout(() => this.send(), window);
    }
  }

  private send(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const batch = this.take();
    const [first] = batch;
    if (first === undefined) return;
    this.last = batch.length;
    this.underWay++;
    void this.run(batch, first.k).finally(() => {
      this.underWay--;
      this.look();
    });
    this.look();
  }

  /** The first in the queue, and those behind it with the same k. Who left or waited too long takes no place. */
  private take(): Entry<Query, Answer>[] {
    const { size, fill = (queries) => queries } = this.options;
    this.refuse();
    const k = this.queue[0]?.k;
    const alike = this.queue.filter((entry) => entry.k === k).slice(0, size);
    const batch = new Set(alike.slice(0, fill(alike.length)));
    this.queue = this.queue.filter((entry) => !batch.has(entry));
    return [...batch];
  }

  /** Who left or waited too long. */
  private refuse(): void {
    const now = performance.now();
    this.queue = this.queue.filter(({ waiting, reject }) => {
      if (waiting.gone) reject(new ApiError('too-slow', 'nobody waits for the answer'));
      else if (waiting.deadline < now) reject(tooSlow());
      else return true;
      return false;
    });
  }

  private async run(batch: readonly Entry<Query, Answer>[], k: number): Promise<void> {
    const started = performance.now();
    try {
      const answers = await this.options.run(
        batch.map(({ query }) => query),
        k,
      );
      for (const [i, { resolve }] of batch.entries()) resolve(defined(answers[i], 'an answer of the batch'));
    } catch (error) {
      if (batch.length > 1 && this.options.isOfQuery?.(error) === true) {
        for (const entry of batch) await this.run([entry], k);
        return;
      }
      for (const { reject } of batch) reject(error);
    }
    this.options.onBatch?.(batch.length, (performance.now() - started) / 1000);
  }
}

export const tooSlow = (): ApiError =>
  new ApiError('too-slow', 'the search waited longer than it may', { hint: 'try again', retryAfter: 1 });
