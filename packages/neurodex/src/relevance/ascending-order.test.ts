import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ascendingOrder } from './ascending-order.ts';

const { random } = Math;
const number = fc.oneof(fc.double({ noNaN: true }), fc.integer({ min: -3, max: 3 }), fc.constantFrom(0, -0));

/** Stable, by comparison. */
const compared = (values: ArrayLike<number>): number[] =>
  Array.from({ length: values.length }, (_, i) => i).sort((a, b) => {
    const [x, y] = [values[a] ?? NaN, values[b] ?? NaN];
    return x < y ? -1 : x > y ? 1 : a - b;
  });

describe('the ascending order', () => {
  it('is that of a stable sort, of few numbers', () => {
    fc.assert(
      fc.property(fc.array(number, { maxLength: 40 }), (values) => {
        expect([...ascendingOrder(values)]).toEqual(compared(values));
      }),
    );
  });

  it('is that of a stable sort, of many numbers of all sizes and signs, and in each kind of array', () => {
    fc.assert(
      fc.property(
        fc.array(number, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 2048, max: 5000 }),
        (some, n) => {
          const values = Array.from({ length: n }, (_, i) => some[(i * 7919) % some.length] ?? NaN);
          expect([...ascendingOrder(values)]).toEqual(compared(values));
          const single = Float32Array.from(values);
          expect([...ascendingOrder(single)]).toEqual(compared(single));
        },
      ),
      { numRuns: 30 },
    );
    const uniform = Float64Array.from({ length: 20_000 }, () => random() - 0.5);
    expect([...ascendingOrder(uniform)]).toEqual(compared(uniform));
  });

  it('is refused for NaN, by its place', () => {
    expect(() => ascendingOrder([1, NaN])).toThrow('value 1 is NaN');
    expect(() => ascendingOrder(new Float32Array(3000).fill(1).fill(NaN, 2999))).toThrow(RangeError);
    expect([...ascendingOrder([])]).toEqual([]);
  });
});
