/** Pixels as a canvas gives them: RGBA, row after row. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

const LOBES = 3;
/** Reductions by more than this are begun with whole blocks of pixels. */
const GAP = 2;

/**
 * The centre square at an edge of `size` pixels, as the catalogue's pictures are made by libvips (`cover`, Lanczos 3):
 * the shorter side is brought to `size` and the middle of the longer one is kept. A reduction first averages blocks, then
 * weighs with Lanczos 3 (Duchon 1979), column by column and row by row; an enlargement is bicubic (Keys 1981, a = −½).
 * @returns uint8 RGB [size, size, 3]
 */
export function squareOf({ width, height, data }: Raster, size: number): Uint8Array {
  const factor = Math.min(width, height) / size;
  const shape = (length: number): number => Math.max(size, Math.round(length / factor));
  const block = factor > 1 ? Math.max(1, Math.floor(factor / GAP)) : 1;
  const taps = (length: number): Taps => tapsOf(length / block, shape(length), size, factor / block);
  const shrunk = averageBlocks({ width, height, data }, block);
  return rows(columns(shrunk, taps(height), size), shrunk.width, taps(width), size);
}

/** What each output sample reads: `count` neighbours from `first` on, with their weights. */
interface Taps {
  readonly count: number;
  readonly first: Int32Array;
  /** float64 [size, count], each row adds up to 1 */
  readonly weights: Float64Array;
}

/**
 * @param length of the input
 * @param whole length of the output, of which the middle `size` are wanted
 * @param factor input samples for each output sample
 */
function tapsOf(length: number, whole: number, size: number, factor: number): Taps {
  const reach = factor > 1 ? Math.round(LOBES * factor) : 2;
  const kernel = factor > 1 ? (x: number) => lanczos(x / factor) : cubic;
  const count = 2 * reach + 1;
  const start = Math.floor((whole - size + 1) / 2);
  // Where the length is no multiple, as much is left out on one side as on the other.
  const shift = (whole * factor - length) / 2;
  const first = new Int32Array(size);
  const weights = new Float64Array(size * count);
  for (let i = 0; i < size; i++) {
    // libvips reduces about the centres of samples, and enlarges from their corners.
    const centre =
      factor > 1 ? (start + i + 0.5) * factor - 0.5 - shift : (start + i) * factor - (factor < 1 ? 0.5 : 0);
    first[i] = Math.round(centre) - reach;
    let total = 0;
    for (let j = 0; j < count; j++) {
      const weight = kernel((first[i] as number) + j - centre);
      weights[i * count + j] = weight;
      total += weight;
    }
    for (let j = 0; j < count; j++) weights[i * count + j] = (weights[i * count + j] as number) / total;
  }
  return { count, first, weights };
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

/** Each block of pixels as its mean; what stands over at the right and below repeats the last pixel. */
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
            sum += data[4 * (row + Math.min(width - 1, x * block + dx)) + channel] as number;
          }
        }
        out[4 * (y * columnCount + x) + channel] = Math.round(sum / (block * block));
      }
    }
  }
  return { width: columnCount, height: rowCount, data: out };
}

/** Along the columns: [height, width, 4] → RGB [size, width, 3]. */
function columns({ width, height, data }: Raster, { count, first, weights }: Taps, size: number): Uint8ClampedArray {
  const out = new Uint8ClampedArray(size * width * 3);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let j = 0; j < count; j++) {
          const row = clamp((first[y] as number) + j, height);
          sum += (weights[y * count + j] as number) * (data[4 * (row * width + x) + channel] as number);
        }
        out[3 * (y * width + x) + channel] = Math.round(sum);
      }
    }
  }
  return out;
}

/** Along the rows: RGB [size, width, 3] → [size, size, 3]. */
function rows(data: Uint8ClampedArray, width: number, { count, first, weights }: Taps, size: number): Uint8Array {
  const out = new Uint8ClampedArray(size * size * 3);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let j = 0; j < count; j++) {
          const column = clamp((first[x] as number) + j, width);
          sum += (weights[x * count + j] as number) * (data[3 * (y * width + column) + channel] as number);
        }
        out[3 * (y * size + x) + channel] = Math.round(sum);
      }
    }
  }
  return new Uint8Array(out.buffer);
}

const clamp = (i: number, length: number): number => Math.max(0, Math.min(length - 1, i));
