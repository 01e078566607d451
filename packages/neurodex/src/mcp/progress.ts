import type { ServerContext } from '@modelcontextprotocol/server';
import { type Reporter, silentReporter } from '@neurodex/core';

/** Milliseconds between two notifications. */
const PAUSE = 200;

/**
 * Sends the progress of a call to the client that asked for it. Its numbers only grow, as the protocol wants it: a stretch of work
 * counts on from the end of the one before.
 */
export function progressReporter({ mcpReq }: ServerContext, now: () => number = () => performance.now()): Reporter {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return silentReporter;
  let [before, reached, phase, last] = [0, 0, '', Number.NEGATIVE_INFINITY];
  return {
    ...silentReporter,
    progress(event) {
      if (event.phase !== phase) {
        before = reached;
        phase = event.phase;
      }
      const progress = before + event.done;
      const isDone = event.done === event.total;
      if (progress <= reached || (now() - last < PAUSE && !isDone)) return;
      reached = progress;
      last = now();
      const total = event.total === undefined ? {} : { total: before + event.total };
      const params = { progressToken, progress, ...total, message: `${event.phase}: ${event.done} ${event.unit}` };
      // A client that is gone is not told.
      mcpReq.notify({ method: 'notifications/progress', params }).catch(() => {});
    },
  };
}
