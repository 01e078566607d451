/** How far a job is. */
export interface JobProgress {
  /** Tells it from other events. */
  readonly kind: 'progress';
  /** Which stretch of work: 'ingest', 'see', 'evaluate' … */
  readonly phase: string;
  /** Units that are done. */
  readonly done: number;
  /** Units in all; undefined while that is not known. */
  readonly total: number | undefined;
  /** What is counted, in the plural: 'pictures', 'steps', 'queries', 'bytes'. */
  readonly unit: string;
  /** Units per second lately; undefined while too little has been seen. */
  readonly rate: number | undefined;
  /** Seconds that the phase still takes at that rate. */
  readonly secondsLeft: number | undefined;
  /** Figures of this moment, by name: the loss of training. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** Something that a person should know, and that stops nothing. */
export interface JobWarning {
  /** Tells it from other events. */
  readonly kind: 'warning';
  /** A sentence. */
  readonly message: string;
  /** The figures and names that are in the message. */
  readonly details: Readonly<Record<string, string | number>>;
}

/** Something that is good to know. */
export interface JobNote {
  /** Tells it from other events. */
  readonly kind: 'note';
  /** A sentence. */
  readonly message: string;
}

/** What a job tells while it works. */
export type JobEvent = JobProgress | JobWarning | JobNote;

/**
 * Work that takes a while: a promise of its result, and the events on the way. It begins by itself, whether or not somebody
 * listens. A loop over it gets the events from where the loop begins; where the loop is slower than the work, it gets the latest
 * progress of each phase. A loop ends with the job, and throws what the job fails with. Leaving a loop does not stop the job: abort
 * the signal that it was given.
 *
 * @typeParam Result what it is fulfilled with
 * @typeParam Event what it tells on the way
 * @example
 * ```ts
 * import { openIndex } from 'neurodex';
 *
 * await using index = await openIndex('pets');
 * const job = index.evaluate();
 * for await (const event of job) {
 *   if (event.kind === 'progress') process.stderr.write(`${event.phase} ${event.done}/${event.total}\r`);
 * }
 * console.log(Object.keys((await job).systems)); // → [ 'dsi', 'pixels' ]
 * ```
 */
export interface Job<Result, Event = JobEvent> extends Promise<Result>, AsyncIterable<Event> {}
