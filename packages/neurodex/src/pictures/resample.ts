import type { Picture } from '@neurodex/datasets/picture';
import { type Share, sharesOf } from './blocks.ts';
import type { Placement } from './placement.ts';
import { smoothed } from './register.ts';

/** Brightness of every pixel (ITU-R BT.601): [size, size]. */
export function brightnessOf({ size, pixels }: Picture): Float32Array {
  const values = new Float32Array(size * size);
  for (let at = 0, i = 0; at < values.length; at++, i += 3) {
    values[at] = 0.299 * (pixels[i] ?? NaN) + 0.587 * (pixels[i + 1] ?? NaN) + 0.114 * (pixels[i + 2] ?? NaN);
  }
  return values;
}

/** One channel: [size, size]. */
function channelOf({ size, pixels }: Picture, channel: number): Float32Array {
  const values = new Float32Array(size * size);
  for (let at = 0, i = channel; at < values.length; at++, i += 3) values[at] = pixels[i] ?? NaN;
  return values;
}

/** A plane whose every value is the mean of what it covers of another, larger one. @param shares of the two edges */
export function meansOf(values: ArrayLike<number>, size: number, edge: number): Float32Array {
  const shares: readonly Share[] = sharesOf(size, edge);
  const rows = new Float32Array(edge * size);
  const means = new Float32Array(edge * edge);
  for (const { block, pixel, share } of shares) {
    for (let x = 0; x < size; x++)
      rows[block * size + x] = (rows[block * size + x] ?? NaN) + share * (values[pixel * size + x] ?? NaN);
  }
  for (const { block, pixel, share } of shares) {
    for (let y = 0; y < edge; y++)
      means[y * edge + block] = (means[y * edge + block] ?? NaN) + share * (rows[y * size + pixel] ?? NaN);
  }
  return means;
}

/** A picture at that edge where it is larger, by the means of areas. */
export function reduced(picture: Picture, edge: number): Picture {
  if (picture.size <= edge) return picture;
  const channels = [0, 1, 2].map((c) => meansOf(channelOf(picture, c), picture.size, edge));
  return interleaved(channels, edge);
}

function interleaved(channels: readonly Float32Array[], size: number): Picture {
  const pixels = new Uint8Array(3 * size * size);
  for (const [c, values] of channels.entries()) {
    for (let i = 0; i < values.length; i++) pixels[3 * i + c] = Math.round(values[i] ?? NaN);
  }
  return { size, pixels };
}

/**
 * What two pictures both show, pixel by pixel of the second: the first resampled, and the second blurred as much. Where the second
 * reaches beyond the first, both are the second.
 */
export function overlapping(first: Picture, second: Picture, placement: Placement): [Picture, Picture] {
  const { size } = second;
  const [a, b]: [Float32Array[], Float32Array[]] = [[], []];
  for (let c = 0; c < 3; c++) {
    const from = smoothed(channelOf(first, c), first.size).values;
    const own = smoothed(channelOf(second, c), size, placement.scale).values;
    b.push(own);
    a.push(resampled(from, first.size, own, size, placement));
  }
  return [interleaved(a, size), interleaved(b, size)];
}

function resampled(
  from: Float32Array,
  edge: number,
  own: Float32Array,
  size: number,
  { scale, x, y, mirrored }: Placement,
): Float32Array {
  const out = Float32Array.from(own);
  const limit = edge - 1;
  for (let row = 0; row < size; row++) {
    const atY = (0.5 + y + scale * ((row + 0.5) / size - 0.5)) * edge - 0.5;
    if (atY < -0.5 || atY > limit + 0.5) continue;
    const top = Math.min(limit - 1, Math.max(0, Math.floor(atY)));
    const fy = Math.min(1, Math.max(0, atY - top));
    for (let column = 0; column < size; column++) {
      const turned = mirrored ? size - 1 - column : column;
      const atX = (0.5 + x + scale * ((turned + 0.5) / size - 0.5)) * edge - 0.5;
      if (atX < -0.5 || atX > limit + 0.5) continue;
      const left = Math.min(limit - 1, Math.max(0, Math.floor(atX)));
      const fx = Math.min(1, Math.max(0, atX - left));
      const i = top * edge + left;
      const upper = (from[i] ?? NaN) * (1 - fx) + (from[i + 1] ?? NaN) * fx;
      const lower = (from[i + edge] ?? NaN) * (1 - fx) + (from[i + edge + 1] ?? NaN) * fx;
      out[row * size + column] = upper * (1 - fy) + lower * fy;
    }
  }
  return out;
}
