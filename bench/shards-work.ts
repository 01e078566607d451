import { type ChildProcess, fork } from 'node:child_process';
import { constants, cpSync, rmSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Random } from '@neurodex/autograd';
import { z } from 'zod';
import type { ToDriver, ToProcess } from '../packages/neurodex/src/shards/drivers/task-messages.ts';
import { childrenOf, killProcess } from './processes.ts';
import { recordsOf, storeIn } from './shards-store.ts';
import { runProgram, withTemporary } from './shards-worker.ts';

/** As it is built: the commands run it too. */
const TASK_PROCESS = fileURLToPath(
  new URL('../packages/neurodex/dist/shards/drivers/task-process.js', import.meta.url),
);
/** Milliseconds between two looks for a worker to kill. */
const LOOK = 50;
/** Times that the command may be given again beside once for each kill. */
const MOST_AGAIN = 10;

export const ranSchema = z.object({
  seconds: z.number(),
  kills: z.int(),
  /** Times that the command was given again, because one shard was killed too often. */
  again: z.int(),
  records: z.record(z.string(), z.string()),
});
export type Ran = z.infer<typeof ranSchema>;

export const aloneSchema = z.object({
  /** The first with the start of the process. */
  secondsOfEachShard: z.array(z.number()),
  seconds: z.number(),
  records: z.record(z.string(), z.string()),
});
export type Alone = z.infer<typeof aloneSchema>;

/** A place as it was planned, in another folder. */
export function copyOf(place: string, copy: string): string {
  rmSync(copy, { recursive: true, force: true });
  cpSync(place, copy, { recursive: true, mode: constants.COPYFILE_FICLONE });
  return copy;
}

export interface Killing {
  readonly kills: number;
  /** Seconds between kills, on average. */
  readonly spacing: number;
}

/** Makes all shards with the local driver, and kills workers at random meanwhile. */
export const runKilling = (place: string, killing: Killing, log: (line: string) => void): Promise<Ran> =>
  withTemporary((environment) => runIn(environment, place, killing, log));

async function runIn(
  environment: NodeJS.ProcessEnv,
  place: string,
  { kills, spacing }: Killing,
  log: (line: string) => void,
): Promise<Ran> {
  const random = Random.seeded(21);
  const began = performance.now();
  let [killed, again] = [0, 0];
  const args = ['shards', 'run', place, '--workers', '2', '--quiet'];
  for (;;) {
    const { child, ended } = runProgram({ args, environment });
    let isRunning = true;
    void ended.then(() => {
      isRunning = false;
    });
    let next = performance.now() + 2000 * spacing * random.uniform();
    while (isRunning) {
      await setTimeout(LOOK);
      if (killed >= kills || performance.now() < next) continue;
      const workers = childrenOf(child.pid ?? -1);
      const victim = workers[random.integer(Math.max(1, workers.length))];
      if (victim === undefined) continue;
      killProcess(victim);
      killed++;
      log(`kill ${killed} of ${kills}`);
      next = performance.now() + 2000 * spacing * random.uniform();
    }
    const { status, errors } = await ended;
    const seconds = (performance.now() - began) / 1000;
    if (status === 0) return { seconds, kills: killed, again, records: await recordsOf(await storeIn(place)) };
    again++;
    if (again > kills + MOST_AGAIN) throw new Error(`the shards were not made: ${errors}`);
  }
}

/** Makes all shards with one worker of one thread: a process as drivers start it, which does one task after another. */
export async function runAlone(place: string, shards: number): Promise<Alone> {
  const began = performance.now();
  const secondsSince = (start: number): number => (performance.now() - start) / 1000;
  const worker = fork(TASK_PROCESS, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  try {
    const secondsOfEachShard: number[] = [];
    for (let shard = 0; shard < shards; shard++) {
      const start = performance.now();
      await doTask(worker, { place, task: { kind: 'train', shard }, threads: 1 });
      secondsOfEachShard.push(secondsSince(start));
    }
    await doTask(worker, { place, task: { kind: 'route' }, threads: 1 });
    return { secondsOfEachShard, seconds: secondsSince(began), records: await recordsOf(await storeIn(place)) };
  } finally {
    worker.kill('SIGKILL');
  }
}

function doTask(worker: ChildProcess, request: ToProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error('the worker ended before its task was done'));
    const onMessage = (message: ToDriver): void => {
      if (message.kind !== 'done' && message.kind !== 'failed') return;
      worker.off('exit', onExit);
      worker.off('message', onMessage);
      if (message.kind === 'done') resolve();
      else reject(new Error(message.message));
    };
    worker.on('exit', onExit);
    worker.on('message', onMessage);
    worker.send(request);
  });
}
