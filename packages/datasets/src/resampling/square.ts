import { blockMeans, type SampledPicture } from './blocks.ts';
import { averages, filtered, type Samples } from './filter.ts';
import { type Line, lineOf } from './line.ts';

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
/** Pixels of a picture whose blocks are averaged in both directions at once: a third of the time, and the same within some levels. */
const LARGE = 1 << 17;

/**
 * The square in the middle of a picture at an edge of `size` pixels: the shorter side is scaled to `size`, and the middle of the longer
 * side is kept. A reduction averages blocks, where it is by four and more, and filters with Lanczos 3 (Duchon 1979); an enlargement is
 * bicubic (Keys 1981, a = −½). The arithmetic is that of libvips 8.18 with 8-bit samples (sharp's `fit: 'cover'`, `kernel: 'lanczos3'`),
 * so that both give the same pixels; of pictures of more than 2¹⁷ pixels, within some levels.
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
  const factor = Math.min(width, height) / size;
  const channels = data.length / (width * height);
  const made = (factor < 1 ? enlarged : reduced)({ samples: data, width, height, channels, size, factor });
  return channels === 1 ? asColours(made) : new Uint8Array(made);
}

interface Scaling extends SampledPicture {
  /** Of the square that is made. */
  readonly size: number;
  /** Pixels along an edge for each one of the square. */
  readonly factor: number;
}

/** Along columns, then along rows, each rounded to whole levels. */
function reduced({ size, factor, ...picture }: Scaling): Samples {
  const { samples, width, height, channels: given } = picture;
  if (factor === 1 && width === height) return opaque(samples, given);
  const [down, across] = [lineOf(height, size, factor, true), lineOf(width, size, factor, true)];
  if (width * height > LARGE) {
    const small = blockMeans(picture, across.block, down.block);
    return twice(small, size, { ...down, block: 1 }, { ...across, block: 1 });
  }
  return twice({ ...picture, samples: opaque(samples, given), channels: Math.min(given, COLOURS) }, size, down, across);
}

function twice({ samples, width, height, channels }: SampledPicture, size: number, down: Line, across: Line): Samples {
  const low = averages(samples, { outer: 1, length: height, inner: width * channels }, down.block);
  const short = filtered(low.samples, low.extent, { taps: down.taps, clip: true });
  const thin = averages(short, { outer: size, length: width, inner: channels }, across.block);
  return filtered(thin.samples, thin.extent, { taps: across.taps, clip: true });
}

/** Along rows, rounded to whole levels that may lie outside 0 … 255, then along columns. */
function enlarged({ samples, width, height, channels: given, size, factor }: Scaling): Samples {
  const [down, across] = [lineOf(height, size, factor, false), lineOf(width, size, factor, true)];
  const channels = Math.min(given, COLOURS);
  const rows = { outer: height, length: width, inner: channels };
  const wide = filtered(opaque(new Int16Array(samples), given), rows, { taps: across.taps, clip: false });
  return filtered(wide, { outer: 1, length: height, inner: size * channels }, { taps: down.taps, clip: true });
}

/** Without the alpha of RGBA. */
function opaque<T extends Samples>(samples: T, channels: number): T | Int16Array {
  if (channels <= COLOURS) return samples;
  const out = new Int16Array((samples.length / channels) * COLOURS);
  for (let from = 0, to = 0; to < out.length; from += channels, to += COLOURS) {
    out[to] = samples[from] ?? NaN;
    out[to + 1] = samples[from + 1] ?? NaN;
    out[to + 2] = samples[from + 2] ?? NaN;
  }
  return out;
}

function asColours(samples: Samples): Uint8Array {
  const out = new Uint8Array(samples.length * COLOURS);
  for (let from = 0, to = 0; from < samples.length; from++, to += COLOURS) {
    const level = samples[from] ?? NaN;
    out[to] = level;
    out[to + 1] = level;
    out[to + 2] = level;
  }
  return out;
}
