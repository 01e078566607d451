import { defined } from '@neurodex/core';
import { Arena, type ArenaPlane } from './arena.ts';
import { blur, blurRadius } from './blur.ts';
import { CAMERA_SIGMA, type SiftParameters } from './parameters.ts';
import type { Plane } from './plane.ts';
import { doubled, halved } from './resample.ts';

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
 * octave at a time: its differences are gone when the next is asked for.
 */
export function* scaleSpace(picture: Plane, parameters: SiftParameters): Generator<Octave> {
  const { octaveLayers, sigma } = parameters;
  const first = Math.sqrt(Math.max(sigma ** 2 - (2 * CAMERA_SIGMA) ** 2, 0.01));
  const deviations = blurs(parameters);
  const reach = Math.max(...[first, ...deviations].map(blurRadius));
  const planes = { count: 2 * octaveLayers + 5, kept: octaveLayers + 3, reach };
  const arenas = Arena.layOut(sizes(picture).map((size) => ({ ...size, ...planes })));
  let doubleBlurred: ArenaPlane | undefined;
  for (const [o, arena] of arenas.entries()) {
    const gaussians = arena.planes.slice(0, octaveLayers + 3);
    const differences = arena.planes.slice(octaveLayers + 3);
    const [base, second] = [at(gaussians, 0), at(gaussians, 1)];
    if (doubleBlurred === undefined) {
      doubled(picture, second, arena);
      blur(second, first, base, arena);
    } else {
      halved(doubleBlurred, base);
    }
    for (const [layer, deviation] of deviations.entries()) {
      blur(at(gaussians, layer), deviation, at(gaussians, layer + 1), arena, at(differences, layer));
    }
    yield { gaussians, differences, arena, pixel: 2 ** (o - 1) };
    doubleBlurred = at(gaussians, octaveLayers);
  }
}

const at = (planes: readonly ArenaPlane[], layer: number): ArenaPlane =>
  defined(planes[layer], 'a picture of the octave');

/** The deviation of the blur that leads from each picture of an octave to the next. */
function blurs({ octaveLayers, sigma }: SiftParameters): number[] {
  const step = 2 ** (1 / octaveLayers);
  return Array.from({ length: octaveLayers + 2 }, (_, layer) => {
    const before = sigma * step ** layer;
    return Math.sqrt((before * step) ** 2 - before ** 2);
  });
}

/** Of the octaves. */
function sizes(picture: Plane): { width: number; height: number }[] {
  let [width, height] = [2 * picture.width, 2 * picture.height];
  const count = Math.round(Math.log2(Math.min(width, height)) - 2) + 1;
  const found = [];
  for (let o = 0; o < count && width > 0 && height > 0; o++) {
    found.push({ width, height });
    [width, height] = [width >> 1, height >> 1];
  }
  return found;
}
