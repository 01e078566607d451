import { fixedMemory, type WebAssemblyMemory } from '../webassembly.ts';
import { type DistanceKernel, distanceKernel } from './distance-kernel.ts';

/** Numbers that are compared at once; each point is followed by zeros up to a multiple of them. */
const AT_ONCE = 8;
const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** Points one behind the other, of which some at a time are compared with a query. */
export class NearPoints {
  /** From one point to the next, in numbers. */
  readonly stride: number;
  /** float32 [points, stride], not to be changed. */
  readonly points: Float32Array;
  private readonly query: Float32Array;
  /** Of what was found: place behind `from`, and squared distance, in turn. */
  private readonly places: Int32Array;
  private readonly distances: Float32Array;
  /** Undefined where there is none: then it is done in JavaScript. */
  private readonly kernel: DistanceKernel | undefined;

  /**
   * @param points float32 [n, width], of which those of `order` are copied
   * @param most points that are compared at one time
   */
  constructor(points: Float32Array, width: number, order: Int32Array, most: number, makeKernel = distanceKernel) {
    this.stride = Math.ceil(width / AT_ONCE) * AT_ONCE;
    const sizes = [order.length * this.stride, this.stride, 2 * most] as const;
    const { buffer, kernel } = memoryFor(BYTES * (sizes[0] + sizes[1] + sizes[2]), makeKernel);
    this.kernel = kernel;
    this.points = new Float32Array(buffer, 0, sizes[0]);
    this.query = new Float32Array(buffer, BYTES * sizes[0], sizes[1]);
    const out = BYTES * (sizes[0] + sizes[1]);
    this.places = new Int32Array(buffer, out, sizes[2]);
    this.distances = new Float32Array(buffer, out, sizes[2]);
    for (const [place, point] of order.entries())
      this.points.set(points.subarray(point * width, (point + 1) * width), place * this.stride);
  }

  /** What is compared from now on. @param query float32 [width] */
  ask(query: Float32Array): void {
    this.query.set(query);
  }

  /**
   * Finds the points from `from` to before `to`, one at least, whose squared distance is at most `radius`, a float32.
   * @returns how many; `place` and `distance` tell of each
   */
  within(from: number, to: number, radius: number): number {
    if (this.kernel === undefined) return this.compare(from, to, radius);
    const [query, row, out] = [this.query.byteOffset, BYTES * from * this.stride, this.places.byteOffset];
    return this.kernel.within(query, row, to - from, this.stride, radius, out);
  }

  /** The place behind `from` of one that was found. */
  place(i: number): number {
    return this.places[2 * i] ?? NaN;
  }

  /** Its squared distance. */
  distance(i: number): number {
    return this.distances[2 * i + 1] ?? NaN;
  }

  private compare(from: number, to: number, radius: number): number {
    const most = Math.fround(radius);
    let found = 0;
    for (let place = from; place < to; place++) {
      const at = place * this.stride;
      let sum = 0;
      for (let d = 0; d < this.stride && sum <= most; d++) {
        const difference = (this.points[at + d] ?? NaN) - (this.query[d] ?? NaN);
        sum += difference * difference;
      }
      if (!(sum <= most)) continue;
      this.places[2 * found] = place - from;
      this.distances[2 * found + 1] = sum;
      found++;
    }
    return found;
  }
}

function memoryFor(
  bytes: number,
  makeKernel: (memory: WebAssemblyMemory) => DistanceKernel | undefined,
): { readonly buffer: ArrayBuffer; readonly kernel: DistanceKernel | undefined } {
  try {
    const memory = fixedMemory(bytes);
    const kernel = makeKernel(memory);
    if (kernel !== undefined) return { buffer: memory.buffer, kernel };
  } catch {
    // Without WebAssembly, or so much of its memory.
  }
  return { buffer: new ArrayBuffer(bytes), kernel: undefined };
}
