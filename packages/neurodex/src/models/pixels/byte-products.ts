import { fixedMemory } from '../../webassembly.ts';
import { type ByteKernel, byteKernel } from './byte-kernel.ts';

/** Bytes that the kernel multiplies at a time, and of rows that lie where it reads them. */
const [LANES, CHUNK] = [16, 1 << 20];
const OUT_BYTES = Float64Array.BYTES_PER_ELEMENT;

/** Σ a[i] · b[i] of bytes, exact. */
export interface ByteProducts {
  /** Rows of a chunk. */
  readonly most: number;
  /** Copies rows to where they are multiplied. @param rows at most `most`, places in `bytes` */
  load(bytes: Uint8Array, rows: readonly number[]): void;
  /** The products of a vector with the rows that were loaded, to `out`. */
  multiply(vector: Uint8Array, out: Float64Array): void;
}

/** @param length bytes of a vector, 1 or more */
export function byteProducts(length: number): ByteProducts {
  return KernelProducts.of(length) ?? new PlainProducts(length);
}

/** In WebAssembly. Rows are followed by zeros up to a multiple of sixteen. */
class KernelProducts implements ByteProducts {
  readonly most: number;
  private readonly kernel: ByteKernel;
  private readonly length: number;
  private readonly stride: number;
  private readonly bytes: Uint8Array;
  private readonly out: Float64Array;
  private count = 0;

  private constructor(kernel: ByteKernel, buffer: ArrayBuffer, length: number, stride: number, most: number) {
    this.kernel = kernel;
    this.length = length;
    this.stride = stride;
    this.most = most;
    this.bytes = new Uint8Array(buffer);
    this.out = new Float64Array(buffer, stride * (most + 1), most);
  }

  static of(length: number): KernelProducts | undefined {
    const stride = Math.ceil(length / LANES) * LANES;
    const most = Math.max(1, Math.floor(CHUNK / stride));
    try {
      const memory = fixedMemory(stride * (most + 1) + most * OUT_BYTES);
      const kernel = byteKernel(memory);
      return kernel === undefined ? undefined : new KernelProducts(kernel, memory.buffer, length, stride, most);
    } catch {
      return undefined;
    }
  }

  load(bytes: Uint8Array, rows: readonly number[]): void {
    this.count = rows.length;
    for (const [i, row] of rows.entries()) {
      this.bytes.set(bytes.subarray(row * this.length, (row + 1) * this.length), this.stride * (i + 1));
    }
  }

  multiply(vector: Uint8Array, out: Float64Array): void {
    if (this.count === 0) return;
    this.bytes.set(vector, 0);
    this.kernel.multiply(0, this.stride, this.count, this.stride, this.out.byteOffset);
    out.set(this.out.subarray(0, this.count));
  }
}

/** In JavaScript, where there is no WebAssembly. */
export class PlainProducts implements ByteProducts {
  readonly most = 256;
  private readonly length: number;
  private bytes: Uint8Array = new Uint8Array();
  private rows: readonly number[] = [];

  constructor(length: number) {
    this.length = length;
  }

  load(bytes: Uint8Array, rows: readonly number[]): void {
    this.bytes = bytes;
    this.rows = rows;
  }

  multiply(vector: Uint8Array, out: Float64Array): void {
    for (const [i, row] of this.rows.entries()) out[i] = byteProduct(vector, this.bytes, row * this.length);
  }
}

/** Values whose products, added up by four, stay below 2³¹: 2¹⁵ · 255² each. */
const BLOCK = 4 * 2 ** 15;

/** Σ query[i] · bytes[offset + i], exactly: added up as integers, four sums at once. */
function byteProduct(query: Uint8Array, bytes: Uint8Array, offset: number): number {
  const { length } = query;
  let sum = 0;
  for (let start = 0; start < length; start += BLOCK) {
    const end = Math.min(start + BLOCK, length);
    const whole = end - ((end - start) % 4);
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let i = start; i < whole; i += 4) {
      a = (a + Math.imul(query[i] ?? NaN, bytes[offset + i] ?? NaN)) | 0;
      b = (b + Math.imul(query[i + 1] ?? NaN, bytes[offset + i + 1] ?? NaN)) | 0;
      c = (c + Math.imul(query[i + 2] ?? NaN, bytes[offset + i + 2] ?? NaN)) | 0;
      d = (d + Math.imul(query[i + 3] ?? NaN, bytes[offset + i + 3] ?? NaN)) | 0;
    }
    for (let i = whole; i < end; i++) a = (a + Math.imul(query[i] ?? NaN, bytes[offset + i] ?? NaN)) | 0;
    sum += a + b + c + d;
  }
  return sum;
}
