import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServedPlace } from '../server/served-place.fixture.ts';
import { OpenPlace } from './open-place.ts';
import type { RouterRecord } from './records.ts';
import { checkTrained } from './route-shards.ts';
import { CACHE_BYTES, routedShard } from './sharded-index.ts';

/** Shards of a place, opened by what takes its time. */

let served: ServedPlace;
let place: OpenPlace;
let router: RouterRecord;
const opened: string[] = [];
const closed: string[] = [];

beforeAll(async () => {
  served = await ServedPlace.create();
  const store = await served.store();
  place = await OpenPlace.open({ store, cache: served.at('own-cache'), cacheBytes: CACHE_BYTES });
  ({ record: router } = await checkTrained(store, place.plan));
}, 300_000);
afterAll(async () => {
  await place?.close();
  await served?.remove();
});

const slowShards = (milliseconds: number, most = 2) =>
  place.shards({
    most,
    async open(folder) {
      opened.push(folder);
      await pause(milliseconds);
      return { folder, close: async () => void closed.push(folder) };
    },
  });
const shard = (number: number) => routedShard(router, number);

describe('open shards', () => {
  it('that take too long to open are opened on, for whoever asks later', async () => {
    const shards = slowShards(400);
    opened.length = 0;
    const use = (milliseconds: number) => shards.use(shard(0), ({ folder }) => folder, milliseconds);
    await expect(use(50)).rejects.toMatchObject({
      code: 'shards-unavailable',
      message: 'shard 0 is still being opened',
    });
    await expect(use(1)).rejects.toMatchObject({ code: 'shards-unavailable' });
    expect(await use(5000)).toBe(opened[0]);
    expect(await use(1)).toBe(opened[0]);
    expect(opened).toHaveLength(1);
    await shards.close();
  });

  it('stay open while they are used, and make room for others when they are not', async () => {
    const shards = slowShards(1, 1);
    closed.length = 0;
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let first = '';
    const using = shards.use(shard(0), async ({ folder }) => {
      first = folder;
      await held;
      return closed.includes(folder);
    });
    await shards.use(shard(1), () => {});
    await shards.use(shard(2), () => {});
    expect(closed).not.toContain(first);
    expect(closed.length).toBeGreaterThan(0);
    release();
    expect(await using).toBe(false);
    await shards.close();
    expect(closed).toContain(first);
  });

  it('are refused under the record of another shard, and under what is no record', async () => {
    const shards = slowShards(1);
    const use = (routed: ReturnType<typeof shard>) => shards.use(routed, () => 'used');
    const mixed = { ...shard(0), record: shard(1).record };
    await expect(use(mixed)).rejects.toMatchObject({ code: 'shards-mixed' });
    expect(await use(shard(1))).toBe('used');
    await expect(use(mixed)).rejects.toMatchObject({ code: 'shards-mixed' });
    await expect(use({ ...shard(0), record: router.cells })).rejects.toMatchObject({ code: 'shards-mixed' });
    const lost = { bytes: 9, sha256: '0'.repeat(64) };
    await expect(use({ ...shard(0), record: lost })).rejects.toMatchObject({ code: 'object-missing' });
    const large = { bytes: 2 ** 40, sha256: shard(0).record.sha256 };
    await expect(use({ ...shard(0), record: large })).rejects.toMatchObject({ code: 'shards-mixed' });
    await shards.close();
  });
});
