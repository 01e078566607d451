import type { Gradients } from './gradients.ts';
import { DESCRIPTOR_LENGTH } from './parameters.ts';

/** Histograms on an edge of the grid, and orientations in each (Lowe 2004, §6.1). */
const GRID = 4;
const BINS = 8;
/** Edge of one histogram's square, as a multiple of the keypoint's scale. */
const SQUARE = 3;
/** No element may be larger than this share of the whole before it is normalised again. */
const LARGEST = 0.2;
/** Elements are stored as bytes, at this multiple of a unit vector's. */
const BYTE_SCALE = 512;

/** Half of the grid and half a square around it: as far as a gradient still has a share in a histogram. */
const REACH = (GRID + 1) / 2;
const BINS_PADDED = BINS + 2;
const GRID_PADDED = GRID + 2;
const ROW = GRID_PADDED * BINS_PADDED;

/** Reused: a picture has hundreds of descriptors. */
const histogram = new Float64Array(GRID_PADDED * ROW);
const values = new Float64Array(DESCRIPTOR_LENGTH);

/**
 * The 128 numbers that describe the surroundings of a keypoint (Lowe 2004, §6): gradients, turned with its orientation,
 * in 4×4 histograms of 8 directions; each gradient is shared out among its neighbouring histograms and directions.
 * @param x y position in pixels of the octave
 * @param angle degrees, as `orientations` gives them
 * @param scale in pixels of the octave
 * @returns uint8 [128]
 */
export function describe(
  { width, height, stride, lengths, directions }: Gradients,
  x: number,
  y: number,
  angle: number,
  scale: number,
): Uint8Array {
  histogram.fill(0);
  const [column, row] = [Math.round(x), Math.round(y)];
  const turned = ((angle === 0 ? 0 : 360 - angle) * Math.PI) / 180;
  const square = SQUARE * scale;
  const radius = Math.min(Math.round(square * Math.SQRT2 * REACH), Math.floor(Math.hypot(width, height)));
  const cosine = Math.cos(turned) / square;
  const sine = Math.sin(turned) / square;
  const weights = gaussianWeights(radius, square);
  const perBin = BINS / (2 * Math.PI);
  const top = Math.max(-radius, 1 - row);
  const bottom = Math.min(radius, height - 2 - row);
  for (let i = top; i <= bottom; i++) {
    // Where the turned grid begins and ends on this row of pixels.
    const [from, to] = crossing(i, cosine, sine, radius);
    const first = Math.max(from, 1 - column);
    const last = Math.min(to, width - 2 - column);
    const rowWeight = weights[Math.abs(i)] as number;
    for (let j = first; j <= last; j++) {
      // Position in the turned grid, in squares; the padded grid begins at 0.
      const gridColumn = j * cosine - i * sine + REACH;
      const gridRow = j * sine + i * cosine + REACH;
      if (!(gridColumn > 0 && gridColumn < GRID + 1 && gridRow > 0 && gridRow < GRID + 1)) continue;
      const at = (row + i) * stride + column + j;
      const weight = (lengths[at] as number) * rowWeight * (weights[Math.abs(j)] as number);
      let bin = ((directions[at] as number) - turned) * perBin;
      if (bin < 0) bin += BINS;
      if (bin >= BINS) bin -= BINS;

      // Trilinear: to the two nearest rows, columns and directions, by nearness.
      const r = gridRow | 0;
      const c = gridColumn | 0;
      const d = bin | 0;
      const fr = gridRow - r;
      const fc = gridColumn - c;
      const fd = bin - d;
      const lower = weight * fr;
      const upper = weight - lower;
      const upperRight = upper * fc;
      const upperLeft = upper - upperRight;
      const lowerRight = lower * fc;
      const lowerLeft = lower - lowerRight;
      const start = r * ROW + c * BINS_PADDED + d;
      spread(start, upperLeft, fd);
      spread(start + BINS_PADDED, upperRight, fd);
      spread(start + ROW, lowerLeft, fd);
      spread(start + ROW + BINS_PADDED, lowerRight, fd);
    }
  }
  return toBytes();
}

function spread(start: number, weight: number, fraction: number): void {
  const next = weight * fraction;
  histogram[start] = (histogram[start] as number) + (weight - next);
  histogram[start + 1] = (histogram[start + 1] as number) + next;
}

/** exp(−d²/(2·(GRID/2)²)) for d pixels along one axis; the weight at (i, j) is the product, however the grid is turned. */
function gaussianWeights(radius: number, square: number): Float64Array {
  const decay = -2 / (GRID * square) ** 2;
  const weights = new Float64Array(radius + 1);
  for (let i = 0; i <= radius; i++) weights[i] = Math.exp(i * i * decay);
  return weights;
}

/** The whole j for which both j·cosine − i·sine and j·sine + i·cosine may lie within the reach; generous by a pixel. */
function crossing(i: number, cosine: number, sine: number, radius: number): [from: number, to: number] {
  let [from, to] = [-radius, radius];
  for (const [slope, offset] of [
    [cosine, -i * sine],
    [sine, i * cosine],
  ] as const) {
    if (Math.abs(slope) < 1e-9) continue;
    const [a, b] = [(-REACH - offset) / slope, (REACH - offset) / slope];
    from = Math.max(from, Math.floor(Math.min(a, b)));
    to = Math.min(to, Math.ceil(Math.max(a, b)));
  }
  return [from, to];
}

/** Without the padding, at unit length, large elements cut, at unit length again, as bytes (Lowe 2004, §6.1). */
function toBytes(): Uint8Array {
  let to = 0;
  for (let y = 1; y <= GRID; y++) {
    for (let x = 1; x <= GRID; x++) {
      const start = y * ROW + x * BINS_PADDED;
      // The direction past the last is the first.
      for (let d = 0; d < BINS; d++) {
        values[to++] = (histogram[start + d] as number) + (d < 2 ? (histogram[start + BINS + d] as number) : 0);
      }
    }
  }
  const largest = LARGEST * length();
  for (let i = 0; i < values.length; i++) values[i] = Math.min(values[i] as number, largest);
  const factor = BYTE_SCALE / Math.max(length(), 1e-7);
  return Uint8Array.from(values, (value) => Math.min(255, Math.round(value * factor)));
}

function length(): number {
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i] as number) ** 2;
  return Math.sqrt(squares);
}
