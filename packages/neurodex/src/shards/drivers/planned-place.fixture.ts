import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { silentReporter } from '@neurodex/core';
import { openStore } from '@neurodex/objects';
import { planShards } from '../../jobs/plan-shards.ts';
import { disc, SMALL_WRITE, WrittenIndexes } from '../../jobs/written-indexes.fixture.ts';
import { ROUTER_KEY, readPlan, shardKey } from '../records.ts';
import type { DriverRequest } from './driver.ts';

const COLOURS = ['#c00', '#0a0', '#00c', '#cc0'];
const PICTURES = 80;
const common = { environment: process.env, reporter: silentReporter } as const;

/** A small plan of two shards, and copies of it. */
export class PlannedPlace {
  static readonly SHARDS = 2;
  private readonly written: WrittenIndexes;
  private count = 0;

  private constructor(written: WrittenIndexes) {
    this.written = written;
  }

  static async create(): Promise<PlannedPlace> {
    const written = await WrittenIndexes.create();
    const pictures: Record<string, Buffer> = {};
    for (let i = 0; i < PICTURES; i++) {
      const colour = i % COLOURS.length;
      pictures[`${colour}/${i}.png`] = await disc(COLOURS[colour] ?? '', 3 * i + Math.floor(i / 7));
    }
    const place = written.at('planned');
    await planShards({
      ...{ dataset: await written.draw('source', pictures), config: SMALL_WRITE, systems: ['dsi'], seed: 1 },
      ...{ shards: PlannedPlace.SHARDS, sample: 40, device: 'cpu', place, work: `${place}.plan`, ...common },
    });
    return new PlannedPlace(written);
  }

  remove(): Promise<void> {
    return this.written.remove();
  }

  copy(): string {
    const place = this.written.at(`place-${this.count++}`);
    cpSync(this.written.at('planned'), place, { recursive: true });
    return place;
  }
}

/** What is asked of a driver at a place, of all shards that are missing. */
export async function requestFor(place: string, options: Partial<DriverRequest> = {}): Promise<DriverRequest> {
  const store = await openStore(place, common);
  const plan = await readPlan(store);
  const missing = [...plan.shards.keys()].filter((shard) => recordAt(place, shardKey(shard)) === undefined);
  return { ...common, store, plan, place, workers: 2, missing, ...options };
}

/** A record as it lies in a folder. */
export function recordAt(place: string, key: string): string | undefined {
  try {
    return readFileSync(join(place, key), 'utf8');
  } catch {
    return undefined;
  }
}

/** Records of finished shards and of the router, by key. */
export const finishedAt = (place: string): Record<string, string> =>
  Object.fromEntries(
    [...Array.from({ length: PlannedPlace.SHARDS }, (_, shard) => shardKey(shard)), ROUTER_KEY].flatMap((key) => {
      const record = recordAt(place, key);
      return record === undefined ? [] : [[key, record]];
    }),
  );

/** Removes the object that one shard needs and no other one does. */
export async function loseObject(place: string, shard: number): Promise<void> {
  const { shards } = await readPlan(await openStore(place, common));
  rmSync(join(place, 'objects', shards[shard]?.content.sha256 ?? ''));
}

/** Processes that do tasks, below `parent` at any depth. */
export function taskProcesses(parent = process.pid): number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat=,args='], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  const rows = lines.split('\n').flatMap((line) => {
    const [, pid, ppid, stat, args] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return stat === undefined || stat.startsWith('Z')
      ? []
      : [{ pid: Number(pid), ppid: Number(ppid), args: args ?? '' }];
  });
  const below = new Set([parent]);
  for (let size = 0; size < below.size; ) {
    size = below.size;
    for (const { pid, ppid } of rows) if (below.has(ppid)) below.add(pid);
  }
  return rows.filter(({ pid, args }) => below.has(pid) && /task-process\.[jt]s/.test(args)).map(({ pid }) => pid);
}

/** Resolves when something is so. @throws Error after a minute */
export async function until<T>(what: string, look: () => T | undefined | false): Promise<T> {
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    const seen = look();
    if (seen !== undefined && seen !== false) return seen;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited for ${what} in vain`);
}
