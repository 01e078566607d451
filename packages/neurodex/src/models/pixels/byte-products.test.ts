import { Random } from '@neurodex/autograd';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { byteProducts, PlainProducts } from './byte-products.ts';

it('are exact, in WebAssembly and in JavaScript, whatever the length', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 9 }), fc.nat(), (length, count, seed) => {
      const bytes = new Uint8Array((count + 2) * length);
      Random.seeded(seed).fillBytes(bytes);
      const vector = bytes.slice(0, length);
      const rows = Array.from({ length: count }, (_, i) => count + 1 - i);
      const expected = rows.map((row) =>
        vector.reduce((sum, value, i) => sum + value * (bytes[row * length + i] ?? Number.NaN), 0),
      );
      for (const products of [byteProducts(length), new PlainProducts(length)]) {
        products.load(bytes, rows);
        const out = new Float64Array(count);
        products.multiply(vector, out);
        expect([...out]).toEqual(expected);
      }
    }),
    { numRuns: 60 },
  );
});

it('of the largest bytes do not overflow', () => {
  const length = 3 * 2 ** 17 + 5;
  const bytes = new Uint8Array(2 * length).fill(255);
  for (const products of [byteProducts(length), new PlainProducts(length)]) {
    products.load(bytes, [1]);
    const out = new Float64Array(1);
    products.multiply(bytes.subarray(0, length), out);
    expect(out[0]).toBe(length * 255 * 255);
  }
});
