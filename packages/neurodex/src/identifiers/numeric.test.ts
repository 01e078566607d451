import { Random } from '@neurodex/autograd';
import { describe, expect, test } from 'vitest';
import { numeric } from './numeric.ts';
import { schemeContract } from './scheme.contract.ts';

schemeContract(numeric);

const entry = (path: string, ...labels: string[]) => ({ path, labels });
const dense = (count: number) => Array.from({ length: count }, (_, i) => entry(`${i}.png`));
const byNumber = (a: string, b: string) => Number(a) - Number(b);

describe('numeric', () => {
  test('clustered: classes in order of first appearance, catalogue order within', () => {
    const catalogue = [
      entry('z', 'zebra'),
      entry('a', 'ape'),
      entry('y', 'zebra', 'ape'),
      entry('none'),
      entry('b', 'ape'),
    ];
    const identifiers = numeric.assign(catalogue, { order: 'clustered', zeroPadding: false }, Random.seeded(1));
    expect(identifiers).toEqual(['0', '2', '1', '4', '3']);
  });

  test('random: the numbers 0 … N−1, shuffled, another seed another order', () => {
    const catalogue = dense(200);
    const assign = (seed: number) =>
      numeric.assign(catalogue, { order: 'random', zeroPadding: false }, Random.seeded(seed));
    const inOrder = Array.from({ length: 200 }, (_, i) => String(i));
    expect(assign(1)).not.toEqual(inOrder);
    expect(assign(1)).not.toEqual(assign(2));
    expect(assign(1).sort(byNumber)).toEqual(inOrder);
  });

  test.each([
    [1, '0'],
    [10, '9'],
    [11, '10'],
    [100, '99'],
    [101, '100'],
  ])('zero padding for %i pictures is as long as %s', (count, last) => {
    const identifiers = numeric.assign(dense(count), { order: 'clustered', zeroPadding: true }, Random.seeded(1));
    expect(identifiers.at(-1)).toBe(last);
    expect(identifiers[0]).toBe('0'.repeat(last.length));
  });

  test('digits are tokens 0 to 9, BOS 10, PAD 11, EOS 12', () => {
    expect(numeric.vocabulary).toEqual({ size: 13, bos: 10, pad: 11, eos: 12 });
    expect(numeric.toTokens('0429')).toEqual([0, 4, 2, 9]);
    expect(numeric.fromTokens([0, 4, 2, 9])).toBe('0429');
  });

  test.each(['', 'a', '1.5', '-1', '٣', '1 2'])('%j is refused', (identifier) => {
    expect(() => numeric.toTokens(identifier)).toThrowError(expect.objectContaining({ code: 'index-damaged' }));
  });

  test('special tokens are not part of an identifier', () => {
    expect(() => numeric.fromTokens([1, 12])).toThrow(RangeError);
  });
});
