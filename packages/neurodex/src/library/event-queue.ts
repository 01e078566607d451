import type { JobEvent } from './job.ts';

/** Whoever waits for the next event. */
interface Waiting<Event> {
  readonly resolve: (result: IteratorResult<Event, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Events on their way to one loop. Of progress that nobody has looked at yet, the latest of each phase is kept, so that a slow
 * loop takes no more memory and is not behind the times.
 */
export class EventQueue<Event extends JobEvent> implements AsyncIterator<Event, undefined> {
  private readonly waiting: Waiting<Event>[] = [];
  private events: Event[] = [];
  private ended: { readonly error?: unknown } | undefined;
  private readonly onLeave: () => void;

  /** @param onLeave called when the loop is left */
  constructor(onLeave: () => void) {
    this.onLeave = onLeave;
  }

  push(event: Event): void {
    const next = this.waiting.shift();
    if (next !== undefined) next.resolve({ value: event, done: false });
    else this.events = [...this.events.filter((other) => !replaces(event, other)), event];
  }

  /** No event follows. @param outcome with the error of a job that failed, which the loop throws once */
  end(outcome: { readonly error?: unknown }): void {
    this.ended = outcome;
    const [first, ...others] = this.waiting.splice(0);
    if (first !== undefined) this.finish(first);
    for (const other of others) this.finish(other);
  }

  next(): Promise<IteratorResult<Event, undefined>> {
    const [event, ...others] = this.events;
    this.events = others;
    if (event !== undefined) return Promise.resolve({ value: event, done: false });
    return new Promise((resolve, reject) => {
      if (this.ended === undefined) this.waiting.push({ resolve, reject });
      else this.finish({ resolve, reject });
    });
  }

  return(): Promise<IteratorResult<Event, undefined>> {
    this.onLeave();
    this.events = [];
    this.end({});
    return Promise.resolve({ value: undefined, done: true });
  }

  private finish({ resolve, reject }: Waiting<Event>): void {
    const ended = this.ended ?? {};
    this.ended = {};
    if ('error' in ended) reject(ended.error);
    else resolve({ value: undefined, done: true });
  }
}

const replaces = (event: JobEvent, other: JobEvent): boolean =>
  event.kind === 'progress' && other.kind === 'progress' && event.phase === other.phase;
