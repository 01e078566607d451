import { availableParallelism } from 'node:os';
import { expect, it } from 'vitest';
import { findSamePictures } from '../pictures/find-same.ts';
import { likePictures } from '../pictures/like-pictures.fixture.ts';
import { lookUpThreads, startThreads } from './look-up-threads.ts';

it('threads find the same pictures as one does', async () => {
  const { keys, order, access } = likePictures(400, 7);
  const alone = await findSamePictures(keys, order, access);
  let asked = 0;
  const together = await findSamePictures(keys, order, access, {
    lookUpStarter: () => (data) => {
      const { lookUp, close } = startThreads(data, 2);
      return { lookUp: (from, to) => lookUp(from, to).finally(() => asked++), close };
    },
  });
  expect(together).toEqual(alone);
  expect(asked).toBeGreaterThan(5);
}, 60_000);

it('are started for many pictures, where there are cores for them, and not for so many that each would take much memory', () => {
  expect(lookUpThreads(100)).toBeUndefined();
  expect(lookUpThreads(10_000_000)).toBeUndefined();
  expect(lookUpThreads(10_000) === undefined).toBe(availableParallelism() === 1);
});
