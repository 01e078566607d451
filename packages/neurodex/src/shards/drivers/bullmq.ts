import { setTimeout } from 'node:timers/promises';
import { errorMessage, NeurodexError } from '@neurodex/core';
import { throwIfInterrupted } from '@neurodex/core/storage';
import { findRouter } from '../records.ts';
import type { QueueDriver, WorkRequest } from './driver.ts';
import { type OpenQueue, openQueue, QUEUE_TIMES, type QueueTimes } from './open-queue.ts';
import { QUEUE_PROTOCOLS } from './queue-address.ts';
import { QueueWorker } from './queue-worker.ts';
import { PlanWaiter } from './wait-for-plan.ts';

/** A queue in Redis or PostgreSQL, by BullMQ: workers of any machine take the tasks. */
export function bullmqDriver(times: QueueTimes = QUEUE_TIMES): QueueDriver {
  return {
    name: 'bullmq',
    protocols: QUEUE_PROTOCOLS,
    async run(request) {
      const { signal, workers } = request;
      await withQueue(request, times, async (queue) => {
        const waiter = new PlanWaiter(queue, request);
        await waiter.begin();
        const worker = workers > 0 ? new QueueWorker(queue, request) : undefined;
        try {
          while (!(await waiter.look())) await pause(times.look, signal);
        } finally {
          await worker?.close();
        }
        await removeQueue(queue);
      });
    },
    async work(request) {
      const { signal, untilDone, store, plan } = request;
      if (untilDone && (await findRouter(store, plan)) !== undefined) return;
      await withQueue(request, times, async (queue) => {
        const worker = new QueueWorker(queue, request);
        const isDone = async () => untilDone && (await findRouter(store, plan)) !== undefined;
        try {
          while (!signal?.aborted && !(await isDone()))
            await setTimeout(times.look, undefined, { ...(signal && { signal }) }).catch(() => {});
        } finally {
          await worker.close();
        }
        if (!untilDone) return;
        throwIfInterrupted(signal);
        // A worker that looked for stalled tasks after the queue was removed has begun it anew: whoever ends last leaves none.
        await removeQueue(queue);
      });
    },
  };
}

async function withQueue(
  request: WorkRequest,
  times: QueueTimes,
  work: (queue: OpenQueue) => Promise<void>,
): Promise<void> {
  const { queue, plan, reporter } = request;
  if (queue === undefined) throw new NeurodexError('usage', 'a queue is needed, and none is named');
  const opened = await openQueue({ queue, plan, reporter }, times);
  try {
    await work(opened);
  } finally {
    await opened.close();
  }
}

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await setTimeout(milliseconds, undefined, { ...(signal && { signal }) }).catch(() => {});
  throwIfInterrupted(signal);
}

/** Times that the end of the last task is waited for: the router is in the place a moment before its task has ended. */
const LAST_LOOKS = 20;
/** Milliseconds between them. */
const LAST_PAUSE = 250;

/** Leaves nothing of a finished plan in a queue; what cannot be removed does no harm. */
async function removeQueue({ tasks }: OpenQueue): Promise<void> {
  for (let i = 0; i < LAST_LOOKS; i++) {
    try {
      await tasks.obliterate();
      return;
    } catch (error) {
      if (!/active jobs/i.test(errorMessage(error))) return;
      await setTimeout(LAST_PAUSE);
    }
  }
}
