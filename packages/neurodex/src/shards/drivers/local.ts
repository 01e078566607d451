import { availableParallelism } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { NeurodexError } from '@neurodex/core';
import { throwIfInterrupted } from '@neurodex/core/storage';
import { taskName } from '../run-task.ts';
import { backOff, type DriverRequest, HOPELESS, type ShardDriver, type ShardTask, TRIES } from './driver.ts';
import { TaskWorker } from './task-worker.ts';

/** Processes of this machine. */
export const local: ShardDriver = {
  name: 'local',
  protocols: [],
  async run(request) {
    const { missing, workers, reporter, signal } = request;
    const tasks: ShardTask[] = missing.map((shard) => ({ kind: 'train', shard }));
    const threads = Math.max(1, Math.floor(availableParallelism() / workers));
    const failing = new AbortController();
    const stops = signal === undefined ? [failing.signal] : [failing.signal, signal];
    const stop = AbortSignal.any(stops);
    let done = 0;
    // The others end with `interrupted` then, whichever slot they have.
    let failure: unknown;
    const work = async (): Promise<void> => {
      const worker = new TaskWorker(request.environment, reporter);
      const onStop = (): void => void worker.close();
      stop.addEventListener('abort', onStop, { once: true });
      try {
        for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
          await doTask(worker, task, { ...request, threads, stop });
          reporter.progress({ phase: 'train', done: ++done, total: missing.length, unit: 'shards' });
        }
      } catch (error) {
        if (!stop.aborted) failure = error;
        failing.abort();
        throw error;
      } finally {
        stop.removeEventListener('abort', onStop);
        await worker.close();
      }
    };
    await Promise.allSettled(Array.from({ length: Math.min(workers, Math.max(1, tasks.length)) }, work));
    throwIfInterrupted(signal);
    if (failure !== undefined) throw failure;
    const router = new TaskWorker(request.environment, reporter);
    const onStop = (): void => void router.close();
    stop.addEventListener('abort', onStop, { once: true });
    try {
      await doTask(router, { kind: 'route' }, { ...request, threads, stop });
    } finally {
      stop.removeEventListener('abort', onStop);
      await router.close();
    }
  },
};

async function doTask(
  worker: TaskWorker,
  task: ShardTask,
  { place, threads, reporter, stop }: DriverRequest & { readonly threads: number; readonly stop: AbortSignal },
): Promise<void> {
  for (let tried = 1; ; tried++) {
    throwIfInterrupted(stop);
    try {
      await worker.do({ place, task, threads });
      return;
    } catch (error) {
      throwIfInterrupted(stop);
      if (!(error instanceof NeurodexError) || HOPELESS.has(error.code)) throw error;
      const { message, hint } = error;
      if (tried === TRIES) {
        throw new NeurodexError('shards-failed', `${taskName(task)} failed ${TRIES} times, at last: ${message}`, {
          hint: hint ?? 'run it again: what is finished stays',
          details: { place, task: taskName(task) },
        });
      }
      reporter.warn(`${taskName(task)} failed and is tried again: ${message}`, { tried });
      await setTimeout(backOff(tried), undefined, { signal: stop }).catch(() => {});
    }
  }
}
