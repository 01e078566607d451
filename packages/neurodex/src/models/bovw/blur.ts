import { readFileSync } from 'node:fs';
import { type Plane, plane } from './plane.ts';
import { instantiate, type WebAssemblyMemory } from './webassembly.ts';

/** WebAssembly for its vectors of four: the blurs are half of the work, and JavaScript has none. See wasm/blur.wat. */
interface Kernels {
  readonly memory: WebAssemblyMemory;
  /** Addresses in bytes; the rest in pixels. */
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
}

const { memory, blur } = instantiate<Kernels>(readFileSync(new URL('../../../wasm/blur.wasm', import.meta.url)));

/** Pixels that are filtered together; a larger picture goes in bands of rows, so that memory stays bounded. */
const BAND = 1 << 20;
const FEWEST_ROWS = 64;
/** Pixels that the kernel filters at once. */
const AT_ONCE = 16;
const PAGE = 65_536;

/** Gaussian blur, the kernel cut off at four deviations; borders are mirrored without repeating the edge. */
export function blurred(source: Plane, deviation: number): Plane {
  const { width, height } = source;
  const kernel = gaussian(deviation);
  const radius = kernel.length - 1;
  const wide = AT_ONCE * Math.ceil(width / AT_ONCE);
  const stride = wide + 2 * radius;
  const rows = Math.min(height, Math.max(FEWEST_ROWS, Math.floor(BAND / wide)));
  const inputRows = rows + 2 * radius;
  const [middle, target, weights] = [
    4 * stride * inputRows,
    4 * (stride + wide) * inputRows,
    4 * ((stride + wide) * inputRows + wide * rows),
  ];
  reserve(weights + 4 * kernel.length);
  const floats = new Float32Array(memory.buffer);
  floats.set(kernel, weights / 4);

  const out = plane(width, height);
  for (let first = 0; first < height; first += rows) {
    const count = Math.min(rows, height - first);
    for (let y = -radius; y < count + radius; y++) {
      copyRow(source, mirrored(first + y, height), floats, (y + radius) * stride, radius);
    }
    blur(0, stride, middle, target, wide, count, weights, radius);
    for (let y = 0; y < count; y++) {
      const from = target / 4 + y * wide;
      out.data.set(floats.subarray(from, from + width), (first + y) * width);
    }
  }
  return out;
}

/** A row with `radius` mirrored pixels at both ends. */
function copyRow({ width, data }: Plane, row: number, floats: Float32Array, to: number, radius: number): void {
  const from = row * width;
  floats.set(data.subarray(from, from + width), to + radius);
  for (let i = 1; i <= radius; i++) {
    floats[to + radius - i] = data[from + mirrored(-i, width)] as number;
    floats[to + radius + width - 1 + i] = data[from + mirrored(width - 1 + i, width)] as number;
  }
}

function reserve(size: number): void {
  const missing = Math.ceil((size - memory.buffer.byteLength) / PAGE);
  if (missing > 0) memory.grow(missing);
}

/** The weights from the outermost to the middle one: float32 [radius + 1]. */
function gaussian(deviation: number): Float32Array {
  const radius = Math.max(1, Math.round(deviation * 8 + 1) >> 1);
  const half = Float64Array.from({ length: radius + 1 }, (_, i) =>
    Math.exp(-((i - radius) ** 2) / (2 * deviation ** 2)),
  );
  const total = 2 * half.reduce((sum, weight) => sum + weight, 0) - 1;
  return Float32Array.from(half, (weight) => weight / total);
}

/** …2 1 0 1 2… at the start, and likewise at the end; for pictures smaller than the kernel, as often as needed. */
function mirrored(at: number, length: number): number {
  if (length === 1) return 0;
  let i = at;
  while (i < 0 || i >= length) i = i < 0 ? -i : 2 * (length - 1) - i;
  return i;
}
