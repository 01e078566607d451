import type { Arena, ArenaPlane } from './arena.ts';
import { padded, vectors } from './vectors.ts';

/** Pixels to each side that count: the kernel is cut off at four deviations. */
export const blurRadius = (deviation: number): number => Math.max(1, Math.round(deviation * 8 + 1) >> 1);

/**
 * Gaussian blur; borders are mirrored without repeating the edge. Both are planes of the arena.
 * @param difference gets what the target has more than the source
 */
export function blur(
  source: ArenaPlane,
  deviation: number,
  target: ArenaPlane,
  arena: Arena,
  difference?: ArenaPlane,
): void {
  const { width, height, stride, address } = target;
  const { weights, lines, reach } = arena;
  const radius = blurRadius(deviation);
  if (radius > reach) throw new Error(`a blur of ${radius} pixels in an arena for ${reach}`);
  weights.data.set(kernelOf(deviation));
  vectors.mirror(source.address, 4 * stride, 4 * padded(width), height, radius);
  vectors.blur(
    source.address,
    address,
    difference?.address ?? 0,
    4 * stride,
    4 * padded(width),
    width,
    height,
    weights.address,
    radius,
    lines.address,
    4 * lines.stride,
  );
}

const kernels = new Map<number, Float32Array>();

/** The weights from the outermost to the middle one: float32 [radius + 1]. The same few deviations occur again and again. */
function kernelOf(deviation: number): Float32Array {
  const known = kernels.get(deviation);
  if (known !== undefined) return known;
  const radius = blurRadius(deviation);
  const half = Float64Array.from({ length: radius + 1 }, (_, i) =>
    Math.exp(-((i - radius) ** 2) / (2 * deviation ** 2)),
  );
  const total = 2 * half.reduce((sum, weight) => sum + weight, 0) - 1;
  const kernel = Float32Array.from(half, (weight) => weight / total);
  kernels.set(deviation, kernel);
  return kernel;
}
