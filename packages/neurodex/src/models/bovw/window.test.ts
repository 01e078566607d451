import { describe, expect, it } from 'vitest';
import { Arena } from './arena.ts';
import { gradientsOf } from './gradients.ts';
import { fillWindow, windowRadius } from './window.ts';

describe('a window', () => {
  it.each([0, 1, 9, 34])('of %i pixels on each side holds exp(i²·decay)', (radius) => {
    for (const decay of [-0.5, -0.02, -0.001]) {
      const window = new Float32Array(2 * radius + 2).fill(-1);
      fillWindow(window, radius, decay);
      for (let i = -radius; i <= radius; i++) {
        expect(window[radius + i]).toBeCloseTo(Math.exp(i * i * decay), 6);
      }
      expect(window[2 * radius + 1]).toBe(-1);
    }
  });

  it('is no larger than what its arena has room for', () => {
    const [arena] = Arena.layOut([{ width: 30, height: 40, count: 1, kept: 1, reach: 1 }]);
    const [plane] = arena?.planes ?? [];
    if (arena === undefined || plane === undefined) throw new Error('no arena');
    const gradients = gradientsOf(plane, arena, []);
    expect([12.4, 12.6, 49.4, 51, 1e6].map((radius) => windowRadius(radius, gradients))).toEqual([12, 13, 49, 50, 50]);
    expect(arena.window.data.length).toBeGreaterThanOrEqual(2 * 50 + 1);
  });
});
