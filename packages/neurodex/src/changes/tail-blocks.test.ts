import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blocksOf } from './tail-blocks.ts';

describe('ids of added pictures', () => {
  it('are cut as the digits of their number say', () => {
    expect(blocksOf(7, 7)).toEqual([]);
    expect(blocksOf(7, 9)).toEqual([
      { first: 7, end: 8 },
      { first: 8, end: 9 },
    ]);
    expect(blocksOf(100, 116)).toEqual([{ first: 100, end: 116 }]);
    expect(blocksOf(0, 4096 + 256 + 17).map(({ first, end }) => end - first)).toEqual([4096, 256, 16, 1]);
  });

  it('are all there once, in few blocks, and those before the last change stay as they were or become one', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(20_000), (built, count) => {
        const blocks = blocksOf(built, built + count);
        let next = built;
        for (const { first, end } of blocks) {
          expect(first).toBe(next);
          next = end;
        }
        expect(next).toBe(built + count);
        expect(blocks.length).toBeLessThanOrEqual(Math.floor(count / 4096) + 45);
        const grown = blocksOf(built, built + count + 1);
        for (const { first, end } of blocks) {
          expect(grown.some((block) => block.first <= first && end <= block.end)).toBe(true);
        }
      }),
    );
  });
});
