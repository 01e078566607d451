import { constants, cpSync, rmSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { Random } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { silentReporter } from '@neurodex/core';
import { z } from 'zod';
import { routeShards } from '../packages/neurodex/src/shards/route-shards.ts';
import { trainShard } from '../packages/neurodex/src/shards/train-shard.ts';
import { childrenOf, killProcess } from './processes.ts';
import { recordsOf, storeIn } from './shards-store.ts';
import { runProgram } from './shards-worker.ts';

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

/** Makes all shards with the local driver, and kills workers at random meanwhile. @param spacing seconds between kills, on average */
export async function runKilling(
  place: string,
  kills: number,
  spacing: number,
  log: (line: string) => void,
): Promise<Ran> {
  const random = Random.seeded(21);
  const began = performance.now();
  let [killed, again] = [0, 0];
  const args = ['shards', 'run', place, '--workers', '2', '--quiet'];
  for (;;) {
    const { child, ended } = runProgram({ args, environment: process.env });
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

/** Makes all shards in this process, with one thread. */
export async function runAlone(place: string, shards: number): Promise<Alone> {
  const store = await storeIn(place);
  const runtime = nodeRuntime({ threads: 1, spinning: false });
  const seconds: number[] = [];
  for (let shard = 0; shard < shards; shard++) {
    const began = performance.now();
    await trainShard({ store, shard, runtime, reporter: silentReporter });
    seconds.push((performance.now() - began) / 1000);
  }
  await routeShards(store);
  const sum = seconds.reduce((a, b) => a + b, 0);
  return { secondsOfEachShard: seconds, seconds: sum, records: await recordsOf(store) };
}
