import { describe, expect, it } from 'vitest';
import { attentionMask, layoutMask, MASKED, packedLayout, positionsOf } from './attention-mask.ts';

/** A mask as rows of `.`, attended, and `x`. */
const drawn = (mask: Float32Array, columns: number) =>
  Array.from({ length: mask.length / columns }, (_, i) =>
    Array.from(mask.subarray(i * columns, (i + 1) * columns), (value) => {
      expect([0, Math.fround(MASKED)]).toContain(value);
      return value === 0 ? '.' : 'x';
    }).join(''),
  );

describe('a mask of attention', () => {
  it('lets every position see what is before all, and what it attends to', () => {
    const mask = attentionMask(3, (i, j) => (i + j) % 2 === 0, 2);
    expect(mask).toHaveLength(3 * 5);
    expect(drawn(mask, 5)).toEqual(['...x.', '..x.x', '...x.']);
  });

  it('is square where nothing is before', () => {
    expect(
      drawn(
        attentionMask(3, (i, j) => j <= i, 0),
        3,
      ),
    ).toEqual(['.xx', '..x', '...']);
  });

  it('hides by a number that no score comes near, and that stays finite', () => {
    expect(MASKED).toBeLessThan(-1e6);
    expect(Math.fround(2 * MASKED)).toBeGreaterThan(Number.NEGATIVE_INFINITY);
    expect(Math.exp(MASKED)).toBe(0);
  });
});

describe('identifiers side by side', () => {
  const layout = packedLayout(2, 3);

  it('have the places of each anew, behind the input', () => {
    expect(layout.places).toEqual([0, 1, 2, 0, 1, 2]);
    expect(positionsOf(layout, 10)).toEqual(Int32Array.of(10, 11, 12, 10, 11, 12));
  });

  it('are causal in themselves and blind to each other', () => {
    expect(drawn(layoutMask(layout, 1), 7)).toEqual(['..xxxxx', '...xxxx', '....xxx', '.xxx.xx', '.xxx..x', '.xxx...']);
  });
});
