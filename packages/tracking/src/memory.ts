import type { TrackedEvent, Tracker } from './tracker.ts';

/**
 * Keeps a run in memory, for curves drawn when it ends and for tests.
 * @example
 * ```ts
 * import { MemoryTracker } from '@neurodex/tracking';
 *
 * const run = new MemoryTracker();
 * run.track({ kind: 'message', level: 'info', text: 'begun' });
 * await run.close();
 * console.log(run.events.length); // → 1
 * ```
 */
export class MemoryTracker implements Tracker {
  /** All that was tracked, in order. */
  readonly events: TrackedEvent[] = [];
  private closed = false;

  /** Keeps an event. */
  track(event: TrackedEvent): void {
    if (!this.closed) this.events.push(event);
  }

  /** Events that come later are not kept. */
  async close(): Promise<void> {
    this.closed = true;
  }
}
