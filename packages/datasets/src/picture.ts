export { type Raster, squareOf } from './resampling/square.ts';

/** One square picture as the model sees it: uint8 RGB, row by row, [size, size, 3]. */
export interface Picture {
  /** Edge in pixels. */
  readonly size: number;
  /** uint8 RGB [size, size, 3], row by row. */
  readonly pixels: Uint8Array;
}

/**
 * Bytes in one picture of that size.
 * @example
 * ```ts
 * import { pictureBytes } from '@neurodex/datasets/picture';
 *
 * console.log(pictureBytes(32)); // → 3072
 * ```
 */
export const pictureBytes = (size: number): number => size * size * 3;
