import { describe, expect, it } from 'vitest';
import { beamOf } from './local-shards.ts';

describe('the beam of a query in a shard', () => {
  it.each([
    ['all where it is the only shard', 64, 10, undefined, 64],
    ['its share', 64, 10, 0.5, 32],
    ['4 in a shard that is hardly likely', 64, 10, 0.001, 4],
    ['no more than that of an index, where that is narrow', 3, 2, 0.001, 3],
    ['a share of as many as answers are wanted', 64, 100, 0.1, 10],
    ['as many as answers are wanted, where it is the only shard', 64, 100, 1, 100],
  ])('is %s', (_, beam, k, share, own) => {
    expect(beamOf(beam, k, share)).toBe(own);
  });
});
