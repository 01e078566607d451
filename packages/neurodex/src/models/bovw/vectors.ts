import { readFileSync } from 'node:fs';
import { compile, instantiate, PAGE, type WebAssemblyMemory } from '../../webassembly.ts';

/**
 * The loops over pixels, in WebAssembly for its vectors of four, which JavaScript does not have: see wasm/sift.wat. Planes
 * lie in its memory; numbers are addresses and lengths in bytes unless said otherwise.
 */
interface ScaleSpaceKernels {
  readonly memory: WebAssemblyMemory;
  /** Twice the width and the height. @param pixels of a row; they and `rows` count the source */
  double(
    source: number,
    sourceStride: number,
    pixels: number,
    rows: number,
    target: number,
    stride: number,
    line: number,
  ): void;
  /** Every second pixel and row. @param width of the target, and `rows` are its rows */
  halve(source: number, sourceStride: number, target: number, stride: number, width: number, rows: number): void;
  /** Fills `radius` rows above and below a plane. @param rows and radius: in rows */
  mirror(plane: number, stride: number, width: number, rows: number, radius: number): void;
  /**
   * Columns, then rows, filtered with a symmetric kernel of `radius` + 1 weights (the middle one last). The rows around the
   * source are mirrored already.
   * @param difference where target − source goes; 0: nowhere
   * @param width padded to a multiple of 64
   * @param pixels of a row; rows, radius: in pixels
   * @param lines four, each with `radius` pixels before and behind it
   */
  blur(
    source: number,
    target: number,
    difference: number,
    stride: number,
    width: number,
    pixels: number,
    rows: number,
    kernel: number,
    radius: number,
    lines: number,
    lineStride: number,
  ): void;
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
}

/** What happens around keypoints: see wasm/descriptors.wat. */
interface DescriptorKernels {
  gradients(source: number, stride: number, length: number, direction: number, width: number, rows: number): void;
  /**
   * Histogram of 36 + 1 directions (float32), with room for 160.
   * @param count pixels of a row, and `rows` rows; each 1 or more
   */
  orient(
    length: number,
    direction: number,
    stride: number,
    count: number,
    rows: number,
    columnWeights: number,
    rowWeights: number,
    histogram: number,
  ): void;
  /**
   * 128 bytes, with room for as many float32.
   * @param width height, column, row, radius: in pixels
   * @param cosine sine: of the grid, in squares for each pixel
   * @param turned radians that are subtracted from directions
   * @param histogram room for HISTOGRAM_BYTES
   */
  describe(
    length: number,
    direction: number,
    stride: number,
    width: number,
    height: number,
    column: number,
    row: number,
    radius: number,
    cosine: number,
    sine: number,
    turned: number,
    window: number,
    histogram: number,
    out: number,
  ): void;
}

/** Two sets of 5 × 5 places in a grid, with 8 + 1 directions and two vectors for each, and a row of places that nothing reads. */
export const HISTOGRAM_BYTES = 2 * 8704;

const compiled = (name: string) => compile(readFileSync(new URL(`../../../wasm/${name}.wasm`, import.meta.url)));

export const vectors = instantiate<ScaleSpaceKernels>(compiled('sift'));
export const descriptorKernels = instantiate<DescriptorKernels>(compiled('descriptors'), {
  sift: { memory: vectors.memory },
});

/** Pixels that a kernel takes at once: rows are padded to a multiple of it. */
export const AT_ONCE = 16;
export const padded = (pixels: number): number => AT_ONCE * Math.ceil(pixels / AT_ONCE);

/** Makes the memory at least so large; what lies in it stays, but views of it must be made anew. */
export function reserve(bytes: number): void {
  const missing = Math.ceil((bytes - vectors.memory.buffer.byteLength) / PAGE);
  if (missing > 0) vectors.memory.grow(missing);
}
