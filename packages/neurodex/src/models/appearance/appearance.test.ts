import { Random } from '@neurodex/core/random';
import { describe, expect, it } from 'vitest';
import { APPEARANCE_LENGTH, appearanceOf } from './appearance.ts';

const OUTLINE = 6 * 6 * 8;
const draw = (size: number, colour: (x: number, y: number) => readonly [number, number, number]): Uint8Array =>
  Uint8Array.from({ length: size * size * 3 }, (_, i) => {
    const at = Math.floor(i / 3);
    return colour(at % size, Math.floor(at / size))[i % 3] ?? 0;
  });
const grey = (value: number) => [value, value, value] as const;

describe('the appearance of a picture', () => {
  it('of one colour has no outlines, and that colour in every area', () => {
    const found = appearanceOf(
      draw(48, () => [255, 51, 0]),
      48,
    );
    expect(found).toHaveLength(APPEARANCE_LENGTH);
    expect(found.subarray(0, OUTLINE).every((value) => value === 0)).toBe(true);
    // 0.2 · ((1 + 0.2 + 0)/3, 1 − 0.2, 0 − 1.2/2)
    for (let area = 0; area < 16; area++) {
      const own = [...found.subarray(OUTLINE + 3 * area, OUTLINE + 3 * area + 3)];
      expect(own).toEqual([0.08, 0.16, -0.12].map((x) => expect.closeTo(x, 6)));
    }
  });

  it('counts a border between dark and bright where it is, by where brightness grows', () => {
    // Bright from x = 24 on: the gradient points to the right (orientation 0), in the cells 2 and 3 of each row.
    const right = appearanceOf(
      draw(48, (x) => grey(x < 24 ? 0 : 200)),
      48,
    );
    for (const [i, value] of right.subarray(0, OUTLINE).entries()) {
      const [cell, orientation] = [Math.floor(i / 8) % 6, i % 8];
      expect(value > 0).toBe((cell === 2 || cell === 3) && orientation === 0);
    }
    // Bright below: a quarter turn, downwards.
    const below = appearanceOf(
      draw(48, (_, y) => grey(y < 24 ? 0 : 200)),
      48,
    );
    expect(
      new Set([...below.subarray(0, OUTLINE).keys()].filter((i) => (below[i] ?? 0) > 0).map((i) => i % 8)),
    ).toEqual(new Set([2]));
  });

  it('has outlines of length 1, whatever the contrast', () => {
    const random = Random.seeded(3);
    const noise = draw(32, () => grey(random.integer(100)));
    const length = (pixels: Uint8Array): number => Math.hypot(...appearanceOf(pixels, 32).subarray(0, OUTLINE));
    expect(length(noise)).toBeCloseTo(1, 5);
    expect(length(noise.map((value) => 2 * value))).toBeCloseTo(1, 5);
  });

  it.each([1, 2, 3, 5])('is there for pictures of %i pixels', (size) => {
    const found = appearanceOf(
      draw(size, () => grey(9)),
      size,
    );
    expect(found.every(Number.isFinite)).toBe(true);
  });
});
