import { type Reporter, silentReporter } from '@neurodex/core';
import { ProgressMeter } from '../jobs/progress-meter.ts';
import { rejectingWith } from './aborted.ts';
import { EventQueue } from './event-queue.ts';
import type { Job, JobEvent } from './job.ts';

/** What a job does, and how it is stopped. */
export interface JobWork<Result, Event extends JobEvent> {
  readonly signal: AbortSignal | undefined;
  /** What is told of an event: a build adds its stage. */
  readonly describe: (event: JobEvent) => Event;
  /** @param reporter told of all that happens */
  readonly run: (reporter: Reporter) => Promise<Result>;
}

/** Begins a job once whoever asked for it had the time to listen. */
export const runJob = <Result, Event extends JobEvent>(work: JobWork<Result, Event>): Job<Result, Event> =>
  new RunningJob(work);

/** A job that tells what any job tells. */
export const plainJob = <Result>(
  signal: AbortSignal | undefined,
  run: (reporter: Reporter) => Promise<Result>,
): Job<Result> => runJob({ signal, run, describe: (event) => event });

class RunningJob<Result, Event extends JobEvent> implements Job<Result, Event> {
  readonly [Symbol.toStringTag] = 'Job';
  private readonly result: Promise<Result>;
  private readonly listeners = new Set<EventQueue<Event>>();
  private outcome: { readonly error?: unknown } | undefined;

  constructor({ signal, describe, run }: JobWork<Result, Event>) {
    const tell = (event: JobEvent): void => {
      const described = describe(event);
      for (const listener of this.listeners) listener.push(described);
    };
    const working = Promise.resolve().then(() => rejectingWith(signal, () => run(reporterTo(tell))));
    working.then(
      () => this.end({}),
      (error: unknown) => {
        // Whoever listens is told by the loop: a job that nobody has is left is the process's to complain about.
        if (this.listeners.size > 0) this.result.catch(() => {});
        this.end({ error });
      },
    );
    this.result = working.then((result) => result);
  }

  // biome-ignore lint/suspicious/noThenProperty: it is a promise.
  then<Fulfilled = Result, Rejected = never>(
    onFulfilled?: ((value: Result) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    return this.result.then(onFulfilled, onRejected);
  }

  catch<Rejected = never>(
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Result | Rejected> {
    return this.result.catch(onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<Result> {
    return this.result.finally(onFinally);
  }

  [Symbol.asyncIterator](): AsyncIterator<Event, undefined> {
    const queue = new EventQueue<Event>(() => this.listeners.delete(queue));
    if (this.outcome === undefined) this.listeners.add(queue);
    else queue.end(this.outcome);
    return queue;
  }

  private end(outcome: { readonly error?: unknown }): void {
    this.outcome = outcome;
    for (const listener of this.listeners) listener.end(outcome);
  }
}

/** A reporter that gives rates and times left with the progress. */
function reporterTo(tell: (event: JobEvent) => void): Reporter {
  const meter = new ProgressMeter(() => performance.now());
  return {
    progress(event) {
      const { rate, left } = meter.measure(event);
      const { phase, done, total, unit, metrics = {} } = event;
      tell({ kind: 'progress', phase, done, total, unit, rate, secondsLeft: left, metrics });
    },
    warn: (message, details = {}) => tell({ kind: 'warning', message, details }),
    info: (message) => tell({ kind: 'note', message }),
  };
}

/** A reporter that hears of warnings alone. */
export const warningsTo = (
  onWarning: ((warning: { message: string; details: Record<string, string | number> }) => void) | undefined,
): Reporter => ({
  ...silentReporter,
  warn: (message, details = {}) => onWarning?.({ message, details: { ...details } }),
});
