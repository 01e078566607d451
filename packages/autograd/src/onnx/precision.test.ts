import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { restored, stored } from './precision.ts';

const half = (x: number): number => restored(stored(Float32Array.of(x), [1], 'float16'))[0] as number;
const bits = (x: number): number => stored(Float32Array.of(x), [1], 'float16').data[0] as number;

describe('float16', () => {
  it.each([
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [0.333251953125, 0x3555],
    [2 ** -14, 0x0400],
    [2 ** -24, 0x0001],
    [(1023 / 1024) * 2 ** -14, 0x03ff],
    [Number.POSITIVE_INFINITY, 0x7c00],
    [Number.NaN, 0x7e00],
  ])('%d is 0x%s of IEEE 754, there and back', (value, expected) => {
    expect(bits(value)).toBe(expected);
    expect(half(value)).toBe(value);
  });

  it.each([
    ['a tie goes to the even neighbour below', 1 + 1 / 2048, 1],
    ['a tie goes to the even neighbour above', 1 + 3 / 2048, 1 + 2 / 1024],
    ['a mantissa carries into the exponent', 2 - 2 ** -12, 2],
    ['a subnormal rounds up to the smallest normal number', 2 ** -14 - 2 ** -25, 2 ** -14],
    ['too small is zero', 2 ** -26, 0],
    ['too large is the largest number, not infinity', 1e6, 65504],
    ['and so is what would round up to infinity', -65520, -65504],
  ])('%s', (_, value, expected) => {
    expect(half(value)).toBe(expected);
  });

  it('is no further away than half a step', () => {
    fc.assert(
      fc.property(fc.float({ min: -65504, max: 65504, noNaN: true }), (x) => {
        const step = 2 ** Math.max(-24, Math.floor(Math.log2(Math.abs(x) || 1e-30)) - 10);
        expect(Math.abs(half(x) - x)).toBeLessThanOrEqual(step / 2);
      }),
    );
  });
});

describe('int8', () => {
  it('keeps each column of a matrix within half a step of its own largest weight', () => {
    const column = fc.array(fc.float({ min: -9, max: 9, noNaN: true }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(column, { minLength: 2, maxLength: 2 }), (rows) => {
        const data = Float32Array.from(rows.flat());
        const kept = restored(stored(data, [2, 3], 'int8'));
        for (let i = 0; i < data.length; i++) {
          const largest = Math.max(...rows.map((row) => Math.abs(row[i % 3] as number)));
          const apart = Math.abs((kept[i] as number) - (data[i] as number));
          expect(apart).toBeLessThanOrEqual((largest / 127) * 0.5001 + 1e-30);
        }
      }),
    );
  });

  it('says what a step is worth, exactly for the largest weight', () => {
    const matrix = stored(Float32Array.of(127, 0, -63, 0, 1, 0), [3, 2], 'int8');
    expect(matrix).toEqual({
      precision: 'int8',
      data: Int8Array.of(127, 0, -63, 0, 1, 0),
      scales: Float32Array.of(1, 1),
    });
  });

  it('leaves vectors as they are: they are few and decide much', () => {
    const bias = Float32Array.of(1, 2, 3);
    expect(stored(bias, [3], 'int8')).toEqual({ precision: 'float32', data: bias });
  });
});
