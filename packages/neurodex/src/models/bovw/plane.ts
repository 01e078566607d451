/** A grayscale picture with fractional values, row by row; float32 [height, stride], 0 … 255. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  /** Elements from one row to the next; what lies behind the width means nothing. */
  readonly stride: number;
  readonly data: Float32Array;
}

export const plane = (width: number, height: number): Plane => ({
  width,
  height,
  stride: width,
  data: new Float32Array(width * height),
});

/** Luma of ITU-R BT.601, rounded to whole numbers as an 8-bit gray picture is. @param pixels uint8 RGB [height, width, 3] */
export function grayOf(pixels: Uint8Array, width: number, height: number): Plane {
  const gray = plane(width, height);
  for (let i = 0, at = 0; i < gray.data.length; i++, at += 3) {
    gray.data[i] = Math.round(
      0.299 * (pixels[at] ?? NaN) + 0.587 * (pixels[at + 1] ?? NaN) + 0.114 * (pixels[at + 2] ?? NaN),
    );
  }
  return gray;
}
