import { inRowMemory, rowMemoryOf, SCRATCH_BYTES } from '../model/row-memory.ts';
import { type MemoryKernel, memoryKernel } from './memory-kernel.ts';

/** Rows that the kernel multiplies at once, and writes products of. */
const FOUR = 4;
const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** Products of one state with rows of a memory. */
export interface RowProducts {
  /** What was multiplied last. Other searches of the same rows may write into it as well. */
  readonly products: Float32Array;
  /** @param states float32 [B, D] @param query which of them is multiplied from now on */
  take(states: Float32Array, query: number): void;
  /**
   * Multiplies rows that are one behind the other.
   * @param at where their products begin; what stands behind them is no longer valid
   */
  multiply(row: number, count: number, at: number): void;
}

/** Multiplies all rows, in pieces of as many products as there is room for. @param out float64 [R] */
export function multiplyAll(rows: RowProducts, out: Float64Array): void {
  const { products } = rows;
  const room = Math.max(1, products.length - (products.length % FOUR));
  for (let row = 0; row < out.length; row += room) {
    const count = Math.min(room, out.length - row);
    rows.multiply(row, count, 0);
    out.set(products.subarray(0, count), row);
  }
}

/**
 * @param rows float32 [R, D] @param width D
 * @param most products at once
 */
export function rowProducts(rows: Float32Array, width: number, most: number): RowProducts {
  return KernelProducts.over(rows, width, most) ?? new PlainProducts(rows, width, most);
}

/** In WebAssembly, in the memory that the rows lie in. */
class KernelProducts implements RowProducts {
  readonly products: Float32Array;
  private readonly kernel: MemoryKernel;
  private readonly width: number;
  private readonly start: number;
  private readonly state: Float32Array;

  private constructor(kernel: MemoryKernel, rows: Float32Array, width: number, scratch: number) {
    this.kernel = kernel;
    this.width = width;
    this.start = rows.byteOffset;
    this.state = new Float32Array(rows.buffer, scratch, width);
    this.products = new Float32Array(rows.buffer, scratch + width * BYTES, SCRATCH_BYTES / BYTES - width);
  }

  /** Undefined where WebAssembly is missing, or there is no room for as many products. */
  static over(given: Float32Array, width: number, most: number): KernelProducts | undefined {
    // One product by itself takes the room of four.
    if ((width + most + FOUR) * BYTES > SCRATCH_BYTES) return undefined;
    const rows = inRowMemory(given);
    const found = rowMemoryOf(rows);
    const kernel = found === undefined ? undefined : memoryKernel(found.memory);
    return found === undefined || kernel === undefined
      ? undefined
      : new KernelProducts(kernel, rows, width, found.scratch);
  }

  take(states: Float32Array, query: number): void {
    this.state.set(states.subarray(query * this.width, (query + 1) * this.width));
  }

  multiply(row: number, count: number, at: number): void {
    const { width, state, products } = this;
    const out = products.byteOffset + at * BYTES;
    this.kernel.multiply(state.byteOffset, this.start + row * width * BYTES, count, width, out);
  }
}

/** In JavaScript, where there is no WebAssembly. */
export class PlainProducts implements RowProducts {
  readonly products: Float32Array;
  private readonly rows: Float32Array;
  private readonly width: number;
  private readonly state: Float32Array;

  constructor(rows: Float32Array, width: number, most: number) {
    this.rows = rows;
    this.width = width;
    this.state = new Float32Array(width);
    this.products = new Float32Array(most);
  }

  take(states: Float32Array, query: number): void {
    this.state.set(states.subarray(query * this.width, (query + 1) * this.width));
  }

  multiply(row: number, count: number, at: number): void {
    const { state, width } = this;
    for (let i = 0; i < count; i++) this.products[at + i] = dot(state, 0, this.rows, (row + i) * width, width);
  }
}

/** Four sums at once: the processor need not wait for one addition after another. */
export function dot(a: Float32Array, from: number, b: Float32Array, to: number, width: number): number {
  const whole = width - (width % FOUR);
  let [s, t, u, v] = [0, 0, 0, 0];
  for (let d = 0; d < whole; d += FOUR) {
    s += (a[from + d] ?? NaN) * (b[to + d] ?? NaN);
    t += (a[from + d + 1] ?? NaN) * (b[to + d + 1] ?? NaN);
    u += (a[from + d + 2] ?? NaN) * (b[to + d + 2] ?? NaN);
    v += (a[from + d + 3] ?? NaN) * (b[to + d + 3] ?? NaN);
  }
  for (let d = whole; d < width; d++) s += (a[from + d] ?? NaN) * (b[to + d] ?? NaN);
  return s + t + u + v;
}
