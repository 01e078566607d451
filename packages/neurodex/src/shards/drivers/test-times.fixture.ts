import type { QueueTimes } from './open-queue.ts';

/** Times of a queue, so that tests do not wait half a minute for a worker that is gone. */
export const TEST_TIMES: QueueTimes = { look: 500, lock: 6000, stalled: 1500, patience: 20_000 };
