import { defined } from '@neurodex/core';
import { Arena, type ArenaPlane } from './arena.ts';
import { blur } from './blur.ts';
import { CAMERA_SIGMA, type SiftParameters } from './parameters.ts';
import { doubled, halved, type Plane } from './plane.ts';
import { vectors } from './vectors.ts';

/** One octave of the scale space: each picture has half the edge of those in the octave before. */
export interface Octave {
  /** octaveLayers + 3 pictures, ever more blurred. */
  readonly gaussians: readonly ArenaPlane[];
  /** octaveLayers + 2 differences of neighbouring ones. */
  readonly differences: readonly ArenaPlane[];
  readonly arena: Arena;
  /** Length of one pixel of this octave in pixels of the picture: ½, 1, 2 … */
  readonly pixel: number;
}

/**
 * Scale space of a picture (Lowe 2004, §3): doubled first, then octave by octave until the edge is a few pixels. One
 * octave at a time: each is gone when the next is asked for.
 */
export function* scaleSpace(picture: Plane, parameters: SiftParameters): Generator<Octave> {
  const { octaveLayers, sigma } = parameters;
  const step = 2 ** (1 / octaveLayers);
  let base: Plane = doubled(picture);
  const count = Math.round(Math.log2(Math.min(base.width, base.height)) - 2) + 1;
  for (let o = 0; o < count && base.width > 0 && base.height > 0; o++) {
    const arena = new Arena(base.width, base.height, 2 * octaveLayers + 5);
    const gaussians = arena.planes.slice(0, octaveLayers + 3);
    const differences = arena.planes.slice(octaveLayers + 3);
    for (const [layer, plane] of gaussians.entries()) {
      const before = gaussians[layer - 1];
      if (before !== undefined) {
        const blurBefore = sigma * step ** (layer - 1);
        blur(before, Math.sqrt((blurBefore * step) ** 2 - blurBefore ** 2), plane, arena);
      } else if (o === 0) {
        blur(base, Math.sqrt(Math.max(sigma ** 2 - (2 * CAMERA_SIGMA) ** 2, 0.01)), plane, arena);
      } else {
        copyInto(plane, base);
      }
    }
    for (const [layer, plane] of differences.entries()) {
      const lower = defined(gaussians[layer], 'a picture of the octave');
      const upper = defined(gaussians[layer + 1], 'a picture of the octave');
      vectors.difference(upper.address, lower.address, plane.address, 4 * plane.data.length);
    }
    yield { gaussians, differences, arena, pixel: 2 ** (o - 1) };
    base = halved(defined(gaussians[octaveLayers], 'the picture of twice the blur'));
  }
}

function copyInto(target: Plane, source: Plane): void {
  for (let y = 0; y < source.height; y++) {
    const from = y * source.stride;
    target.data.set(source.data.subarray(from, from + source.width), y * target.stride);
  }
}
