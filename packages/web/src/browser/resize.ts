/** Pixels as a canvas gives them: RGBA, row after row. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  /** uint8 [height, width, 4] */
  readonly data: Uint8ClampedArray;
}

const LOBES = 3;
/** Averaging whole blocks of pixels leaves at least this factor to the kernel. */
const GAP = 2;

/**
 * The centre square at an edge of `size` pixels, as libvips makes the catalogue's pictures (`cover`, Lanczos 3): the
 * shorter side is scaled to `size`, and the middle of the longer side is kept. A reduction first averages blocks, then
 * filters with Lanczos 3 (Duchon 1979), column by column and row by row; an enlargement is bicubic (Keys 1981, a = −½).
 * @returns uint8 RGB [size, size, 3]
 */
export function squareOf({ width, height, data }: Raster, size: number): Uint8Array {
  const factor = Math.min(width, height) / size;
  const scaled = (length: number): number => Math.max(size, Math.round(length / factor));
  const block = factor > 1 ? Math.max(1, Math.floor(factor / GAP)) : 1;
  const taps = (length: number): Taps[] => tapsOf(length / block, scaled(length), size, factor / block);
  const shrunk = averageBlocks({ width, height, data }, block);
  return filterRows(filterColumns(shrunk, taps(height)), shrunk.width, taps(width));
}

/** The input samples that one output sample reads: as many neighbours from `first` on as there are weights. */
interface Taps {
  readonly first: number;
  /** float64, sum 1 */
  readonly weights: Float64Array;
}

/**
 * @param length of the input
 * @param whole length of the output, of which the middle `size` samples are kept
 * @param factor input samples for each output sample
 * @returns the taps of each kept sample
 */
function tapsOf(length: number, whole: number, size: number, factor: number): Taps[] {
  const reach = factor > 1 ? Math.round(LOBES * factor) : 2;
  const kernel = factor > 1 ? (x: number) => lanczos(x / factor) : cubic;
  const start = Math.floor((whole - size + 1) / 2);
  // Where the length is not a multiple of the factor, both sides lose the same.
  const shift = (whole * factor - length) / 2;
  return Array.from({ length: size }, (_, i) => {
    // libvips reduces about the centres of samples, and enlarges from their corners.
    const centre =
      factor > 1 ? (start + i + 0.5) * factor - 0.5 - shift : (start + i) * factor - (factor < 1 ? 0.5 : 0);
    const first = Math.round(centre) - reach;
    const weights = Float64Array.from({ length: 2 * reach + 1 }, (_, j) => kernel(first + j - centre));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return { first, weights: weights.map((weight) => weight / total) };
  });
}

function lanczos(x: number): number {
  if (x === 0) return 1;
  const t = Math.PI * x;
  return Math.abs(x) < LOBES ? (LOBES * Math.sin(t) * Math.sin(t / LOBES)) / (t * t) : 0;
}

function cubic(x: number): number {
  const t = Math.abs(x);
  if (t < 1) return 1.5 * t ** 3 - 2.5 * t ** 2 + 1;
  return t < 2 ? -0.5 * t ** 3 + 2.5 * t ** 2 - 4 * t + 2 : 0;
}

/** Each block of pixels as its mean; blocks over the right and lower border repeat the last pixel. */
function averageBlocks({ width, height, data }: Raster, block: number): Raster {
  if (block === 1) return { width, height, data };
  const [columnCount, rowCount] = [Math.ceil(width / block), Math.ceil(height / block)];
  const out = new Uint8ClampedArray(4 * columnCount * rowCount);
  for (let y = 0; y < rowCount; y++) {
    for (let x = 0; x < columnCount; x++) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let dy = 0; dy < block; dy++) {
          const row = Math.min(height - 1, y * block + dy) * width;
          for (let dx = 0; dx < block; dx++) {
            sum += at(data, 4 * (row + Math.min(width - 1, x * block + dx)) + channel);
          }
        }
        out[4 * (y * columnCount + x) + channel] = Math.round(sum / (block * block));
      }
    }
  }
  return { width: columnCount, height: rowCount, data: out };
}

/** Along the columns: [height, width, 4] → RGB [size, width, 3]. @param taps of each output row, [size] */
function filterColumns({ width, height, data }: Raster, taps: readonly Taps[]): Uint8ClampedArray {
  const out = new Uint8ClampedArray(taps.length * width * 3);
  for (const [y, { first, weights }] of taps.entries()) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        let row = first;
        for (const weight of weights) sum += weight * at(data, 4 * (clamp(row++, height) * width + x) + channel);
        out[3 * (y * width + x) + channel] = Math.round(sum);
      }
    }
  }
  return out;
}

/** Along the rows: RGB [size, width, 3] → [size, size, 3]. @param taps of each output column, [size] */
function filterRows(data: Uint8ClampedArray, width: number, taps: readonly Taps[]): Uint8Array {
  const size = taps.length;
  const out = new Uint8ClampedArray(size * size * 3);
  for (let y = 0; y < size; y++) {
    for (const [x, { first, weights }] of taps.entries()) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        let column = first;
        for (const weight of weights) sum += weight * at(data, 3 * (y * width + clamp(column++, width)) + channel);
        out[3 * (y * size + x) + channel] = Math.round(sum);
      }
    }
  }
  return new Uint8Array(out.buffer);
}

const clamp = (i: number, length: number): number => Math.max(0, Math.min(length - 1, i));

/** A sample by an index within the data. */
const at = (data: Uint8ClampedArray, i: number): number => data[i] ?? 0;
