import type { Extremum } from './extrema.ts';
import type { Gradients } from './gradients.ts';

const BINS = 36;
/** The window's deviation, as a multiple of the keypoint's scale (Lowe 2004, §5). */
const WINDOW = 1.5;
/** The window is cut off at three deviations. */
const RADIUS = 3 * WINDOW;
/** Peaks of at least this share of the highest give keypoints of their own. */
const PEAK = 0.8;

/** Main directions of the gradients around a point (Lowe 2004, §5): degrees, clockwise in a picture whose y points down. */
export function orientations({ column, row, scale }: Extremum, gradients: Gradients): number[] {
  const histogram = smoothed(gradientHistogram(gradients, column, row, scale));
  const highest = Math.max(...histogram);
  const found: number[] = [];
  for (let bin = 0; bin < BINS; bin++) {
    const value = histogram[bin] ?? NaN;
    const before = histogram[(bin + BINS - 1) % BINS] ?? NaN;
    const after = histogram[(bin + 1) % BINS] ?? NaN;
    if (!(value > before && value > after && value >= PEAK * highest)) continue;
    // The peak of the parabola through three bins.
    const peak = bin + (0.5 * (before - after)) / (before - 2 * value + after);
    const degrees = 360 - (360 / BINS) * ((peak + BINS) % BINS);
    found.push(degrees >= 360 ? degrees - 360 : degrees);
  }
  return found;
}

function gradientHistogram(gradients: Gradients, column: number, row: number, scale: number): Float64Array {
  const { width, height, stride } = gradients;
  const [lengths, directions] = [gradients.lengths.data, gradients.directions.data];
  const histogram = new Float64Array(BINS);
  const radius = Math.round(RADIUS * scale);
  const decay = -1 / (2 * (WINDOW * scale) ** 2);
  // The Gaussian of (i, j) is the product of those of i and j.
  const weights = Float64Array.from({ length: radius + 1 }, (_, i) => Math.exp(i * i * decay));
  const perBin = BINS / (2 * Math.PI);
  const left = Math.max(-radius, 1 - column);
  const right = Math.min(radius, width - 2 - column);
  for (let i = Math.max(-radius, 1 - row); i <= Math.min(radius, height - 2 - row); i++) {
    const rowWeight = weights[Math.abs(i)] ?? NaN;
    for (let j = left; j <= right; j++) {
      const at = (row + i) * stride + column + j;
      const nearest = Math.round(perBin * (directions[at] ?? NaN));
      const bin = nearest === BINS ? 0 : nearest;
      const weight = rowWeight * (weights[Math.abs(j)] ?? NaN);
      histogram[bin] = (histogram[bin] ?? NaN) + weight * (lengths[at] ?? NaN);
    }
  }
  return histogram;
}

/** Circular convolution with 1 4 6 4 1, over 16. */
function smoothed(histogram: Float64Array): Float64Array {
  const at = (i: number): number => histogram[(i + BINS) % BINS] ?? NaN;
  return histogram.map((value, i) => (at(i - 2) + at(i + 2) + 4 * (at(i - 1) + at(i + 1)) + 6 * value) / 16);
}
