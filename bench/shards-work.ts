import { spawn } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Random } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { silentReporter } from '@neurodex/core';
import { openStore } from '@neurodex/objects';
import { ROUTER_KEY, shardKey } from '../packages/neurodex/src/shards/records.ts';
import { routeShards } from '../packages/neurodex/src/shards/route-shards.ts';
import { trainShard } from '../packages/neurodex/src/shards/train-shard.ts';

const PROGRAM = fileURLToPath(new URL('../packages/neurodex/bin/neurodex.js', import.meta.url));

/** Milliseconds between two looks for a worker to kill. */
const LOOK = 50;

export interface Ran {
  readonly seconds: number;
  readonly kills: number;
  /** Times that the command was given again, because one shard was killed too often. */
  readonly again: number;
}

/** A place as it was planned, in another folder. */
export function copyOf(place: string, copy: string): string {
  rmSync(copy, { recursive: true, force: true });
  cpSync(place, copy, { recursive: true });
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
  for (;;) {
    const child = spawn(process.execPath, [PROGRAM, 'shards', 'run', place, '--workers', '2', '--quiet'], {
      stdio: 'ignore',
    });
    const ended = new Promise<number | null>((resolve) => {
      child.on('close', resolve);
    });
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
      process.kill(victim, 'SIGKILL');
      killed++;
      log(`kill ${killed} of ${kills}`);
      next = performance.now() + 2000 * spacing * random.uniform();
    }
    if ((await ended) === 0) return { seconds: (performance.now() - began) / 1000, kills: killed, again };
    again++;
  }
}

/** Processes that a process has started. */
function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent;
      } catch {
        return false;
      }
    });
}

/** Makes all shards in this process, with one thread. @returns seconds of each */
export async function runAlone(place: string, shards: number): Promise<number[]> {
  const store = await openStore(place, { environment: process.env, reporter: silentReporter });
  const runtime = nodeRuntime({ threads: 1, spinning: false });
  const seconds: number[] = [];
  for (let shard = 0; shard < shards; shard++) {
    const began = performance.now();
    await trainShard({ store, shard, runtime, reporter: silentReporter });
    seconds.push((performance.now() - began) / 1000);
  }
  await routeShards(store);
  return seconds;
}

/** Records that differ between two places, of shards and router. */
export function differing(a: string, b: string, shards: number): string[] {
  const textOf = (place: string, key: string): string => {
    try {
      return readFileSync(join(place, key), 'utf8');
    } catch {
      return `${place} has none`;
    }
  };
  const keys = [...Array.from({ length: shards }, (_, shard) => shardKey(shard)), ROUTER_KEY];
  return keys.filter((key) => textOf(a, key) !== textOf(b, key));
}
