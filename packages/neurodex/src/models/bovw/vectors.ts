import { readFileSync } from 'node:fs';
import { compile, instantiate, PAGE, type WebAssemblyMemory } from '../../webassembly.ts';

/**
 * The loops over all pixels, in WebAssembly for its vectors of four, which JavaScript does not have: see wasm/sift.wat.
 * Planes lie in its memory; numbers are addresses and lengths in bytes unless said otherwise.
 */
interface Kernels {
  readonly memory: WebAssemblyMemory;
  /**
   * Rows, then columns, filtered with a symmetric kernel of `radius` + 1 weights (the middle one last).
   * @param stride width, rows, radius: in pixels; a width is a multiple of 16
   */
  blur(
    source: number,
    stride: number,
    middle: number,
    target: number,
    width: number,
    rows: number,
    kernel: number,
    radius: number,
  ): void;
  difference(a: number, b: number, target: number, bytes: number): void;
  /** @returns the address behind the last pixel number (int32) that it wrote to `out` */
  extrema(
    below: number,
    at: number,
    above: number,
    stride: number,
    first: number,
    columns: number,
    rows: number,
    threshold: number,
    out: number,
  ): number;
  gradients(source: number, stride: number, length: number, direction: number, bytes: number): void;
  /**
   * One row of pixels into the histograms of a descriptor; places are in squares of the grid, directions in radians.
   * @param count pixels, 1 or more
   */
  share(
    length: number,
    direction: number,
    weights: number,
    count: number,
    column: number,
    row: number,
    across: number,
    along: number,
    weight: number,
    turned: number,
    perRadian: number,
    histogram: number,
  ): void;
}

export const vectors: Kernels = instantiate<Kernels>(
  compile(readFileSync(new URL('../../../wasm/sift.wasm', import.meta.url))),
);

/** Pixels that a kernel takes at once: rows are padded to a multiple of it. */
export const AT_ONCE = 16;

/** Makes the memory at least so large; what lies in it stays, but views of it must be made anew. */
export function reserve(bytes: number): void {
  const missing = Math.ceil((bytes - vectors.memory.buffer.byteLength) / PAGE);
  if (missing > 0) vectors.memory.grow(missing);
}
