import { describe, expect, it } from 'vitest';
import { defined } from './elements.ts';

describe('a value that must be there', () => {
  it.each([0, '', false, null, Number.NaN])('may be %s', (value) => {
    expect(defined(value, 'the value')).toBe(value);
  });

  it('is named where it is missing', () => {
    const list: readonly number[] = [1, 2];
    expect(() => defined(list[2], 'the third number')).toThrow(new RangeError('the third number is missing'));
  });
});
