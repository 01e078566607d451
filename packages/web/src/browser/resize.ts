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
  const columns = Int32Array.from({ length: columnCount * block }, (_, x) => 4 * Math.min(width - 1, x));
  const sums = new Float64Array(4 * columnCount);
  for (let y = 0; y < rowCount; y++) {
    sums.fill(0);
    for (let dy = 0; dy < block; dy++) {
      const row = 4 * width * Math.min(height - 1, y * block + dy);
      for (let x = 0, to = 0; x < columns.length; to += 4) {
        let red = 0;
        let green = 0;
        let blue = 0;
        for (const end = x + block; x < end; x++) {
          const from = row + (columns[x] ?? 0);
          red += data[from] ?? 0;
          green += data[from + 1] ?? 0;
          blue += data[from + 2] ?? 0;
        }
        sums[to] = (sums[to] ?? 0) + red;
        sums[to + 1] = (sums[to + 1] ?? 0) + green;
        sums[to + 2] = (sums[to + 2] ?? 0) + blue;
      }
    }
    for (let i = 0; i < sums.length; i++) out[4 * y * columnCount + i] = Math.round((sums[i] ?? 0) / (block * block));
  }
  return { width: columnCount, height: rowCount, data: out };
}

/** Along the columns: [height, width, 4] → RGB [size, width, 3]. @param taps of each output row, [size] */
function filterColumns({ width, height, data }: Raster, taps: readonly Taps[]): Uint8ClampedArray {
  const out = new Uint8ClampedArray(taps.length * width * 3);
  const sums = new Float64Array(3 * width);
  for (const [y, { first, weights }] of taps.entries()) {
    sums.fill(0);
    // Row after row, in the order of memory.
    for (const [tap, weight] of weights.entries()) {
      let from = 4 * width * clamp(first + tap, height);
      for (let i = 0; i < sums.length; i += 3, from += 4) {
        sums[i] = (sums[i] ?? 0) + weight * (data[from] ?? 0);
        sums[i + 1] = (sums[i + 1] ?? 0) + weight * (data[from + 1] ?? 0);
        sums[i + 2] = (sums[i + 2] ?? 0) + weight * (data[from + 2] ?? 0);
      }
    }
    for (let i = 0; i < sums.length; i++) out[3 * y * width + i] = Math.round(sums[i] ?? 0);
  }
  return out;
}

/** Along the rows: RGB [size, width, 3] → [size, size, 3]. @param taps of each output column, [size] */
function filterRows(data: Uint8ClampedArray, width: number, taps: readonly Taps[]): Uint8Array {
  const size = taps.length;
  const out = new Uint8ClampedArray(size * size * 3);
  for (const [x, { first, weights }] of taps.entries()) {
    const columns = Int32Array.from(weights, (_, tap) => 3 * clamp(first + tap, width));
    for (let y = 0; y < size; y++) {
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let tap = 0; tap < columns.length; tap++) {
        const from = 3 * y * width + (columns[tap] ?? 0);
        const weight = weights[tap] ?? 0;
        red += weight * (data[from] ?? 0);
        green += weight * (data[from + 1] ?? 0);
        blue += weight * (data[from + 2] ?? 0);
      }
      const to = 3 * (y * size + x);
      out[to] = Math.round(red);
      out[to + 1] = Math.round(green);
      out[to + 2] = Math.round(blue);
    }
  }
  return new Uint8Array(out.buffer);
}

const clamp = (i: number, length: number): number => Math.max(0, Math.min(length - 1, i));
