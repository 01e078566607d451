/** A grayscale picture with fractional values, row by row; float32 [height, width], 0 … 255. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

export const plane = (width: number, height: number): Plane => ({
  width,
  height,
  data: new Float32Array(width * height),
});

/** Luma of ITU-R BT.601, rounded to whole numbers as an 8-bit gray picture is. @param pixels uint8 RGB [height, width, 3] */
export function grayOf(pixels: Uint8Array, width: number, height: number): Plane {
  const gray = plane(width, height);
  for (let i = 0, at = 0; i < gray.data.length; i++, at += 3) {
    gray.data[i] = Math.round(
      0.299 * (pixels[at] as number) + 0.587 * (pixels[at + 1] as number) + 0.114 * (pixels[at + 2] as number),
    );
  }
  return gray;
}

/** Twice the size by bilinear interpolation, pixel centres aligned, borders repeated. */
export function doubled({ width, height, data }: Plane): Plane {
  const out = plane(2 * width, 2 * height);
  for (let y = 0; y < out.height; y++) {
    const [top, bottom, down] = neighbours(y, height);
    for (let x = 0; x < out.width; x++) {
      const [left, right, over] = neighbours(x, width);
      const upper = (1 - over) * (data[top * width + left] as number) + over * (data[top * width + right] as number);
      const lower =
        (1 - over) * (data[bottom * width + left] as number) + over * (data[bottom * width + right] as number);
      out.data[y * out.width + x] = (1 - down) * upper + down * lower;
    }
  }
  return out;
}

/** The two source positions around a target position, and how far it lies from the first to the second. */
function neighbours(target: number, length: number): [number, number, number] {
  const source = Math.max(0, (target + 0.5) / 2 - 0.5);
  const first = Math.min(Math.floor(source), length - 1);
  return [first, Math.min(first + 1, length - 1), source - first];
}

/** Every second pixel of every second row. */
export function halved({ width, height, data }: Plane): Plane {
  const out = plane(width >> 1, height >> 1);
  for (let y = 0; y < out.height; y++) {
    for (let x = 0; x < out.width; x++) out.data[y * out.width + x] = data[2 * y * width + 2 * x] as number;
  }
  return out;
}

export function difference(a: Plane, b: Plane): Plane {
  const out = plane(a.width, a.height);
  for (let i = 0; i < out.data.length; i++) out.data[i] = (a.data[i] as number) - (b.data[i] as number);
  return out;
}

/** Gaussian blur, the kernel cut off at four deviations; borders are mirrored without repeating the edge. */
export function blurred(source: Plane, deviation: number): Plane {
  const { width, height } = source;
  const kernel = gaussian(deviation);
  const middle = plane(width, height);
  const out = plane(width, height);
  const radius = kernel.length >> 1;
  // Rows, from a copy with mirrored ends, so that the inner loop has no border to think of.
  const line = new Float32Array(width + 2 * radius);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < line.length; x++) line[x] = source.data[y * width + mirrored(x - radius, width)] as number;
    for (let x = 0; x < width; x++) {
      let sum = (kernel[radius] as number) * (line[x + radius] as number);
      for (let k = 0; k < radius; k++)
        sum += (kernel[k] as number) * ((line[x + k] as number) + (line[x + 2 * radius - k] as number));
      middle.data[y * width + x] = sum;
    }
  }
  // Columns, a whole row at a time.
  for (let y = 0; y < height; y++) {
    const target = out.data.subarray(y * width, (y + 1) * width);
    const row = (at: number) => middle.data.subarray(mirrored(at, height) * width, (mirrored(at, height) + 1) * width);
    const centre = row(y);
    for (let x = 0; x < width; x++) target[x] = (kernel[radius] as number) * (centre[x] as number);
    for (let k = 0; k < radius; k++) {
      const [above, below] = [row(y + k - radius), row(y + radius - k)];
      const weight = kernel[k] as number;
      for (let x = 0; x < width; x++)
        target[x] = (target[x] as number) + weight * ((above[x] as number) + (below[x] as number));
    }
  }
  return out;
}

function gaussian(deviation: number): Float32Array {
  const radius = Math.round(deviation * 8 + 1) >> 1;
  const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-((i - radius) ** 2) / (2 * deviation ** 2)),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return Float32Array.from(weights, (weight) => weight / total);
}

/** …2 1 0 1 2… at the start, and likewise at the end; for pictures smaller than the kernel, as often as needed. */
function mirrored(at: number, length: number): number {
  if (length === 1) return 0;
  let i = at;
  while (i < 0 || i >= length) i = i < 0 ? -i : 2 * (length - 1) - i;
  return i;
}
