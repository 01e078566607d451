/** One square picture as the model sees it: uint8 RGB, row by row, [size, size, 3]. */
export interface Picture {
  readonly size: number;
  readonly pixels: Uint8Array;
}

/** Bytes in one picture of that size. */
export const pictureBytes = (size: number): number => size * size * 3;
