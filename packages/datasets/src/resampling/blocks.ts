import type { Samples } from './filter.ts';

export interface SampledPicture {
  /** [height, width, channels] */
  readonly samples: Samples;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/**
 * A picture with the mean of each block of pixels in its place; blocks over the right and lower border repeat the last pixel. Of RGBA the
 * alpha is left out.
 * @param across pixels of a block along a row @param down along a column
 */
export function blockMeans(
  { samples, width, height, channels }: SampledPicture,
  across: number,
  down: number,
): SampledPicture {
  const kept = Math.min(3, channels);
  const [columns, rows] = [Math.ceil(width / across), Math.ceil(height / down)];
  const out = new Int16Array(rows * columns * kept);
  const places = Int32Array.from({ length: columns * across }, (_, x) => channels * Math.min(width - 1, x));
  const sums = new Int32Array(columns * kept);
  const add = kept === 1 ? addGrey : addColours;
  for (let y = 0; y < rows; y++) {
    sums.fill(0);
    for (let line = y * down; line < (y + 1) * down; line++) {
      add(sums, samples, channels * width * Math.min(height - 1, line), places);
    }
    for (let i = 0; i < sums.length; i++) out[y * sums.length + i] = Math.round((sums[i] ?? NaN) / (across * down));
  }
  return { samples: out, width: columns, height: rows, channels: kept };
}

/** Of one line, as many of `places` for each sum as come out even. @param from where the line begins */
function addGrey(sums: Int32Array, samples: Samples, from: number, places: Int32Array): void {
  const across = places.length / sums.length;
  for (let to = 0, x = 0; to < sums.length; to++) {
    let grey = 0;
    for (const end = x + across; x < end; x++) grey += samples[from + (places[x] ?? NaN)] ?? NaN;
    sums[to] = (sums[to] ?? NaN) + grey;
  }
}

function addColours(sums: Int32Array, samples: Samples, from: number, places: Int32Array): void {
  const across = (3 * places.length) / sums.length;
  for (let to = 0, x = 0; to < sums.length; to += 3) {
    let [red, green, blue] = [0, 0, 0];
    for (const end = x + across; x < end; x++) {
      const at = from + (places[x] ?? NaN);
      red += samples[at] ?? NaN;
      green += samples[at + 1] ?? NaN;
      blue += samples[at + 2] ?? NaN;
    }
    sums[to] = (sums[to] ?? NaN) + red;
    sums[to + 1] = (sums[to + 1] ?? NaN) + green;
    sums[to + 2] = (sums[to + 2] ?? NaN) + blue;
  }
}
