import { float32, type Tensor, trace } from '@neurodex/autograd';
import { expect, it } from 'vitest';
import { cacheNames, cacheOf, cacheOutputs, cacheTypes } from './cache-tensors.ts';

it('keys and values have names layer by layer', () => {
  expect(cacheNames(2)).toEqual([
    ['keys0', 'values0'],
    ['keys1', 'values1'],
  ]);
  expect(cacheNames(0)).toEqual([]);
  const type = float32(1, 2, 3);
  expect(cacheTypes(2, type)).toEqual({ keys0: type, values0: type, keys1: type, values1: type });
});

it('a cache goes out and in under these names', () => {
  let back: unknown;
  let out: Record<string, Tensor> = {};
  const inputs = cacheTypes(2, float32(1));
  trace(inputs, (tensors) => {
    const cache = cacheOf(tensors, 2);
    expect(cache.keys).toEqual([tensors.keys0, tensors.keys1]);
    expect(cache.values).toEqual([tensors.values0, tensors.values1]);
    out = cacheOutputs(cache, 'next.');
    back = cacheOutputs(cache);
    expect(back).toEqual({ ...tensors });
    expect(() => cacheOf(tensors, 3)).toThrow(new RangeError('the graph has no input keys2'));
    return out;
  });
  expect(Object.keys(out)).toEqual(['next.keys0', 'next.values0', 'next.keys1', 'next.values1']);
});

it('a layer that has keys alone gives keys alone', () => {
  trace({ a: float32(1) }, ({ a }) => {
    expect(cacheOutputs({ keys: [a], values: [] })).toEqual({ keys0: a });
    return { same: a };
  });
});
