import { describe, expect, test } from 'vitest';
import { encodeIdentifier, identifierLength } from './encode.ts';
import { numeric } from './numeric.ts';

describe('identifierLength', () => {
  test('M is BOS and the tokens of the longest identifier', () => {
    expect(identifierLength(numeric, ['7', '42', '107'])).toBe(4);
    expect(identifierLength(numeric, ['0'])).toBe(2);
  });
});

describe('encodeIdentifier', () => {
  test('inputs begin with BOS, targets are one position ahead and end in EOS and PAD', () => {
    const short = encodeIdentifier(numeric, '42', 4);
    expect([...short.inputs]).toEqual([10, 4, 2, 12]);
    expect([...short.targets]).toEqual([4, 2, 12, 11]);
    const long = encodeIdentifier(numeric, '107', 4);
    expect([...long.inputs]).toEqual([10, 1, 0, 7]);
    expect([...long.targets]).toEqual([1, 0, 7, 12]);
    const shortest = encodeIdentifier(numeric, '5', 5);
    expect([...shortest.inputs]).toEqual([10, 5, 12, 11, 11]);
    expect([...shortest.targets]).toEqual([5, 12, 11, 11, 11]);
  });

  test('an identifier that is too long for the model is refused', () => {
    expect(() => encodeIdentifier(numeric, '1000', 4)).toThrowError(
      expect.objectContaining({ code: 'index-damaged', message: expect.stringContaining('1000') }),
    );
  });
});
