import { blurred } from './blur.ts';
import { CAMERA_SIGMA, type SiftParameters } from './parameters.ts';
import { difference, doubled, halved, type Plane } from './plane.ts';

/** One octave of the scale space: each picture has half the edge of those in the octave before. */
export interface Octave {
  /** octaveLayers + 3 pictures, ever more blurred. */
  readonly gaussians: readonly Plane[];
  /** octaveLayers + 2 differences of neighbouring ones. */
  readonly differences: readonly Plane[];
  /** Length of one pixel of this octave in pixels of the picture: ½, 1, 2 … */
  readonly pixel: number;
}

/**
 * Scale space of a picture (Lowe 2004, §3): doubled first, then octave by octave until the edge is a few pixels. One
 * octave at a time, so that a large picture need not be held in all its scales.
 */
export function* scaleSpace(picture: Plane, { octaveLayers, sigma }: SiftParameters): Generator<Octave> {
  const start = doubled(picture);
  let base = blurred(start, Math.sqrt(Math.max(sigma ** 2 - (2 * CAMERA_SIGMA) ** 2, 0.01)));
  const count = Math.round(Math.log2(Math.min(base.width, base.height)) - 2) + 1;
  const step = 2 ** (1 / octaveLayers);
  for (let o = 0; o < count && base.width > 0 && base.height > 0; o++) {
    const gaussians = [base];
    for (let layer = 1; layer < octaveLayers + 3; layer++) {
      const before = sigma * step ** (layer - 1);
      gaussians.push(blurred(gaussians[layer - 1] as Plane, Math.sqrt((before * step) ** 2 - before ** 2)));
    }
    const differences = gaussians.slice(1).map((picture, i) => difference(picture, gaussians[i] as Plane));
    yield { gaussians, differences, pixel: 2 ** (o - 1) };
    base = halved(gaussians[octaveLayers] as Plane);
  }
}
