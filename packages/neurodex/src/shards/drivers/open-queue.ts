import { setTimeout } from 'node:timers/promises';
import { errorCode, errorMessage, NeurodexError, type ProgressEvent, type Reporter } from '@neurodex/core';
import type { BackendClasses, IQueueBackend } from 'bullmq';
import type { ShardPlan } from '../records.ts';
import type { ShardTask } from './driver.ts';
import { parseQueueAddress, type QueueAddress } from './queue-address.ts';

/** Times of a queue, in milliseconds. */
export interface QueueTimes {
  /** Between two looks of who waits, at the place and at the queue. */
  readonly look: number;
  /** For which a worker owns a task that it was heard of last. */
  readonly lock: number;
  /** Between two looks for tasks whose worker is not heard of any more. */
  readonly stalled: number;
  /** For which a server may not answer at the beginning. */
  readonly patience: number;
}

export const QUEUE_TIMES: QueueTimes = { look: 3000, lock: 30_000, stalled: 15_000, patience: 10_000 };

export interface TaskData {
  readonly task: ShardTask;
}

/** What is used of a job. */
export interface QueuedTask {
  readonly id?: string | undefined;
  readonly data: TaskData;
  readonly failedReason: string;
  readonly attemptsMade: number;
  retry(state: 'failed', options: { readonly resetAttemptsMade: boolean }): Promise<void>;
  updateProgress(event: ProgressEvent): Promise<void>;
  moveToWait(token?: string): Promise<number>;
  moveToDelayed(timestamp: number, token?: string): Promise<void>;
}

type Classes = BackendClasses<IQueueBackend, unknown>;
export type TaskQueue = InstanceType<Classes['Queue']>;
export type TaskFlows = InstanceType<Classes['FlowProducer']>;
/** What takes tasks from a queue. */
export interface TaskTaker {
  close(): Promise<void>;
  disconnect(): Promise<void>;
}

/** The tasks of one plan in a queue: its name is that of the plan, so that those of another one are never met. */
export interface OpenQueue {
  readonly bullmq: typeof import('bullmq');
  readonly name: string;
  readonly address: QueueAddress;
  readonly times: QueueTimes;
  readonly tasks: TaskQueue;
  readonly flows: TaskFlows;
  take(process: (job: QueuedTask, token?: string) => Promise<void>, concurrency: number): TaskTaker;
  close(): Promise<void>;
}

/** @param digest of a plan */
export const queueName = (digest: string): string => `neurodex-${digest.slice(0, 32)}`;

/** Milliseconds for an orderly end; then connections are cut. */
const FAREWELL = 5000;

/** Ends what has a connection, though its server may be away. */
export async function closeQuietly(it: { close(): Promise<void>; disconnect(): Promise<void> }): Promise<void> {
  const stop = new AbortController();
  const late = setTimeout(FAREWELL, undefined, { signal: stop.signal }).then(
    () => {
      // Of a server that is away, this may never be told.
      it.disconnect().catch(() => {});
    },
    () => {},
  );
  await Promise.race([it.close(), late]).catch(() => {});
  stop.abort();
}

/** Its client of the server is a package of its own, which it looks for by itself. @throws NeurodexError `package-unavailable` */
async function loadBullmq({ server }: QueueAddress): Promise<typeof import('bullmq')> {
  const client: string = server === 'postgres' ? 'pg' : 'ioredis';
  try {
    await import(client);
    return await import('bullmq');
  } catch (error) {
    if (errorCode(error) !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new NeurodexError(
      'package-unavailable',
      `a queue needs the packages bullmq and ${client}, which are not installed`,
      {
        hint: `npm install bullmq ${client}`,
        details: { packages: ['bullmq', client] },
        cause: error,
      },
    );
  }
}

/**
 * Opens the queue of a plan. BullMQ is loaded here first.
 * @throws NeurodexError `queue-unreachable`, `usage`, `package-unavailable`
 */
export async function openQueue(
  { queue, plan, reporter }: { readonly queue: string; readonly plan: ShardPlan; readonly reporter: Reporter },
  times: QueueTimes,
): Promise<OpenQueue> {
  const address = parseQueueAddress(queue);
  const bullmq = await loadBullmq(address);
  const { classes, asking, taking } = connectionsTo(address, bullmq);
  const name = queueName(plan.digest);
  let last = 'no answer';
  const onError = (error: Error): void => {
    last = address.scrub(errorMessage(error));
  };
  // A worker that comes when all is done leaves nothing in the queue.
  const tasks = new classes.Queue(name, { connection: asking, skipMetasUpdate: true });
  const flows = new classes.FlowProducer({ connection: asking });
  tasks.on('error', onError);
  flows.on('error', onError);
  const close = async (): Promise<void> => {
    await Promise.all([closeQuietly(tasks), closeQuietly(flows)]);
  };
  const stop = new AbortController();
  const late = setTimeout(times.patience, undefined, { signal: stop.signal }).then(() =>
    Promise.reject(new Error(last)),
  );
  try {
    await Promise.race([tasks.waitUntilReady(), late]);
  } catch (error) {
    await close();
    throw new NeurodexError(
      'queue-unreachable',
      `the queue ${address.shown} does not answer: ${address.scrub(errorMessage(error))}`,
      {
        hint: 'compare its address, its user and password, and whether its server runs',
        details: { queue: address.shown },
      },
    );
  } finally {
    stop.abort();
    late.catch(() => {});
  }
  return {
    ...{ bullmq, name, address, times, tasks, flows, close },
    take(process, concurrency) {
      const { lock: lockDuration, stalled: stalledInterval } = times;
      const options = { lockDuration, stalledInterval, maxStalledCount: MOST_STALLS, concurrency };
      const taker = new classes.Worker<TaskData, void>(name, process, { connection: taking, ...options });
      let isTold = false;
      taker.on('error', (error) => {
        if (!isTold) reporter.warn(`the queue ${address.shown} fails: ${address.scrub(errorMessage(error))}`);
        isTold = true;
      });
      taker.on('active', () => {
        isTold = false;
      });
      return taker;
    },
  };
}

/** Workers that a task may lose before it is taken for what kills them. */
const MOST_STALLS = 3;

/** Milliseconds between two tries to connect again. */
const reconnectAfter = (tried: number): number => Math.min(100 * 2 ** tried, 2000);

function connectionsTo({ server, address }: QueueAddress, bullmq: typeof import('bullmq')) {
  if (server === 'postgres') {
    const classes = bullmq.withBackend(bullmq.createPostgresBackend) as unknown as Classes;
    // One schema for all plans; whoever is first makes its tables.
    const connection = { connectionString: address, schema: 'neurodex_queue', migrate: true, max: 4 };
    return { classes, asking: connection, taking: connection };
  }
  const classes = bullmq.withBackend(bullmq.createRedisBackend) as unknown as Classes;
  const taking = { url: address, maxRetriesPerRequest: null, retryStrategy: reconnectAfter };
  // Who waits asks again later: a question to a server that is away fails at once.
  return { classes, asking: { ...taking, enableOfflineQueue: false }, taking };
}
