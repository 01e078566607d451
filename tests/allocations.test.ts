import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Allocations, allAllocations, allocationsOf } from './allocations.ts';

/** `npm run docs` writes it: what a change allocates is seen in its diff. */
const expected = JSON.parse(readFileSync(new URL('allocations.json', import.meta.url), 'utf8')) as Record<
  string,
  Record<string, Allocations>
>;

/** What newer versions of Node or of ONNX Runtime may add. */
const TOLERANCE = { arrays: 0.1, bytes: 0.02 } as const;

describe('counting allocations', () => {
  it('counts what is made, of every kind, and no views', async () => {
    const found = await allocationsOf(async () => {
      const one = new Float32Array(10);
      one.subarray(2, 4);
      new Uint8Array(one.buffer, 0, 4);
      one.slice(0, 5);
      Float64Array.of(1, 2);
      Int32Array.from([1, 2, 3]);
    });
    expect(found).toEqual({ arrays: 4, bytes: 40 + 20 + 16 + 12 });
  });

  it('leaves the kinds of arrays as they were', async () => {
    const before = [Float32Array, Float32Array.prototype.slice];
    await expect(allocationsOf(() => Promise.reject(new Error('stopped')))).rejects.toThrow('stopped');
    expect([Float32Array, Float32Array.prototype.slice]).toEqual(before);
  });
});

describe('what steps and queries allocate', async () => {
  const found = await allAllocations();

  it('is known of every preset with a written memory', () => {
    expect(Object.keys(expected)).toEqual(Object.keys(found));
  });

  describe.each(Object.keys(found))('%s', (preset) => {
    it.each(Object.keys(found[preset] ?? {}))(
      '%s is as tests/allocations.json says (npm run docs writes it anew)',
      (name) => {
        for (const kind of ['arrays', 'bytes'] as const) {
          const [value, known] = [found[preset]?.[name]?.[kind] ?? NaN, expected[preset]?.[name]?.[kind] ?? NaN];
          expect(Math.abs(value - known), `${kind}: ${value}, known are ${known}`).toBeLessThanOrEqual(
            TOLERANCE[kind] * known,
          );
        }
      },
    );
  });
});
