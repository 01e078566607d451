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

/** Twice the size by bilinear interpolation, pixel centres aligned, borders repeated. */
export function doubled({ width, height, stride, data }: Plane): Plane {
  const out = plane(2 * width, 2 * height);
  for (let y = 0; y < out.height; y++) {
    // An even target lies a quarter of a pixel before its source, an odd one as far behind it.
    const near = (y >> 1) * stride;
    const far = Math.min(Math.max((y >> 1) + (y & 1 ? 1 : -1), 0), height - 1) * stride;
    const to = y * out.width;
    for (let x = 0; x < width; x++) {
      const before = Math.max(x - 1, 0);
      const after = Math.min(x + 1, width - 1);
      const here = 0.75 * (data[near + x] ?? NaN) + 0.25 * (data[far + x] ?? NaN);
      const left = 0.75 * (data[near + before] ?? NaN) + 0.25 * (data[far + before] ?? NaN);
      const right = 0.75 * (data[near + after] ?? NaN) + 0.25 * (data[far + after] ?? NaN);
      out.data[to + 2 * x] = 0.75 * here + 0.25 * left;
      out.data[to + 2 * x + 1] = 0.75 * here + 0.25 * right;
    }
  }
  return out;
}

/** Every second pixel of every second row. */
export function halved({ width, height, stride, data }: Plane): Plane {
  const out = plane(width >> 1, height >> 1);
  for (let y = 0; y < out.height; y++) {
    for (let x = 0; x < out.width; x++) out.data[y * out.width + x] = data[2 * y * stride + 2 * x] ?? NaN;
  }
  return out;
}
