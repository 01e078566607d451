import type { Picture } from '@neurodex/datasets/picture';
import { inverse, isNearlyWhole, type Placement } from './placement.ts';
import { register, smoothed } from './register.ts';
import { brightnessOf, meansOf } from './resample.ts';

/** Brightness of a picture as the model sees it, no larger than its thumbnail: uint8 [edge, edge]. */
export interface RoughPlane {
  readonly edge: number;
  readonly values: Uint8Array;
}

export function planeOf(picture: Picture, edge: number): RoughPlane {
  const values = brightnessOf(picture);
  const reduced = picture.size > edge ? meansOf(values, picture.size, edge) : values;
  return { edge: Math.min(edge, picture.size), values: Uint8Array.from(reduced, Math.round) };
}

/** Residuals of planes that may be of one picture, at most: somewhat more than `samePicture` allows. */
interface RoughLimits {
  /** Edge in pixels from which they hold. */
  readonly from: number;
  /** One on the other, and where one is smaller. */
  readonly aligned: readonly [equal: number, resized: number];
  /** The same of a strong compression, where no more is left when they are blurred and registered. */
  readonly lossy: readonly [aligned: number, registered: number];
  /** Registered and blurred. */
  readonly registered: number;
  /** One cut out of the other. */
  readonly cut: number;
}

const LIMITS: readonly RoughLimits[] = [
  { from: 40, aligned: [0.12, 0.12], lossy: [0.12, 0.035], registered: 0.035, cut: 0.05 },
  { from: 20, aligned: [0.03, 0.12], lossy: [0.12, 0.016], registered: 0.006, cut: 0.05 },
  { from: 12, aligned: [0.045, 0.12], lossy: [0, 0], registered: 0, cut: 0 },
];

/** Whether the second may lie near that place in the first. Below the least edge that cannot be told. */
export function mayShow(a: RoughPlane, b: RoughPlane, near: Placement, lossy: boolean): boolean {
  const edge = Math.min(a.edge, b.edge);
  const limits = LIMITS.find(({ from }) => edge >= from);
  if (limits === undefined) return true;
  const aligned = isNearlyWhole(near) ? difference(atEdge(a, edge), atEdge(b, edge), near.mirrored) : Infinity;
  if (aligned <= limits.aligned[a.edge === b.edge ? 0 : 1]) return true;
  const [first, second, placement] = near.scale <= 1 ? [a, b, near] : [b, a, inverse(near)];
  if (limits.cut > 0 && isCut(first, second, placement, limits.cut)) return true;
  const [noisy, blurred] = limits.lossy;
  const most = lossy && aligned <= noisy ? Math.max(blurred, limits.registered) : limits.registered;
  if (most === 0) return false;
  const found = register(
    smoothed(first.values, first.edge),
    smoothed(second.values, second.edge, placement.scale),
    placement,
    most,
  );
  return found !== undefined;
}

const atEdge = ({ edge, values }: RoughPlane, to: number): RoughPlane =>
  edge <= to ? { edge, values } : { edge: to, values: Uint8Array.from(meansOf(values, edge, to), Math.round) };

/** Energy of the difference of two planes of one size, as a share of the variance of the one with the lower contrast. */
const difference = (a: RoughPlane, b: RoughPlane, mirrored: boolean): number => cutDifference(a, b, 0, 0, mirrored);

/** Whether the second is about a part of the first, pixel by pixel. */
function isCut(a: RoughPlane, b: RoughPlane, near: Placement, most: number): boolean {
  if (a.edge <= b.edge || Math.abs(near.scale * a.edge - b.edge) > 2) return false;
  const middle = (at: number): number => Math.round((0.5 + at) * a.edge - b.edge / 2);
  for (let top = middle(near.y) - 1; top <= middle(near.y) + 1; top++) {
    for (let left = middle(near.x) - 1; left <= middle(near.x) + 1; left++) {
      if (left < 0 || top < 0 || left + b.edge > a.edge || top + b.edge > a.edge) continue;
      if (cutDifference(a, b, left, top, near.mirrored) <= most) return true;
    }
  }
  return false;
}

function cutDifference(a: RoughPlane, b: RoughPlane, left: number, top: number, mirrored: boolean): number {
  const { edge } = b;
  let [error, sumA, sumB, squaresA, squaresB] = [0, 0, 0, 0, 0];
  for (let y = 0; y < edge; y++) {
    for (let x = 0; x < edge; x++) {
      const value = a.values[(top + y) * a.edge + left + x] ?? NaN;
      const other = b.values[y * edge + (mirrored ? edge - 1 - x : x)] ?? NaN;
      error += (value - other) ** 2;
      sumA += value;
      sumB += other;
      squaresA += value * value;
      squaresB += other * other;
    }
  }
  const count = edge * edge;
  return error / Math.min(squaresA - (sumA * sumA) / count, squaresB - (sumB * sumB) / count);
}
