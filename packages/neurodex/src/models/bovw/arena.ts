import type { Plane } from './plane.ts';
import { AT_ONCE, HISTOGRAM_BYTES, padded, reserve, vectors } from './vectors.ts';

/** A plane in the memory of the kernels. */
export interface ArenaPlane extends Plane {
  /** Of its first pixel, in bytes. */
  readonly address: number;
}

/** What an octave needs room for. */
export interface ArenaShape {
  readonly width: number;
  readonly height: number;
  /** Planes of width × height pixels. */
  readonly count: number;
  /** Planes that are still needed when the next octave is made; the others give way to it. */
  readonly kept: number;
  /** Largest radius of a blur, in pixels. */
  readonly reach: number;
}

/** The kernels may read a few pixels before the first plane and behind the last. */
const MARGIN = 4096;
/** Float32 of a histogram of orientations, and of a descriptor before it is bytes. */
const SCRATCH = 160;
/** Lines that are blurred together. */
const LINES = 4;

/**
 * From one row to the next. An odd multiple of 64 bytes, so that pixels above each other do not all compete for a few places
 * of the processor's cache.
 */
const strideOf = (width: number): number => padded(width) + (padded(width) % (2 * AT_ONCE) === 0 ? AT_ONCE : 0);

/** Float32 of each part, in their order in memory. */
function layout({ width, height, reach }: ArenaShape) {
  const stride = strideOf(width);
  // A window is never larger than the picture.
  const window = padded(2 * Math.ceil(Math.hypot(width, height)) + 1);
  return {
    stride,
    line: padded(width) + 2 * padded(reach),
    plane: stride * (height + 2 * reach),
    gradients: 2 * stride * height,
    numbers: stride * height,
    weights: padded(reach + 1),
    window,
    histogram: HISTOGRAM_BYTES / 4,
    scratch: SCRATCH,
  };
}

function sizeOf(shape: ArenaShape): number {
  const { plane, gradients, numbers, weights, window, histogram, scratch, line } = layout(shape);
  return 4 * (shape.count * plane + gradients + numbers + weights + window + histogram + scratch + LINES * line);
}

/**
 * The memory of one octave. Each octave lies where the one before has planes that are not needed any more. All of it is reused
 * from picture to picture, so that nothing is allocated while pictures are described. Valid until other arenas are laid out.
 */
export class Arena {
  /** With room for `reach` mirrored rows above and below each. */
  readonly planes: readonly ArenaPlane[];
  readonly lengths: ArenaPlane;
  readonly directions: ArenaPlane;
  /** int32, one for each pixel at most. */
  readonly numbers: Int32Array;
  /** float32 [reach + 1], of a blur. */
  readonly weights: ArenaPlane;
  /** float32 [2·radius + 1], of a window around a keypoint. */
  readonly window: ArenaPlane;
  /** Of a descriptor, while it is added up. */
  readonly histogram: ArenaPlane;
  /** float32 [160], for a histogram of orientations or the numbers of a descriptor. */
  readonly scratch: ArenaPlane;
  /** The same as bytes. */
  readonly scratchBytes: Uint8Array;
  /** Rows that are blurred together, with room for `reach` mirrored pixels at both ends of each; the address is of a pixel. */
  readonly lines: ArenaPlane;
  readonly reach: number;

  private constructor(shape: ArenaShape, origin: number) {
    const { width, height, count, reach } = shape;
    const { stride, plane, line, weights, window, histogram, scratch } = layout(shape);
    let address = origin;
    const take = (size: number, of: Omit<Plane, 'data'>, before = 0): ArenaPlane => {
      const at = address + 4 * before;
      const data = new Float32Array(vectors.memory.buffer, at, size - 2 * before);
      address += 4 * size;
      return { ...of, data, address: at };
    };
    const flat = (size: number): ArenaPlane => take(size, { width: size, height: 1, stride: size });
    const pixels = { width, height, stride };
    this.reach = reach;
    this.planes = Array.from({ length: count }, () => take(plane, pixels, reach * stride));
    this.lengths = take(stride * height, pixels);
    this.directions = take(stride * height, pixels);
    this.numbers = new Int32Array(vectors.memory.buffer, address, stride * height);
    address += 4 * stride * height;
    this.weights = flat(weights);
    this.window = flat(window);
    this.histogram = flat(histogram);
    this.scratch = flat(scratch);
    this.scratchBytes = new Uint8Array(vectors.memory.buffer, this.scratch.address, 4 * scratch);
    this.lines = take(LINES * line, { width, height: LINES, stride: line }, padded(reach));
  }

  /** Arenas of octaves; those that were laid out before must not be used any more, unless these are the same. */
  static layOut(shapes: readonly ArenaShape[]): readonly Arena[] {
    const key = JSON.stringify(shapes);
    if (latest?.key === key) return latest.arenas;
    let end = MARGIN;
    const origins: number[] = [];
    for (const shape of shapes) {
      const origin = nextOrigin(shapes[origins.length - 1], origins.at(-1));
      origins.push(origin);
      end = Math.max(end, origin + sizeOf(shape));
    }
    reserve(end + MARGIN);
    const arenas = shapes.map((shape, i) => new Arena(shape, origins[i] ?? NaN));
    latest = { key, arenas };
    return arenas;
  }
}

/** Behind the planes that the arena before keeps. */
const nextOrigin = (before: ArenaShape | undefined, origin = MARGIN): number =>
  before === undefined ? origin : origin + 4 * before.kept * layout(before).plane;

/** Most pictures are as large as the one before. */
let latest: { readonly key: string; readonly arenas: readonly Arena[] } | undefined;
