import process from 'node:process';
import { errorMessage, NeurodexError, type Reporter, silentReporter } from '@neurodex/core';
import { openStore } from '@neurodex/objects';
import { runTask } from '../run-task.ts';
import type { ToDriver, ToProcess } from './task-messages.ts';

/*
 * A process that does tasks, one after another, until the process that started it lets it go. It may be killed at any moment: what
 * it has finished is in the store.
 */

const stopping = new AbortController();
const say = (message: ToDriver): void => void process.send?.(message);

process.on('disconnect', () => process.exit(1));
// It may have been killed while this one was starting.
if (!process.connected) process.exit(1);
// A terminal sends Ctrl-C to all processes: the one that started this one decides.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => stopping.abort());
process.on('message', ({ place, task, threads }: ToProcess) => {
  void work(place, task, threads).then(say);
});

async function work(place: string, task: ToProcess['task'], threads: number): Promise<ToDriver> {
  const { signal } = stopping;
  const reporter = speakingReporter();
  try {
    const store = await openStore(place, { environment: process.env, reporter, signal });
    return { kind: 'done', isNew: await runTask(store, task, { threads, reporter, signal }) };
  } catch (error) {
    if (!(error instanceof NeurodexError))
      return { kind: 'failed', code: 'server-failed', message: errorMessage(error), hint: null };
    return { kind: 'failed', code: error.code, message: error.message, hint: error.hint ?? null };
  }
}

/** Milliseconds between two words on how far a task is. */
const PROGRESS_INTERVAL = 1000;

function speakingReporter(): Reporter {
  let said = 0;
  return {
    ...silentReporter,
    warn: (message) => say({ kind: 'warning', message }),
    progress(event) {
      const now = performance.now();
      if (now - said < PROGRESS_INTERVAL) return;
      said = now;
      say({ kind: 'progress', event });
    },
  };
}
