import type { Gradients } from './gradients.ts';
import { DESCRIPTOR_LENGTH } from './parameters.ts';
import { vectors } from './vectors.ts';

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
const values = new Float64Array(DESCRIPTOR_LENGTH);

/**
 * The 128 numbers that describe the surroundings of a keypoint (Lowe 2004, §6): gradients, turned with its orientation,
 * in 4×4 histograms of 8 directions; each gradient is shared out among its neighbouring histograms and directions.
 * @param x y position in pixels of the octave
 * @param angle degrees, as `orientations` gives them
 * @param scale in pixels of the octave
 * @returns uint8 [128]
 */
export function describe(gradients: Gradients, x: number, y: number, angle: number, scale: number): Uint8Array {
  const { width, height, stride, lengths, directions, arena } = gradients;
  const histogram = arena.histogram.data;
  histogram.fill(0);
  const [column, row] = [Math.round(x), Math.round(y)];
  const turned = ((angle === 0 ? 0 : 360 - angle) * Math.PI) / 180;
  const square = SQUARE * scale;
  const radius = Math.min(Math.round(square * Math.SQRT2 * REACH), Math.floor(Math.hypot(width, height)));
  const cosine = Math.cos(turned) / square;
  const sine = Math.sin(turned) / square;
  const bounds: [number, number] = [0, 0];
  const weights = fillWindow(arena.window.data, radius, square);
  const top = Math.max(-radius, 1 - row);
  const bottom = Math.min(radius, height - 2 - row);
  for (let i = top; i <= bottom; i++) {
    // Where the turned grid begins and ends on this row of pixels.
    bounds[0] = Math.max(-radius, 1 - column);
    bounds[1] = Math.min(radius, width - 2 - column);
    narrow(bounds, cosine, -i * sine);
    narrow(bounds, sine, i * cosine);
    const first = bounds[0];
    const count = bounds[1] - first + 1;
    if (count <= 0) continue;
    const at = 4 * ((row + i) * stride + column + first);
    vectors.share(
      lengths.address + at,
      directions.address + at,
      arena.window.address + 4 * (radius + first),
      count,
      // The padded grid begins at 0.
      first * cosine - i * sine + REACH,
      first * sine + i * cosine + REACH,
      cosine,
      sine,
      weights[radius + i] ?? NaN,
      turned,
      BINS / (2 * Math.PI),
      arena.histogram.address,
    );
  }
  return toBytes(histogram);
}

/**
 * exp(−d²/(2·(GRID/2)²)) for −radius … radius pixels along one axis; the weight at (i, j) is the product, however the
 * grid is turned.
 */
function fillWindow(window: Float32Array, radius: number, square: number): Float32Array {
  const decay = -2 / (GRID * square) ** 2;
  for (let i = 0; i <= radius; i++) {
    const weight = Math.exp(i * i * decay);
    window[radius + i] = weight;
    window[radius - i] = weight;
  }
  return window;
}

/** The smallest and largest d with −REACH ≤ d·slope + offset ≤ REACH, rounded outwards, within what there was. */
function narrow(bounds: [from: number, to: number], slope: number, offset: number): void {
  if (Math.abs(slope) < 1e-9) return;
  const a = (-REACH - offset) / slope;
  const b = (REACH - offset) / slope;
  bounds[0] = Math.max(bounds[0], Math.floor(Math.min(a, b)));
  bounds[1] = Math.min(bounds[1], Math.ceil(Math.max(a, b)));
}

/** Without the padding, at unit length, large elements cut, at unit length again, as bytes (Lowe 2004, §6.1). */
function toBytes(histogram: Float32Array): Uint8Array {
  let to = 0;
  for (let y = 1; y <= GRID; y++) {
    for (let x = 1; x <= GRID; x++) {
      const start = y * ROW + x * BINS_PADDED;
      // The direction past the last is the first.
      for (let d = 0; d < BINS; d++) {
        values[to++] = (histogram[start + d] ?? NaN) + (d < 2 ? (histogram[start + BINS + d] ?? NaN) : 0);
      }
    }
  }
  const largest = LARGEST * length();
  for (let i = 0; i < values.length; i++) values[i] = Math.min(values[i] ?? NaN, largest);
  const factor = BYTE_SCALE / Math.max(length(), 1e-7);
  const bytes = new Uint8Array(DESCRIPTOR_LENGTH);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Math.min(255, Math.round((values[i] ?? NaN) * factor));
  return bytes;
}

function length(): number {
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i] ?? NaN) ** 2;
  return Math.sqrt(squares);
}
