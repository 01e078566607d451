import type { Reporter } from '@neurodex/core';
import type { Tracker } from './tracker.ts';

/**
 * A reporter whose words are kept with the run as well. Trackers have another one: their own troubles are not theirs to track.
 * @example
 * ```ts
 * import { silentReporter } from '@neurodex/core';
 * import { MemoryTracker, trackedReporter } from '@neurodex/tracking';
 *
 * const run = new MemoryTracker();
 * trackedReporter(silentReporter, run).warn('the loss grows');
 * console.log(run.events[0]?.kind); // → message
 * ```
 */
export const trackedReporter = (reporter: Reporter, tracker: Tracker): Reporter => ({
  progress: (event) => reporter.progress(event),
  warn(message, details) {
    reporter.warn(message, details);
    tracker.track({ kind: 'message', level: 'warning', text: message });
  },
  info(message) {
    reporter.info(message);
    tracker.track({ kind: 'message', level: 'info', text: message });
  },
});
