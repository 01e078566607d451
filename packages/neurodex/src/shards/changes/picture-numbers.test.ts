import fc from 'fast-check';
import { expect, it } from 'vitest';
import { pictureNumber, placeOfNumber } from './picture-numbers.ts';

it('names every picture of every shard and of the sample once', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 0, max: 1e9 }), fc.nat(), (shards, id, n) => {
      const unit = n % (shards + 1) === shards ? ('sample' as const) : n % (shards + 1);
      const number = pictureNumber(shards, unit, id);
      expect(Number.isSafeInteger(number)).toBe(true);
      expect(placeOfNumber(shards, number)).toEqual({ unit, id });
    }),
  );
});
