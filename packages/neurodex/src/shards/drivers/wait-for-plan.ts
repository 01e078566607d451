import { errorMessage, NeurodexError } from '@neurodex/core';
import { throwIfInterrupted } from '@neurodex/core/storage';
import { findRouter, findShard, SHARDS_FOLDER, shardKey } from '../records.ts';
import { taskName } from '../run-task.ts';
import { type DriverRequest, type ShardTask, TRIES } from './driver.ts';
import type { OpenQueue, TaskData } from './open-queue.ts';
import { failureOf } from './task-failure.ts';

const ROUTER_ID = 'router';
/** Of a router that waits for nothing: for one that waits for tasks that the queue has lost. */
const LONE_ROUTER_ID = 'router-alone';
const idOf = (task: ShardTask): string => (task.kind === 'route' ? ROUTER_ID : `shard-${task.shard}`);

/** Looks after which everything is put into the queue again, whatever it says. */
const RENEWAL = 10;
/** Looks for which a router may still wait when all shards are there. */
const ROUTER_PATIENCE = 2;

const OPTIONS = {
  attempts: TRIES,
  // As `backOff`.
  backoff: { type: 'exponential', delay: 1000 },
  removeOnComplete: true,
} as const;

/**
 * Waits for the shards and the router of a plan. The place says what is there; the queue only says what failed. Whatever it lost is
 * put in again: ids are those of the tasks, so that nothing is in it twice.
 */
export class PlanWaiter {
  private readonly queue: OpenQueue;
  private readonly request: DriverRequest;
  private readonly missing: Set<number>;
  private looks = 0;
  private routerLooks = 0;
  private isAway = false;

  constructor(queue: OpenQueue, request: DriverRequest) {
    this.queue = queue;
    this.request = request;
    this.missing = new Set(request.missing);
  }

  /** Puts the tasks into the queue; those that failed in an earlier run begin anew. */
  async begin(): Promise<void> {
    for (const job of await this.queue.tasks.getFailed())
      await job.retry('failed', { resetAttemptsMade: true }).catch(() => {});
    await this.enqueue();
  }

  /** @returns whether the router is there @throws NeurodexError of a task that failed for good, `interrupted`, `store-*` */
  async look(): Promise<boolean> {
    const { store, plan, reporter, signal } = this.request;
    throwIfInterrupted(signal);
    await this.lookAtPlace();
    if (this.missing.size === 0 && (await findRouter(store, plan)) !== undefined) return true;
    try {
      await this.lookAtQueue();
      if (this.isAway) reporter.info(`the queue ${this.queue.address.shown} answers again`);
      this.isAway = false;
    } catch (error) {
      if (error instanceof NeurodexError) throw error;
      const { shown, scrub } = this.queue.address;
      const message = scrub(errorMessage(error));
      // A client's words for a server that is away say no more than that.
      const reason = message.includes('enableOfflineQueue') ? '' : `: ${message}`;
      if (!this.isAway) reporter.warn(`the queue ${shown} does not answer and is waited for${reason}`);
      this.isAway = true;
    }
    return false;
  }

  private async lookAtPlace(): Promise<void> {
    const { store, plan, reporter, missing } = this.request;
    const before = this.missing.size;
    const keys = new Map([...this.missing].map((shard) => [shardKey(shard), shard]));
    for await (const { key } of store.list(SHARDS_FOLDER)) {
      const shard = keys.get(key);
      if (shard !== undefined && (await findShard(store, plan, shard)) !== undefined) this.missing.delete(shard);
    }
    if (this.missing.size === before) return;
    const [done, total] = [missing.length - this.missing.size, missing.length];
    reporter.progress({ phase: 'train', done, total, unit: 'shards' });
  }

  private async lookAtQueue(): Promise<void> {
    const { tasks } = this.queue;
    for (const { failedReason, data } of await tasks.getFailed()) {
      const { task } = data as TaskData;
      if (task.kind === 'route' || this.missing.has(task.shard))
        throw failureOf(failedReason, task, taskName(task), this.request.place);
    }
    this.looks++;
    const counts = await tasks.getJobCounts('waiting', 'active', 'delayed', 'waiting-children');
    const held = Object.values(counts).reduce((sum, count) => sum + count, 0);
    if (held < this.missing.size + 1 || this.looks % RENEWAL === 0) await this.enqueue();
    if (this.missing.size > 0) return;
    const state = await tasks.getJobState(ROUTER_ID);
    this.routerLooks = state === 'waiting-children' ? this.routerLooks + 1 : 0;
    if (this.routerLooks <= ROUTER_PATIENCE) return;
    const task: ShardTask = { kind: 'route' };
    await tasks.add(taskName(task), { task }, { ...OPTIONS, jobId: LONE_ROUTER_ID });
  }

  /** A flow: the router waits for the shards. */
  private async enqueue(): Promise<void> {
    const { flows, name: queueName } = this.queue;
    const node = (task: ShardTask) => ({
      ...{ name: taskName(task), queueName, data: { task } satisfies TaskData },
      opts: { ...OPTIONS, jobId: idOf(task) },
    });
    const children = [...this.missing].map((shard) => node({ kind: 'train', shard }));
    await flows.add({ ...node({ kind: 'route' }), children });
  }
}
