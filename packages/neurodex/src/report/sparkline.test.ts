import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sparkline } from './sparkline.ts';

it.each([
  [[0, 1, 2, 3, 4, 5, 6, 7], 8, '▁▂▃▄▅▆▇█'],
  [[0, 1, 2, 3, 4, 5, 6, 7], 4, '▁▃▆█'],
  [[3, 3, 3], 8, '▅▅▅'],
  [[1, Number.NaN, 0], 8, '█ ▁'],
  [[-1e308, 1e308], 8, '▁█'],
  [[Number.MIN_VALUE, 0, 2 * Number.MIN_VALUE], 8, '▅▁█'],
  [[Number.NaN], 8, ' '],
  [[], 8, ''],
  [[1, 2], 0, ''],
])('%j in %i columns', (values, width, expected) => {
  expect(sparkline(values, { width })).toBe(expected);
});

it('keeps to a range that is given', () => {
  expect(sparkline([0.5, 0.5, 1, 2, -1], { width: 5, range: [0, 1] })).toBe('▅▅██▁');
});

it('never takes more columns than it may, whatever the values', () => {
  const anything = fc.oneof(
    fc.double(),
    fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  );
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 200 }), fc.nat(50), (values, width) => {
      const drawn = [...sparkline(values, { width })];
      expect(drawn).toHaveLength(Math.min(width, values.length));
      expect(drawn.every((bar) => ' ▁▂▃▄▅▆▇█'.includes(bar))).toBe(true);
    }),
  );
});
