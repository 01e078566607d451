import type { TrackedEvent, Tracker } from './tracker.ts';

/** Keeps a run in memory, for curves drawn when it ends and for tests. */
export class MemoryTracker implements Tracker {
  readonly events: TrackedEvent[] = [];
  private closed = false;

  track(event: TrackedEvent): void {
    if (!this.closed) this.events.push(event);
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}
