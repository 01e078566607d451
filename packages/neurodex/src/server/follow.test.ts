import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Follower } from './follow.ts';
import type { Host } from './host.ts';
import type { Hosted } from './hosted.ts';

const onDisk = { digest: 'a', created: 'then', changes: { revision: 0 } };

/** What is served, and what was opened when. */
let served: Hosted;
let opened: { digest: string; at: number }[] = [];
/** Milliseconds. */
let opening = 50;
let follower: Follower;
const hosted = (): Hosted => ({ version: structuredClone(onDisk) }) as unknown as Hosted;

beforeEach(() => {
  Object.assign(onDisk, { digest: 'a', created: 'then', changes: { revision: 0 } });
  served = hosted();
  opened = [];
  opening = 50;
  const host = {
    get indexes() {
      return [served];
    },
    replace(_: number, next: Hosted) {
      served = next;
    },
  } as unknown as Host;
  follower = new Follower({
    host,
    places: [{ name: 'an index', look: async () => ({ ...onDisk }) }],
    async open(_, digest) {
      opened.push({ digest, at: performance.now() });
      const next = hosted();
      await setTimeout(opening);
      if (digest === 'damaged') throw new Error('damaged');
      return next;
    },
    onReplaced: () => {},
    onWarning: () => {},
    pause: 10_000,
  });
});
afterEach(() => follower.close());

const change = (revision: number, digest = `${revision}`): void => {
  Object.assign(onDisk, { digest, changes: { revision } });
};
const version = (revision: number) => ({ digest: `${revision}`, created: 'then', revision });

it('a version that somebody waits for is served at once, those behind it in steps', async () => {
  const started = performance.now();
  change(1);
  expect(await follower.serves(0, version(1), 5)).toBe(true);
  expect(performance.now() - started).toBeLessThan(5000);
  // Two changes in a row become one step, and it does not begin before four times as long has passed as the last one took.
  change(2);
  const second = follower.serves(0, version(2), 5);
  change(3);
  expect(await Promise.all([second, follower.serves(0, version(3), 5)])).toEqual([true, true]);
  expect(opened.map(({ digest }) => digest)).toEqual(['1', '3']);
  expect((opened[1]?.at ?? 0) - (opened[0]?.at ?? 0)).toBeGreaterThan(5 * 45);
  // A version that is behind it is served with it.
  expect(await follower.serves(0, version(2), 0)).toBe(true);
});

it('another build is served without a pause', async () => {
  opening = 1000;
  change(1);
  expect(await follower.serves(0, version(1), 5)).toBe(true);
  opening = 0;
  Object.assign(onDisk, { digest: 'b', created: 'now' });
  expect(await follower.serves(0, { digest: 'b', created: 'now', revision: 0 }, 3)).toBe(true);
});

it('a version that cannot be opened is not waited for, nor one that does not come', async () => {
  change(1, 'damaged');
  expect(await follower.serves(0, { digest: 'damaged', created: 'then', revision: 1 }, 5)).toBe(false);
  expect(opened).toHaveLength(1);
  expect(await follower.serves(0, { digest: 'x', created: 'never', revision: 0 }, 0.1)).toBe(false);
});
