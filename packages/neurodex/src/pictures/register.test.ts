import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Placement } from './placement.ts';
import { type Plane, register, smoothed } from './register.ts';

/** A scene without sharp edges: brightness at a place, from the centre. */
const scene = (x: number, y: number): number =>
  128 + 50 * Math.sin(7 * x + 1) * Math.cos(5 * y) + 40 * Math.sin(3 * x + 9 * y) + 20 * Math.cos(11 * x - 4 * y);

/** What a picture shows that lies in the scene. */
function seen({ scale, x, y, mirrored }: Placement, edge: number): Plane {
  const values = Float32Array.from({ length: edge * edge }, (_, i) => {
    const u = ((i % edge) + 0.5) / edge - 0.5;
    const v = (Math.floor(i / edge) + 0.5) / edge - 0.5;
    return scene(x + scale * (mirrored ? -u : u), y + scale * v);
  });
  return { edge, values };
}

const WHOLE = { scale: 1, x: 0, y: 0, mirrored: false };

it('finds where one picture lies in another', () => {
  const property = fc.property(
    fc.record({
      scale: fc.double({ min: 0.85, max: 1, noNaN: true }),
      x: fc.double({ min: -0.06, max: 0.06, noNaN: true }),
      y: fc.double({ min: -0.06, max: 0.06, noNaN: true }),
      mirrored: fc.boolean(),
    }),
    fc.constantFrom(16, 28, 48),
    (place, edge) => {
      const [a, b] = [seen(WHOLE, edge), seen(place, edge)];
      const start = { ...place, scale: place.scale + 0.02, x: place.x + 0.015, y: place.y - 0.015 };
      const found = register(smoothed(a.values, edge), smoothed(b.values, edge, place.scale), start, 0.05);
      expect(found?.placement.scale).toBeCloseTo(place.scale, 1.5);
      expect(Math.abs((found?.placement.x ?? NaN) - place.x)).toBeLessThan(0.01);
      expect(Math.abs((found?.placement.y ?? NaN) - place.y)).toBeLessThan(0.01);
      expect(found?.residual).toBeLessThan(0.01);
    },
  );
  fc.assert(property, { numRuns: 60 });
});

it('finds nothing between different pictures, and of pictures of one colour', () => {
  const a = seen(WHOLE, 28);
  const other = seen({ scale: 1, x: 0.7, y: 0.9, mirrored: false }, 28);
  expect(register(a, other, WHOLE, 0.05)).toBeUndefined();
  const even = { edge: 28, values: new Float32Array(784).fill(90) };
  expect(register(even, even, WHOLE, 0.05)).toBeUndefined();
});

it('a smoothed plane keeps what is even, and the sum of what is inside', () => {
  const values = new Float32Array(81);
  values[40] = 16;
  const { values: blurred } = smoothed(values, 9);
  expect([blurred[40], blurred[39], blurred[30]]).toEqual([4, 2, 1]);
  expect(blurred.reduce((sum, value) => sum + value)).toBeCloseTo(16, 5);
  expect([...smoothed(new Float32Array(9).fill(7), 3, 0.9).values].every((value) => Math.abs(value - 7) < 1e-5)).toBe(
    true,
  );
});
