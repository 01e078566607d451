import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FILTERS, type Filter } from './filter-taps.ts';
import { formulaPicture } from './formula-picture.fixture.ts';
import { resample } from './resample.ts';

interface Case {
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
  readonly filter: Filter;
  readonly sha256: string;
  readonly middle: readonly number[];
}
const cases = JSON.parse(readFileSync(new URL('./fixtures/resized.json', import.meta.url), 'utf8')) as readonly Case[];

describe.each(FILTERS)('%s resizes as Pillow does, to the last bit', (filter) => {
  const own = cases.filter((each) => each.filter === filter);

  it(`in ${own.length} sizes`, () => {
    expect(own.length).toBeGreaterThan(50);
    for (const { from, to, sha256, middle } of own) {
      const [width, height] = to;
      const whole = { left: 0, top: 0, width, height };
      const pixels = resample(formulaPicture(...from), { width, height }, filter, whole);
      const at = ((height >> 1) * width + (width >> 1)) * 3;
      expect([from, to, Array.from(pixels.subarray(at, at + 3))]).toEqual([from, to, middle]);
      expect([from, to, createHash('sha256').update(pixels).digest('hex')]).toEqual([from, to, sha256]);
    }
  });

  it('a part is what the whole has there', () => {
    const [size, small] = [fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 39 })];
    fc.assert(
      fc.property(fc.tuple(size, size, size, size), fc.tuple(small, small, small, small), ([w, h, x, y], at) => {
        const picture = formulaPicture(w, h);
        const whole = resample(picture, { width: x, height: y }, filter, { left: 0, top: 0, width: x, height: y });
        const [left, top] = [(at[0] ?? 0) % x, (at[1] ?? 0) % y];
        const part = { left, top, width: 1 + ((at[2] ?? 0) % (x - left)), height: 1 + ((at[3] ?? 0) % (y - top)) };
        const pixels = resample(picture, { width: x, height: y }, filter, part);
        for (let row = 0; row < part.height; row++) {
          const from = ((top + row) * x + left) * 3;
          const line = pixels.subarray(row * part.width * 3, (row + 1) * part.width * 3);
          expect(line).toEqual(whole.subarray(from, from + part.width * 3));
        }
      }),
      { numRuns: 60 },
    );
  });
});
