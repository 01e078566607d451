import { averages, type Extent, filtered } from './filter.ts';
import { lineOf } from './line.ts';

/** Pixels in memory, row after row. */
export interface Raster {
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** uint8 [height, width, 1], grey, [height, width, 3], RGB, or [height, width, 4], RGBA, whose alpha is not looked at */
  readonly data: Uint8Array | Uint8ClampedArray;
}

const COLOURS = 3;

/**
 * The square in the middle of a picture at an edge of `size` pixels: the shorter side is scaled to `size`, and the middle of the longer
 * side is kept. A reduction averages blocks, where it is by four and more, and filters with Lanczos 3 (Duchon 1979); an enlargement is
 * bicubic (Keys 1981, a = −½). The arithmetic is that of libvips 8.18 with 8-bit samples (sharp's `fit: 'cover'`, `kernel: 'lanczos3'`),
 * so that both give the same pixels; of pictures of many hundred pixels, one in a thousand differs where a place was rounded otherwise.
 * @param size in pixels, 1 or more
 * @returns uint8 RGB [size, size, 3]
 * @example
 * ```ts
 * import { squareOf } from '@neurodex/datasets/picture';
 *
 * const wide = { width: 3, height: 1, data: Uint8Array.of(10, 200, 30) };
 * console.log(squareOf(wide, 1).join(' ')); // → 200 200 200
 * ```
 */
export function squareOf({ width, height, data }: Raster, size: number): Uint8Array {
  const given = data.length / (width * height);
  const channels = given === 1 ? 1 : COLOURS;
  const samples = given === COLOURS + 1 ? withoutAlpha(data) : new Int16Array(data);
  const factor = Math.min(width, height) / size;
  const made = factor < 1 ? enlarged : reduced;
  return asColours(made({ samples, width, height, channels, size, factor }), channels);
}

interface Scaling {
  /** [height, width, channels] */
  readonly samples: Int16Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Of the square that is made. */
  readonly size: number;
  /** Pixels along an edge for each one of the square. */
  readonly factor: number;
}

/** Along columns, then along rows, each rounded to whole levels. */
function reduced({ samples, width, height, channels, size, factor }: Scaling): Int16Array {
  if (factor === 1 && width === height) return samples;
  const [down, across] = [lineOf(height, size, factor, true), lineOf(width, size, factor, true)];
  const columns: Extent = { outer: 1, length: height, inner: width * channels };
  const low = averages(samples, columns, down.block);
  const short = filtered(low.samples, low.extent, { taps: down.taps, clip: true });
  const thin = averages(short, { outer: size, length: width, inner: channels }, across.block);
  return filtered(thin.samples, thin.extent, { taps: across.taps, clip: true });
}

/** Along rows, rounded to whole levels that may lie outside 0 … 255, then along columns. */
function enlarged({ samples, width, height, channels, size, factor }: Scaling): Int16Array {
  const [down, across] = [lineOf(height, size, factor, false), lineOf(width, size, factor, true)];
  const wide = filtered(samples, { outer: height, length: width, inner: channels }, { taps: across.taps, clip: false });
  return filtered(wide, { outer: 1, length: height, inner: size * channels }, { taps: down.taps, clip: true });
}

function withoutAlpha(data: Uint8Array | Uint8ClampedArray): Int16Array {
  const out = new Int16Array((data.length / (COLOURS + 1)) * COLOURS);
  for (let from = 0, to = 0; to < out.length; from += COLOURS + 1, to += COLOURS) {
    out[to] = data[from] ?? NaN;
    out[to + 1] = data[from + 1] ?? NaN;
    out[to + 2] = data[from + 2] ?? NaN;
  }
  return out;
}

function asColours(samples: Int16Array, channels: number): Uint8Array {
  if (channels === COLOURS) return new Uint8Array(samples);
  const out = new Uint8Array(samples.length * COLOURS);
  for (let from = 0, to = 0; from < samples.length; from++, to += COLOURS) {
    const level = samples[from] ?? NaN;
    out[to] = level;
    out[to + 1] = level;
    out[to + 2] = level;
  }
  return out;
}
