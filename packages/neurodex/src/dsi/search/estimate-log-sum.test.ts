import fc from 'fast-check';
import { expect, it } from 'vitest';
import { estimateLogSum, mostSpread } from './estimate-log-sum.ts';

const cases = fc.record({
  count: fc.integer({ min: 1, max: 1_000_000 }),
  square: fc.double({ min: 0, max: 1, noNaN: true }),
  cosine: fc.double({ min: -1, max: 1, noNaN: true }),
  temperature: fc.double({ min: 0, max: 5000, noNaN: true }),
  width: fc.integer({ min: 1, max: 512 }),
});

it('is between what the mean state gives, and that with all of the variance along the query', () => {
  fc.assert(
    fc.property(cases, ({ count, square, cosine, temperature, width }) => {
      const product = cosine * Math.sqrt(square);
      const logCount = Math.log(count);
      const above = estimateLogSum({ logCount, square, product }, temperature, width) - temperature * product;
      const tolerance = 1e-9 * (1 + Math.abs(temperature) + above);
      expect(above).toBeGreaterThanOrEqual(-tolerance);
      expect(above).toBeLessThanOrEqual(logCount + mostSpread(square, temperature, width) + tolerance);
    }),
  );
});

it('is the number of the pictures where all are the mean, or the temperature is zero', () => {
  expect(estimateLogSum({ logCount: Math.log(7), square: 1, product: 0.25 }, 40, 16)).toBeCloseTo(10 + Math.log(7), 12);
  expect(estimateLogSum({ logCount: Math.log(7), square: 0.3, product: 0.1 }, 0, 16)).toBeCloseTo(Math.log(7), 12);
});
