import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { defined } from '@neurodex/core';
import { contentKey } from '@neurodex/objects';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { PlannedPlace } from '../packages/neurodex/src/shards/drivers/planned-place.fixture.ts';
import { findRedis, MISSING_REDIS } from '../packages/neurodex/src/shards/drivers/queue-servers.fixture.ts';
import { findShard, ROUTER_KEY, readPlan, shardKey } from '../packages/neurodex/src/shards/records.ts';
import { describeMachine } from './machine.ts';
import { processesMissing } from './processes.ts';
import { benchmark } from './shards.ts';
import { runDisturbed } from './shards-disturbed.ts';
import { contentsOf, differing, storeIn } from './shards-store.ts';
import { targetsOf } from './shards-targets.ts';
import { runAlone } from './shards-work.ts';

test('what was not measured has a target without a value, which is not met', () => {
  const sizes = { asked: 4, shards: 16, reference: 10_000, small: 1000, kills: 20, restarts: 2, outage: 60 };
  const targets = targetsOf({}, sizes);
  expect(targets.length).toBeGreaterThan(15);
  for (const target of targets) expect(target).toMatchObject({ value: null, met: null });
});

test('unknown parts and sizes that are no numbers are refused', async () => {
  const run = (flags: Record<string, string>) =>
    benchmark.run({ machine: describeMachine(), flags: { ...flags }, log: () => {} });
  const sizes = { pictures: '9', shards: '1', sample: '9', steps: '1', kills: '1', outage: '1', reference: '9' };
  await expect(run({ ...sizes, only: 'work,speed' })).rejects.toMatchObject({ code: 'usage' });
  await expect(run({ ...sizes, only: 'work,speed' })).rejects.toThrow('"speed"');
  await expect(run({ ...sizes, pictures: 'many' })).rejects.toThrow('--pictures is many');
});

const missing = processesMissing() ?? (findRedis() === undefined ? MISSING_REDIS : undefined);

/** The disturbed run in small: two shards, the shortest outage, one kill. */
describe.skipIf(missing !== undefined)(`a disturbed run${missing === undefined ? '' : `: ${missing}`}`, () => {
  let planned: PlannedPlace;
  beforeAll(async () => {
    planned = await PlannedPlace.create();
  }, 240_000);
  afterAll(() => planned?.remove());

  it('makes the shards of an undisturbed one', async () => {
    const place = planned.copy();
    const disturbed = await runDisturbed(
      place,
      { kills: 1, spacing: 0.1, within: 0, restarts: 1, outage: 2 },
      { redis: findRedis() ?? '', log: () => {} },
    );
    const alone = await runAlone(place, PlannedPlace.SHARDS);
    expect(Object.keys(alone.records)).toEqual([shardKey(0), shardKey(1), ROUTER_KEY]);
    expect(differing(alone.records, disturbed.records)).toEqual([]);
    expect(disturbed).toMatchObject({ kills: 1, leftOut: 0, damaged: 0 });
    expect(disturbed.lostCpuSeconds).toHaveLength(1);
    expect(disturbed.checkpointCpuSeconds).toBeGreaterThan(0);
  }, 240_000);

  it('is said to lack what a place lacks', async () => {
    const place = planned.copy();
    const { records } = await runAlone(place, PlannedPlace.SHARDS);
    const store = await storeIn(place);
    const whole = await contentsOf(store);
    expect(whole).toMatchObject({ leftOut: 0, damaged: 0 });
    expect(differing(records, { ...records, [ROUTER_KEY]: '0' })).toEqual([ROUTER_KEY]);
    rmSync(join(place, shardKey(1)));
    const some = await contentsOf(store);
    expect(some.leftOut).toBeGreaterThan(0);
    expect(some.objects).toBeLessThan(whole.objects);
    const { cells } = defined(await findShard(store, await readPlan(store), 0), 'a record');
    rmSync(join(place, contentKey(cells.sha256)));
    expect(await contentsOf(store)).toMatchObject({ damaged: 1 });
  }, 240_000);
});
