import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composed, inverse, isNearlyWhole, isWhole, type Placement, WHOLE } from './placement.ts';

const placement = fc.record({
  scale: fc.double({ min: 0.7, max: 1.4, noNaN: true }),
  x: fc.double({ min: -0.2, max: 0.2, noNaN: true }),
  y: fc.double({ min: -0.2, max: 0.2, noNaN: true }),
  mirrored: fc.boolean(),
});

/** Where a point of the inner picture lies in the outer one, both from their centres. */
const at = ({ scale, x, y, mirrored }: Placement, [px, py]: readonly [number, number]): [number, number] => [
  x + (mirrored ? -scale : scale) * px,
  y + scale * py,
];

const near = (a: readonly number[], b: readonly number[]): void => {
  for (const [i, value] of a.entries()) expect(value).toBeCloseTo(b[i] ?? NaN, 10);
};

describe('a place of one picture in another', () => {
  const points = [
    [0, 0],
    [0.5, -0.25],
    [-0.3, 0.4],
  ] as const;

  it('turned around leads back', () => {
    const property = fc.property(placement, (of) => {
      for (const point of points) near(at(inverse(of), at(of, point)), point);
    });
    fc.assert(property);
  });

  it('follows from two, one in the other', () => {
    const property = fc.property(placement, placement, (outer, inner) => {
      for (const point of points) near(at(composed(outer, inner), point), at(outer, at(inner, point)));
    });
    fc.assert(property);
  });

  it('is the whole one up to a pixel, and may be it up to some', () => {
    expect([isWhole(WHOLE), isWhole({ ...WHOLE, scale: 0.95 }), isWhole({ ...WHOLE, x: 0.02 })]).toEqual([
      true,
      false,
      false,
    ]);
    expect([0.95, 0.85].map((scale) => isNearlyWhole({ ...WHOLE, scale }))).toEqual([true, false]);
  });
});
