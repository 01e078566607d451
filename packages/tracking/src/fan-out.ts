import { errorMessage, type Reporter } from '@neurodex/core';
import type { TrackedEvent, Tracker } from './tracker.ts';

/**
 * Several trackers as one. A tracker that throws in spite of its contract is warned about and left out from then on;
 * the others go on.
 * @example
 * ```ts
 * import { silentReporter } from '@neurodex/core';
 * import { fanOut, MemoryTracker } from '@neurodex/tracking';
 *
 * const [first, second] = [new MemoryTracker(), new MemoryTracker()];
 * const run = fanOut([first, second], silentReporter);
 * run.track({ kind: 'message', level: 'info', text: 'begun' });
 * console.log(first.events.length, second.events.length); // → 1 1
 * ```
 */
export function fanOut(trackers: readonly Tracker[], reporter: Reporter): Tracker {
  const working = new Set(trackers);
  const leaveOut = (tracker: Tracker, error: unknown) => {
    working.delete(tracker);
    const reason = errorMessage(error);
    reporter.warn(`a tracker failed and is left out of the rest of the run: ${reason}`);
  };
  return {
    track(event: TrackedEvent): void {
      for (const tracker of working) {
        try {
          tracker.track(event);
        } catch (error) {
          leaveOut(tracker, error);
        }
      }
    },
    async close(): Promise<void> {
      await Promise.all(
        [...working].map(async (tracker) => {
          try {
            await tracker.close();
          } catch (error) {
            leaveOut(tracker, error);
          }
        }),
      );
    },
  };
}
