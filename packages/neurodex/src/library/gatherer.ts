import { defined } from '@neurodex/core';

/** Queries that are answered together at most: as many as the network takes at once. */
const TOGETHER = 32;

interface Entry<Query, Answer> {
  /** Of queries that may be answered together. */
  readonly group: string;
  readonly query: Query;
  readonly run: (queries: readonly Query[]) => Promise<readonly Answer[]>;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Answers queries that come at about the same time together: one batch is under way at a time, and the next one gathers meanwhile. A
 * query that comes alone goes at once.
 */
export class Gatherer<Query, Answer> {
  private readonly isOfQuery: (error: unknown) => boolean;
  private readonly alone: <T>(work: () => Promise<T>) => Promise<T>;
  private queue: Entry<Query, Answer>[] = [];
  private isBusy = false;

  /**
   * @param isOfQuery whether an error is of one query: the others of its batch are then asked without it
   * @param alone does work when no other work is done that uses the same sessions
   */
  constructor(
    isOfQuery: (error: unknown) => boolean,
    alone: <T>(work: () => Promise<T>) => Promise<T> = (work) => work(),
  ) {
    this.isOfQuery = isOfQuery;
    this.alone = alone;
  }

  /**
   * @param group of the queries that `run` of this one may be given as well
   * @throws whatever `run` throws; the reason of the signal where it is given while the query waits
   */
  ask(
    group: string,
    query: Query,
    run: (queries: readonly Query[]) => Promise<readonly Answer[]>,
    signal?: AbortSignal,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.queue.push({ group, query, run, signal, resolve, reject });
      if (!this.isBusy) void this.work();
    });
  }

  private async work(): Promise<void> {
    this.isBusy = true;
    // Queries of the same turn of the event loop belong together.
    await Promise.resolve();
    while (this.queue.length > 0) await this.alone(() => this.run(this.take()));
    this.isBusy = false;
  }

  /** The first in the queue, and those behind it of its group. */
  private take(): Entry<Query, Answer>[] {
    for (const { signal, reject } of this.queue) if (signal?.aborted) reject(signal.reason);
    const left = this.queue.filter(({ signal }) => !signal?.aborted);
    const batch = left.filter(({ group }) => group === left[0]?.group).slice(0, TOGETHER);
    const taken = new Set(batch);
    this.queue = left.filter((entry) => !taken.has(entry));
    return batch;
  }

  private async run(batch: readonly Entry<Query, Answer>[]): Promise<void> {
    // All may have been stopped meanwhile.
    if (batch.length === 0) return;
    const { run } = defined(batch[0], 'a query of the batch');
    try {
      const answers = await run(batch.map(({ query }) => query));
      for (const [i, { resolve }] of batch.entries()) resolve(defined(answers[i], 'an answer of the batch'));
    } catch (error) {
      if (batch.length > 1 && this.isOfQuery(error)) for (const entry of batch) await this.run([entry]);
      else for (const { reject } of batch) reject(error);
    }
  }
}
