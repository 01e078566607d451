import { expect, it, vi } from 'vitest';
import { SharedParts } from './shared-parts.ts';

it('a part is made once, and freed by its last user', async () => {
  const parts = new SharedParts();
  const make = vi.fn(async () => 'session');
  const free = vi.fn(async () => {});
  const [first, second] = await Promise.all([parts.take('a', make, free), parts.take('a', make, free)]);
  expect([first.part, second.part]).toEqual(['session', 'session']);
  expect(make).toHaveBeenCalledTimes(1);
  await first.giveBack();
  expect(free).not.toHaveBeenCalled();
  const third = await parts.take('a', make, free);
  await second.giveBack();
  await third.giveBack();
  expect(free).toHaveBeenCalledExactlyOnceWith('session');
  await parts.take('a', make, free);
  expect(make).toHaveBeenCalledTimes(2);
  await parts.take('b', make, free);
  expect(make).toHaveBeenCalledTimes(3);
});

it('a part that could not be made is tried again', async () => {
  const parts = new SharedParts();
  const free = async () => {};
  await expect(parts.take('a', () => Promise.reject(new Error('damaged')), free)).rejects.toThrow('damaged');
  expect((await parts.take('a', async () => 1, free)).part).toBe(1);
});
