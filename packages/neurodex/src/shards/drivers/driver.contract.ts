import { statSync } from 'node:fs';
import { join } from 'node:path';
import { silentReporter } from '@neurodex/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROUTER_KEY, shardKey } from '../records.ts';
import { runTask } from '../run-task.ts';
import type { ShardDriver } from './driver.ts';
import {
  finishedAt,
  loseObject,
  PlannedPlace,
  recordAt,
  requestFor,
  taskProcesses,
  until,
} from './planned-place.fixture.ts';

export interface DriverCase {
  readonly name: string;
  readonly driver: ShardDriver;
  /** Address of an empty queue, for a driver that needs one. */
  readonly queue?: () => Promise<string>;
}

/** Milliseconds in which a driver ends that is told to. */
const STOPS_WITHIN = 10_000;

/** What every driver does: the place holds the results, and whoever asks gets all of them or a reason. */
export function driverContract({ name, driver, queue }: DriverCase): void {
  describe(`the driver ${name}`, () => {
    let planned: PlannedPlace;
    beforeAll(async () => {
      planned = await PlannedPlace.create();
    }, 240_000);
    afterAll(() => planned.remove());
    const asked = async (place: string, options: Parameters<typeof requestFor>[1] = {}) =>
      await requestFor(place, { queue: await queue?.(), ...options });

    it('makes all shards and the router, and nothing that is there again', async () => {
      const place = planned.copy();
      const request = await asked(place);
      await runTask(request.store, { kind: 'train', shard: 1 }, { reporter: silentReporter });
      const written = statSync(join(place, shardKey(1)));
      const progress: number[] = [];
      const reporter = {
        ...silentReporter,
        progress: ({ phase, done }: { readonly phase: string; readonly done: number }) =>
          void (phase === 'train' && progress.push(done)),
      };
      await driver.run({ ...request, missing: [0], reporter });
      expect(Object.keys(finishedAt(place))).toEqual([shardKey(0), shardKey(1), ROUTER_KEY]);
      expect(progress.at(-1)).toBe(1);
      const now = statSync(join(place, shardKey(1)));
      expect([now.ino, now.mtimeMs]).toEqual([written.ino, written.mtimeMs]);
      expect(taskProcesses()).toEqual([]);
    }, 240_000);

    it('tries a task again whose process was killed, to the same shards', async () => {
      const place = planned.copy();
      const warnings: string[] = [];
      const reporter = { ...silentReporter, warn: (message: string) => void warnings.push(message) };
      const running = driver.run(await asked(place, { reporter }));
      const [first = Number.NaN] = await until('a worker', () => {
        const pids = taskProcesses();
        return pids.length > 0 && pids;
      });
      process.kill(first, 'SIGKILL');
      await running;
      expect(Object.keys(finishedAt(place))).toHaveLength(PlannedPlace.SHARDS + 1);
      expect(warnings.join('\n')).toMatch(/tried again.*SIGKILL/);
    }, 240_000);

    it('ends with the reason of a failure that trying again cannot mend', async () => {
      const place = planned.copy();
      await loseObject(place, 1);
      await expect(driver.run(await asked(place))).rejects.toMatchObject({ code: 'object-missing' });
      expect(recordAt(place, ROUTER_KEY)).toBeUndefined();
      expect(taskProcesses()).toEqual([]);
    }, 240_000);

    it('stops within seconds when it is told to, and leaves no process behind', async () => {
      const place = planned.copy();
      const stopping = new AbortController();
      const running = driver.run(await asked(place, { signal: stopping.signal }));
      const ended = running.then(
        () => undefined,
        (error: unknown) => error,
      );
      await until('a worker', () => taskProcesses().length > 0);
      const told = Date.now();
      stopping.abort();
      expect(await ended).toMatchObject({ code: 'interrupted' });
      expect(Date.now() - told).toBeLessThan(STOPS_WITHIN);
      expect(taskProcesses()).toEqual([]);
    }, 240_000);
  });
}
