import fc from 'fast-check';
import { expect, it } from 'vitest';
import { direction } from './direction.ts';

it('is atan2, counted from 0 to 2π, to 2·10⁻⁵', () => {
  const finite = fc.double({ min: -300, max: 300, noNaN: true });
  fc.assert(
    fc.property(finite, finite, (dy, dx) => {
      const found = direction(dy, dx);
      const turn = Math.abs(found - Math.atan2(dy, dx)) % (2 * Math.PI);
      expect(Math.min(turn, 2 * Math.PI - turn)).toBeLessThan(2e-5);
      expect(found >= 0 && found <= 2 * Math.PI).toBe(true);
    }),
  );
});
