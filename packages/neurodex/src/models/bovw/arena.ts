import type { Plane } from './plane.ts';
import { AT_ONCE, reserve, vectors } from './vectors.ts';

/** A plane in the memory of the kernels. */
export interface ArenaPlane extends Plane {
  /** Of its first pixel, in bytes. */
  readonly address: number;
}

/** Pixels that are blurred together; a larger picture goes in bands of rows. */
const BAND = 1 << 20;
const FEWEST_ROWS = 64;
/** The kernels may read a few pixels before the first plane and behind the last. */
const MARGIN = 4096;
/** Longest kernel, in weights on one side: a blur of deviation 6 has 25. */
const WEIGHTS = 64;
/** 6×6 histograms of 8 + 2 directions. */
const HISTOGRAM = 360;

/**
 * The memory of one octave: planes of one size, reused from octave to octave and from picture to picture, so that nothing
 * is allocated while pictures are described. Valid until the next arena is laid out.
 */
export class Arena {
  readonly planes: readonly ArenaPlane[];
  readonly lengths: ArenaPlane;
  readonly directions: ArenaPlane;
  /** int32, one for each pixel at most. */
  readonly numbers: Int32Array;
  /** float32 [WEIGHTS], of a blur. */
  readonly weights: ArenaPlane;
  /** float32 [6·6·10], of a descriptor. */
  readonly histogram: ArenaPlane;
  /** float32 [2·radius + 1], of a descriptor's window. */
  readonly window: ArenaPlane;
  /** Rows with mirrored ends, and the same after the first pass. */
  readonly source: ArenaPlane;
  readonly middle: ArenaPlane;
  /** Rows that are blurred together. */
  readonly bandRows: number;

  /** @param count planes of width × height pixels */
  constructor(width: number, height: number, count: number) {
    const stride = AT_ONCE * Math.ceil(width / AT_ONCE);
    this.bandRows = Math.min(height, Math.max(FEWEST_ROWS, Math.floor(BAND / stride)));
    const sourceStride = stride + 2 * WEIGHTS;
    const inputRows = this.bandRows + 2 * WEIGHTS;
    // A window is never larger than the picture.
    const windowLength = AT_ONCE * Math.ceil((2 * Math.ceil(Math.hypot(width, height)) + 1) / AT_ONCE);
    const sizes = [
      ...Array<number>(count + 2).fill(stride * height),
      stride * height,
      WEIGHTS,
      HISTOGRAM,
      windowLength,
      sourceStride * inputRows,
      stride * inputRows,
    ];
    reserve(2 * MARGIN + 4 * sizes.reduce((sum, size) => sum + size, 0));
    let address = MARGIN;
    const take = (size: number, shape: Omit<Plane, 'data'>): ArenaPlane => {
      const data = new Float32Array(vectors.memory.buffer, address, size);
      const taken = { ...shape, data, address };
      address += 4 * size;
      return taken;
    };
    const shape = { width, height, stride };
    this.planes = Array.from({ length: count }, () => take(stride * height, shape));
    this.lengths = take(stride * height, shape);
    this.directions = take(stride * height, shape);
    this.numbers = new Int32Array(vectors.memory.buffer, address, stride * height);
    address += 4 * stride * height;
    this.weights = take(WEIGHTS, { width: WEIGHTS, height: 1, stride: WEIGHTS });
    this.histogram = take(HISTOGRAM, { width: HISTOGRAM, height: 1, stride: HISTOGRAM });
    this.window = take(windowLength, { width: windowLength, height: 1, stride: windowLength });
    this.source = take(sourceStride * inputRows, { width, height: inputRows, stride: sourceStride });
    this.middle = take(stride * inputRows, { width, height: inputRows, stride });
  }
}
