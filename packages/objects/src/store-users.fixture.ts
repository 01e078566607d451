import type { ChildProcess } from 'node:child_process';
import { spawnProcess, workerFile } from '@neurodex/core/workers';
import type { Task } from './store-user.fixture.ts';

/** A process that does a task. */
export interface User<T> {
  readonly child: ChildProcess;
  readonly answer: Promise<T>;
}

export function startUser<T>(task: Task): User<T> {
  const child = spawnProcess(workerFile('./store-user.fixture.ts', import.meta.url), { stdio: 'inherit' });
  const answer = new Promise<T>((resolve, reject) => {
    child.once('message', (message) => resolve(message as T));
    child.once('exit', (code) => reject(new Error(`it ended (${code}) without an answer`)));
    child.once('error', reject);
  });
  answer.catch(() => {});
  child.send(task);
  return { child, answer };
}

export const runUsers = <T>(tasks: readonly Task[]): Promise<T[]> =>
  Promise.all(tasks.map((task) => startUser<T>(task).answer));
