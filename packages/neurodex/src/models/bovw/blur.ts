import type { Arena, ArenaPlane } from './arena.ts';
import type { Plane } from './plane.ts';
import { vectors } from './vectors.ts';

/** Gaussian blur, the kernel cut off at four deviations; borders are mirrored without repeating the edge. */
export function blur(source: Plane, deviation: number, target: ArenaPlane, arena: Arena): void {
  const { width, height, stride } = target;
  const kernel = gaussian(deviation);
  const radius = kernel.length - 1;
  arena.weights.data.set(kernel);
  const rowLength = stride + 2 * radius;
  for (let first = 0; first < height; first += arena.bandRows) {
    const rows = Math.min(arena.bandRows, height - first);
    for (let y = -radius; y < rows + radius; y++) {
      copyRow(source, mirrored(first + y, height), width, arena.source.data, (y + radius) * rowLength, radius);
    }
    const to = target.address + 4 * first * stride;
    const { source: band, middle, weights } = arena;
    vectors.blur(band.address, rowLength, middle.address, to, stride, rows, weights.address, radius);
  }
}

/** A row with `radius` mirrored pixels at both ends. */
function copyRow(source: Plane, row: number, width: number, into: Float32Array, to: number, radius: number): void {
  const from = row * source.stride;
  const { data } = source;
  into.set(data.subarray(from, from + width), to + radius);
  for (let i = 1; i <= radius; i++) {
    into[to + radius - i] = data[from + mirrored(-i, width)] ?? NaN;
    into[to + radius + width - 1 + i] = data[from + mirrored(width - 1 + i, width)] ?? NaN;
  }
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
