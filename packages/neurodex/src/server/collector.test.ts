import { setTimeout as pause } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { Collector } from './collector.ts';

const MEBIBYTE = 2 ** 20;

it('collects after much, once, and when nobody waits', async () => {
  let idle = false;
  const collect = vi.fn();
  const collector = new Collector(() => idle, collect, 5);
  collector.moved(63 * MEBIBYTE);
  idle = true;
  await pause(40);
  expect(collect).not.toHaveBeenCalled();
  idle = false;
  collector.moved(MEBIBYTE);
  await pause(40);
  expect(collect).not.toHaveBeenCalled();
  idle = true;
  await vi.waitFor(() => expect(collect).toHaveBeenCalledTimes(1));
  await pause(40);
  expect(collect).toHaveBeenCalledTimes(1);
  collector.stop();
});

it('frees what lies outside of the heap', async () => {
  const collector = new Collector(() => true, undefined, 5);
  const outside = () => process.memoryUsage().arrayBuffers;
  const before = outside();
  let held: Buffer[] | undefined = Array.from({ length: 4 }, () => Buffer.alloc(50 * MEBIBYTE));
  expect(held.length).toBe(4);
  expect(outside() - before).toBeGreaterThan(150 * MEBIBYTE);
  held = undefined;
  collector.moved(64 * MEBIBYTE);
  await vi.waitFor(() => expect(outside() - before).toBeLessThan(60 * MEBIBYTE));
  collector.stop();
});
