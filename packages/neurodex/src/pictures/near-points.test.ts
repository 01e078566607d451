import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distanceKernel } from './distance-kernel.ts';
import { NearPoints } from './near-points.ts';

const number = fc.oneof(
  fc.integer({ min: -8, max: 8 }).map((n) => n / 8),
  fc.constant(Number.NaN),
  fc.constant(Infinity),
);

describe.each([
  ['in WebAssembly', distanceKernel],
  ['in JavaScript', () => undefined],
])('points near a query, %s', (_, makeKernel) => {
  it('are those within the radius, of the points that are asked for, with their distances', () => {
    const property = fc.property(
      fc.integer({ min: 1, max: 25 }).chain((width) =>
        fc.record({
          width: fc.constant(width),
          rows: fc.array(fc.array(number, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 14 }),
          query: fc.array(number, { minLength: width, maxLength: width }),
          radius: fc.constantFrom(0, 0.0625, 0.5, 4),
          from: fc.nat(5),
        }),
      ),
      ({ width, rows, query, radius, from }) => {
        const order = Int32Array.from(rows, (_row, i) => rows.length - 1 - i);
        const near = new NearPoints(Float32Array.from(rows.flat()), width, order, rows.length, makeKernel);
        near.ask(Float32Array.from(query));
        const start = Math.min(from, rows.length - 1);
        const count = near.within(start, rows.length, radius);
        const found = Array.from({ length: count }, (_each, i) => [start + near.place(i), near.distance(i)]);
        const distance = (row: readonly number[]) => row.reduce((sum, x, d) => sum + (x - (query[d] ?? NaN)) ** 2, 0);
        const expected = [...order.keys()]
          .slice(start)
          .map((place) => [place, distance(rows[order[place] ?? NaN] ?? [])] as const)
          .filter(([, squared]) => squared <= radius);
        // Eighths and their squares are float32 numbers, and so are their sums.
        expect(found).toEqual(expected);
      },
    );
    fc.assert(property, { numRuns: 300 });
  });
});
