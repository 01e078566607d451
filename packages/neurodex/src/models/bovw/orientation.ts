import type { Extremum } from './extrema.ts';
import type { Gradients } from './gradients.ts';
import { descriptorKernels } from './vectors.ts';
import { fillWindow, windowRadius } from './window.ts';

const BINS = 36;
/** The window's deviation, as a multiple of the keypoint's scale (Lowe 2004, §5). */
const WINDOW = 1.5;
/** The window is cut off at three deviations. */
const RADIUS = 3 * WINDOW;
/** Peaks of at least this share of the highest give keypoints of their own. */
const PEAK = 0.8;

/** Reused: a picture has hundreds of keypoints. The histogram goes on for two bins at both ends, the smoothed one for one. */
const around = new Float64Array(BINS + 4);
const smoothed = new Float64Array(BINS + 2);

/** Main directions of the gradients around a point (Lowe 2004, §5): degrees, clockwise in a picture whose y points down. */
export function orientations({ column, row, scale }: Extremum, gradients: Gradients): number[] {
  fillHistogram(gradients, column, row, scale);
  const highest = smooth();
  const found: number[] = [];
  for (let bin = 0; bin < BINS; bin++) {
    const before = smoothed[bin] ?? NaN;
    const value = smoothed[bin + 1] ?? NaN;
    const after = smoothed[bin + 2] ?? NaN;
    if (!(value > before && value > after && value >= PEAK * highest)) continue;
    // The peak of the parabola through three bins.
    const peak = bin + (0.5 * (before - after)) / (before - 2 * value + after);
    const degrees = 360 - (360 / BINS) * ((peak + BINS) % BINS);
    found.push(degrees >= 360 ? degrees - 360 : degrees);
  }
  return found;
}

function fillHistogram(gradients: Gradients, column: number, row: number, scale: number): void {
  const { width, height, stride, lengths, directions, arena } = gradients;
  const radius = windowRadius(RADIUS * scale, gradients);
  fillWindow(arena.window.data, radius, -1 / (2 * (WINDOW * scale) ** 2));
  const left = Math.max(-radius, 1 - column);
  const top = Math.max(-radius, 1 - row);
  const count = Math.min(radius, width - 2 - column) - left + 1;
  const rows = Math.min(radius, height - 2 - row) - top + 1;
  const at = 4 * ((row + top) * stride + column + left);
  const weights = arena.window.address + 4 * radius;
  const { data, address } = arena.scratch;
  descriptorKernels.orient(
    lengths.address + at,
    directions.address + at,
    4 * stride,
    count,
    rows,
    weights + 4 * left,
    weights + 4 * top,
    address,
  );
  for (let bin = 0; bin < BINS; bin++) around[bin + 2] = data[bin] ?? NaN;
  // The bin behind the last is the first.
  around[2] = (data[0] ?? NaN) + (data[BINS] ?? NaN);
}

/** Circular convolution with 1 4 6 4 1, over 16. @returns the highest value */
function smooth(): number {
  around.copyWithin(0, BINS, BINS + 2);
  around.copyWithin(BINS + 2, 2, 4);
  let highest = 0;
  for (let bin = 0; bin < BINS; bin++) {
    const far = (around[bin] ?? NaN) + (around[bin + 4] ?? NaN);
    const near = (around[bin + 1] ?? NaN) + (around[bin + 3] ?? NaN);
    const value = (far + 4 * near + 6 * (around[bin + 2] ?? NaN)) / 16;
    smoothed[bin + 1] = value;
    highest = Math.max(highest, value);
  }
  smoothed[0] = smoothed[BINS] ?? NaN;
  smoothed[BINS + 1] = smoothed[1] ?? NaN;
  return highest;
}
