import { availableParallelism } from 'node:os';
import { NeurodexError } from '@neurodex/core';
import { taskName } from '../run-task.ts';
import { TRIES, type WorkRequest } from './driver.ts';
import { closeQuietly, type OpenQueue, type QueuedTask, type TaskTaker } from './open-queue.ts';
import { failureText, isHopeless } from './task-failure.ts';
import { TaskWorker } from './task-worker.ts';

/** Takes tasks of a queue, each in a process of its own. This process only keeps their locks: it is never busy. */
export class QueueWorker {
  private readonly queue: OpenQueue;
  private readonly request: WorkRequest;
  private readonly threads: number;
  private readonly all = new Set<TaskWorker>();
  private readonly idle: TaskWorker[] = [];
  private readonly taker: TaskTaker;
  private isClosing = false;

  constructor(queue: OpenQueue, request: WorkRequest) {
    this.queue = queue;
    this.request = request;
    this.threads = Math.max(1, Math.floor(availableParallelism() / request.workers));
    this.taker = queue.take((job, token) => this.process(job, token), request.workers);
  }

  /** Gives back what is not finished: another worker takes it at once. */
  async close(): Promise<void> {
    this.isClosing = true;
    const closed = closeQuietly(this.taker);
    await Promise.all([...this.all].map((worker) => worker.close()));
    await closed;
  }

  private async process(job: QueuedTask, token: string | undefined): Promise<void> {
    const { task } = job.data;
    const { place, environment, reporter } = this.request;
    const worker = this.idle.pop() ?? new TaskWorker(environment, reporter);
    this.all.add(worker);
    try {
      if (!this.isClosing) {
        await worker.do({ place, task, threads: this.threads }, (event) => {
          // How far it is may get lost.
          job.updateProgress(event).catch(() => {});
        });
        return;
      }
    } catch (error) {
      if (!this.isClosing) return await this.fail(job, token, error);
    } finally {
      this.idle.push(worker);
    }
    await job.moveToWait(token);
    throw new this.queue.bullmq.WaitingError();
  }

  private async fail(job: QueuedTask, token: string | undefined, error: unknown): Promise<never> {
    const { bullmq, times } = this.queue;
    const text = failureText(error);
    const code = error instanceof NeurodexError ? error.code : 'server-failed';
    if (code === 'shards-unfinished') {
      // A queue that lost tasks lets the router go too early: whoever waits puts them in again.
      await job.moveToDelayed(Date.now() + times.look, token);
      throw new bullmq.DelayedError();
    }
    if (isHopeless(code)) throw new bullmq.UnrecoverableError(text);
    const tried = job.attemptsMade + 1;
    if (tried < TRIES)
      this.request.reporter.warn(`${taskName(job.data.task)} failed and is tried again: ${text}`, { tried });
    throw new Error(text);
  }
}
