import type { Arena, ArenaPlane } from './arena.ts';
import type { Plane } from './plane.ts';
import { vectors } from './vectors.ts';

/**
 * Twice the size by bilinear interpolation, pixel centres aligned, borders repeated.
 * @param arena of the larger size
 */
export function doubled({ width, height, stride, data }: Plane, target: ArenaPlane, arena: Arena): void {
  // The gradients are not there yet.
  const { lengths: source, lines } = arena;
  for (let y = 0; y < height; y++) {
    source.data.set(data.subarray(y * stride, y * stride + width), y * source.stride);
  }
  const { address } = target;
  vectors.double(source.address, 4 * source.stride, width, height, address, 4 * target.stride, lines.address);
}

/** Every second pixel of every second row. */
export function halved(source: ArenaPlane, target: ArenaPlane): void {
  const { width, height, stride, address } = target;
  vectors.halve(source.address, 4 * source.stride, address, 4 * stride, 16 * Math.ceil(width / 4), height);
}
