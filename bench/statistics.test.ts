import fc from 'fast-check';
import { expect, test } from 'vitest';
import { interleave, median, percentile, summarise } from './statistics.ts';

test('the median is the middle of an odd number and between the middles of an even one', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 10, 2])).toBe(3);
  expect(() => median([])).toThrow(RangeError);
});

test('half of the values are at most the median and half at least', () => {
  const values = fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1 });
  fc.assert(
    fc.property(values, (list) => {
      const { median: middle, minimum, maximum } = summarise(list);
      expect(list.filter((value) => value <= middle).length * 2).toBeGreaterThanOrEqual(list.length);
      expect(list.filter((value) => value >= middle).length * 2).toBeGreaterThanOrEqual(list.length);
      expect(minimum).toBeLessThanOrEqual(middle);
      expect(maximum).toBeGreaterThanOrEqual(middle);
    }),
  );
});

test('a percentile is the value at the nearest rank', () => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect(percentile(values, 0.5)).toBe(50);
  expect(percentile(values, 0.99)).toBe(99);
  expect(percentile(values, 1)).toBe(100);
  expect(percentile([7], 0.99)).toBe(7);
  expect(percentile([1, 2, 3], 0)).toBe(1);
  expect(() => percentile([], 0.5)).toThrow(RangeError);
});

test('sides are measured in turn, and their rounds are kept in order', async () => {
  const order: string[] = [];
  let next = 0;
  const side = (name: string) => async () => {
    order.push(name);
    next += 1;
    return next;
  };
  const heard: string[] = [];
  const result = await interleave({ a: side('a'), b: side('b') }, 3, (name, round, value) => {
    heard.push(`${name}${round}=${value}`);
  });
  expect(order.join('')).toBe('ababab');
  expect(result.a).toEqual({ median: 3, minimum: 1, maximum: 5, all: [1, 3, 5] });
  expect(result.b.all).toEqual([2, 4, 6]);
  expect(heard).toEqual(['a1=1', 'b1=2', 'a2=3', 'b2=4', 'a3=5', 'b3=6']);
  await expect(interleave({ a: side('a') }, 0)).rejects.toThrow(RangeError);
});
