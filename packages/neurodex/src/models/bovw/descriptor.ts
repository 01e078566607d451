import { DESCRIPTOR_LENGTH } from './parameters.ts';
import type { Plane } from './plane.ts';

/** Histograms on an edge of the grid, and orientations in each (Lowe 2004, §6.1). */
const GRID = 4;
const BINS = 8;
/** Edge of one histogram's square, as a multiple of the keypoint's scale. */
const SQUARE = 3;
/** No element may be larger than this share of the whole before it is normalised again. */
const LARGEST = 0.2;
/** Elements are stored as bytes, at this multiple of a unit vector's. */
const BYTE_SCALE = 512;

const BINS_PADDED = BINS + 2;
const GRID_PADDED = GRID + 2;

/**
 * The 128 numbers that describe the surroundings of a keypoint (Lowe 2004, §6): gradients, turned with its orientation,
 * in 4×4 histograms of 8 directions; each gradient is shared out among its neighbouring histograms and directions.
 * @param x y position in pixels of the octave
 * @param angle degrees, as `orientations` gives them
 * @param scale in pixels of the octave
 * @returns uint8 [128]
 */
export function describe(
  { width, height, data }: Plane,
  x: number,
  y: number,
  angle: number,
  scale: number,
): Uint8Array {
  const histogram = new Float64Array(GRID_PADDED * GRID_PADDED * BINS_PADDED);
  const [column, row] = [Math.round(x), Math.round(y)];
  const turned = angle === 0 ? 0 : 360 - angle;
  const square = SQUARE * scale;
  const radius = Math.min(Math.round((square * Math.SQRT2 * (GRID + 1)) / 2), Math.floor(Math.hypot(width, height)));
  const cosine = Math.cos((turned * Math.PI) / 180) / square;
  const sine = Math.sin((turned * Math.PI) / 180) / square;
  const decay = -2 / GRID ** 2;
  for (let i = -radius; i <= radius; i++) {
    const py = row + i;
    if (py <= 0 || py >= height - 1) continue;
    for (let j = -radius; j <= radius; j++) {
      const px = column + j;
      if (px <= 0 || px >= width - 1) continue;
      // Position in the turned grid, in squares from its middle.
      const across = j * cosine - i * sine;
      const along = j * sine + i * cosine;
      const gridColumn = across + GRID / 2 - 0.5;
      const gridRow = along + GRID / 2 - 0.5;
      if (gridRow <= -1 || gridRow >= GRID || gridColumn <= -1 || gridColumn >= GRID) continue;
      const at = py * width + px;
      const dx = (data[at + 1] as number) - (data[at - 1] as number);
      const dy = (data[at - width] as number) - (data[at + width] as number);
      const degrees = (Math.atan2(dy, dx) * 180) / Math.PI;
      const direction = ((((degrees - turned) % 360) + 360) % 360) * (BINS / 360);
      const weight = Math.hypot(dx, dy) * Math.exp((across * across + along * along) * decay);
      share(histogram, gridRow, gridColumn, direction, weight);
    }
  }
  return toBytes(histogram);
}

/** Trilinear: each gradient goes to the two nearest rows, columns and directions, by nearness. */
function share(histogram: Float64Array, row: number, column: number, direction: number, weight: number): void {
  const [r, c, d] = [Math.floor(row), Math.floor(column), Math.floor(direction)];
  const [fr, fc, fd] = [row - r, column - c, direction - d];
  for (const [y, wy] of [
    [r + 1, 1 - fr],
    [r + 2, fr],
  ] as const) {
    for (const [x, wx] of [
      [c + 1, 1 - fc],
      [c + 2, fc],
    ] as const) {
      const start = (y * GRID_PADDED + x) * BINS_PADDED + (d % BINS);
      const part = weight * wy * wx;
      histogram[start] = (histogram[start] as number) + part * (1 - fd);
      histogram[start + 1] = (histogram[start + 1] as number) + part * fd;
    }
  }
}

/** Without the padding, at unit length, large elements cut, at unit length again, as bytes (Lowe 2004, §6.1). */
function toBytes(histogram: Float64Array): Uint8Array {
  const values = new Float64Array(DESCRIPTOR_LENGTH);
  let to = 0;
  for (let y = 1; y <= GRID; y++) {
    for (let x = 1; x <= GRID; x++) {
      const start = (y * GRID_PADDED + x) * BINS_PADDED;
      // The direction past the last is the first.
      for (let d = 0; d < BINS; d++) {
        values[to++] = (histogram[start + d] as number) + (d < 2 ? (histogram[start + BINS + d] as number) : 0);
      }
    }
  }
  const length = (): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  const largest = LARGEST * length();
  for (let i = 0; i < values.length; i++) values[i] = Math.min(values[i] as number, largest);
  const factor = BYTE_SCALE / Math.max(length(), 1e-7);
  return Uint8Array.from(values, (value) => Math.min(255, Math.round(value * factor)));
}
