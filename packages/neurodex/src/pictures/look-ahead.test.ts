import { beforeAll, describe, expect, it } from 'vitest';
import { findSamePictures, type SameOptions, type SamePictures } from './find-same.ts';
import { likePictures } from './like-pictures.fixture.ts';
import { finderOf, type LookedUp, type LookUpData, lookUpPart } from './look-ahead.ts';

/** More than are looked up at one time. */
const COUNT = 320;
const { keys, order, access } = likePictures(COUNT, 5);
const isCatalogue = (at: number): boolean => at < COUNT / 2;

/** A thread that is none. @param states that it knows of; by default what the pictures are by now */
function inProcess(data: LookUpData, told: LookedUp[], states = data.states) {
  const finder = finderOf(data);
  return {
    lookUp: async (from: number, to: number) => {
      const found = lookUpPart(finder, { ...data, states }, from, to);
      told.push(...found);
      return found;
    },
    close: async () => {},
  };
}

describe.each([
  ['all pairs', {}],
  ['pairs with a query', { isCatalogue }],
  ['whole pictures alone', { kinds: ['identical', 'equal', 're-encoded'] }],
] satisfies [string, SameOptions][])('pictures that are looked up before their turns, %s', (_, options) => {
  let inTurn: SamePictures;
  beforeAll(async () => {
    inTurn = await findSamePictures(keys, order, access, options);
  });

  it.each([
    ['who knows what the others are', (data: LookUpData) => data.states],
    ['who knows of nobody', (data: LookUpData) => new Uint8Array(data.states.length)],
  ])('are found to be the same as in turn by one %s', async (__, statesOf) => {
    expect(inTurn.relations.filter((relation) => relation !== undefined).length).toBeGreaterThan(30);
    const told: LookedUp[] = [];
    let closed = 0;
    const ahead = await findSamePictures(keys, order, access, {
      ...options,
      lookUpStarter: () => (data) => ({
        ...inProcess(data, told, statesOf(data)),
        close: async () => void closed++,
      }),
    });
    expect(ahead).toEqual(inTurn);
    expect(closed).toBe(1);
    expect(told.length).toBeGreaterThan(COUNT / 2);
    // Some were taken for leaders that were none in the end.
    const members = new Set(inTurn.relations.flatMap((relation, at) => (relation === undefined ? [] : [at])));
    expect(told.some(({ leaders }) => leaders.some((at) => members.has(at)))).toBe(true);
  });
});

it('an error of a thread ends the search, and the threads', async () => {
  let closed = 0;
  const broken = { lookUp: () => Promise.reject(new Error('broken')), close: async () => void closed++ };
  const search = findSamePictures(keys, order, access, { lookUpStarter: () => () => broken });
  await expect(search).rejects.toThrow('broken');
  expect(closed).toBe(1);
});
