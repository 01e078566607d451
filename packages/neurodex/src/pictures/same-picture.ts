import { atSize } from '@neurodex/datasets/image';
import type { Picture } from '@neurodex/datasets/picture';
import { inverse, isNearlyWhole, type Placement, WHOLE } from './placement.ts';
import { type Plane, register, smoothed } from './register.ts';
import { brightnessOf, overlapping, reduced } from './resample.ts';

type Residuals = readonly [whole: number, part: number];

/** What two pictures of one scene may differ by. A residual is the energy of the difference as a share of the variance. */
interface Limits {
  /** Edge in pixels from which they hold: the less there is to compare, the less may differ. */
  readonly from: number;
  /** Of pictures that no compression has changed: the whole, and the largest of a part. */
  readonly plain: Residuals;
  /** Of two sizes. */
  readonly resized: Residuals;
  /** Where one was compressed with a loss; and what may be left of the difference when both are blurred. */
  readonly lossy: Residuals;
  readonly blurred: number;
  /** Of a picture that was resampled to lie on the other: cropped, or turned around its middle. */
  readonly resampled: Residuals;
  /** How many times the mean energy of the difference a part may have where all is even: noise of a compression. */
  readonly spread: number;
}

/**
 * Chosen between planted duplicates (JPEG of quality 40, half size, crops of 5 %) and pairs of Fashion-MNIST and emoji that are alike
 * (bench/relevance-duplicates.ts).
 */
const LIMITS: readonly Limits[] = [
  {
    from: 40,
    plain: [0.05, 0.4],
    resized: [0.05, 0.4],
    lossy: [0.1, 0.4],
    blurred: 0.05,
    resampled: [0.015, 1],
    spread: 6,
  },
  {
    from: 20,
    plain: [0.012, 0.25],
    resized: [0.035, 0.3],
    lossy: [0.1, 0.4],
    blurred: 0.0125,
    resampled: [0.003, 0.08],
    spread: 3,
  },
  {
    from: 12,
    plain: [0.01, 0.2],
    resized: [0.02, 0.2],
    lossy: [0.02, 0.2],
    blurred: 0.0125,
    resampled: [0, 0],
    spread: 0,
  },
];

/** How two pictures came to be compared. */
export interface Making {
  /** One was compressed with a loss. */
  readonly lossy?: boolean;
  /** They had two sizes. */
  readonly resized?: boolean;
}

/** Parts along an edge, and pixels along the edge of a part, at least. */
const PARTS = 16;
const LEAST_PART = 3;
/** What may change of a part where all is even, squared levels of 255. */
const PART_FLOOR = 16;
/** Edge above which a pixel of the file may be spread over its neighbours. */
const SHARP_EDGE = 64;
/** How much larger the residual of brightness may be than that of colours. */
const ROUGHLY = 1.5;
/** Edge at which a cropped picture is compared. */
const REGISTERED_EDGE = 64;

/**
 * Whether two pictures of one size show the same: equal pixels, or a difference such as a lossy encoding makes, small beside
 * the picture's own contrast, as a whole and in every part. Similar pictures differ more, at least somewhere. One pixel may be
 * another.
 * @returns the energy of the difference as a share of the variance, or undefined where they do not
 */
export function samePixels(
  a: Picture,
  b: Picture,
  { lossy = false, resized = false }: Making = {},
): number | undefined {
  if (a.size !== b.size) return undefined;
  if (Buffer.compare(a.pixels, b.pixels) === 0) return 0;
  const limits = LIMITS.find(({ from }) => a.size >= from);
  if (limits === undefined) return undefined;
  const spot = worstSpot(a, b, a.size > SHARP_EDGE ? 1 : 0);
  const residual = noise(a, b, spot);
  if (!(residual <= limits.lossy[0])) return undefined;
  const part = partRatio(a, b, spot, limits.spread);
  const within = ([whole, most]: Residuals): boolean => residual <= whole && part <= most;
  // The similarity that is reported includes the pixel that the comparison left out.
  if (within(resized ? limits.resized : limits.plain)) return noise(a, b);
  if (!lossy || !within(limits.lossy)) return undefined;
  return noise(...overlapping(a, b, WHOLE)) <= limits.blurred ? noise(a, b) : undefined;
}

/** Pixels that a comparison leaves out: a square in the picture. */
export interface Spot {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** None. */
const NOWHERE: Spot = { left: 0, top: 0, right: -1, bottom: -1 };

/** The pixel that differs most, and its neighbours up to that far. */
function worstSpot({ size, pixels: a }: Picture, { pixels: b }: Picture, reach: number): Spot {
  let [worst, at] = [-1, 0];
  for (let i = 0; i < size * size; i++) {
    let difference = 0;
    for (let c = 3 * i; c < 3 * i + 3; c++) difference += ((a[c] ?? NaN) - (b[c] ?? NaN)) ** 2;
    if (difference > worst) [worst, at] = [difference, i];
  }
  const [x, y] = [at % size, Math.floor(at / size)];
  return { left: x - reach, top: y - reach, right: x + reach, bottom: y + reach };
}

/** Energy of the difference, as a share of the variance of the picture with the lower contrast. */
export function noise({ size, pixels: a }: Picture, { pixels: b }: Picture, spot: Spot = NOWHERE): number {
  let difference = 0;
  for (let y = 0; y < size; y++) {
    const inside = y >= spot.top && y <= spot.bottom;
    for (let x = 0; x < size; x++) {
      if (inside && x >= spot.left && x <= spot.right) continue;
      const i = 3 * (y * size + x);
      for (let c = i; c < i + 3; c++) difference += ((a[c] ?? NaN) - (b[c] ?? NaN)) ** 2;
    }
  }
  return difference / Math.min(variance(a), variance(b));
}

/** Sum of squared distances from the mean colour. */
function variance(pixels: ArrayLike<number>): number {
  let total = 0;
  for (let c = 0; c < 3; c++) {
    let sum = 0;
    let squares = 0;
    for (let i = c; i < pixels.length; i += 3) {
      const value = pixels[i] ?? NaN;
      sum += value;
      squares += value * value;
    }
    total += squares - (3 * sum * sum) / pixels.length;
  }
  return total;
}

/** Sums over the parts of a picture: [parts, parts, SUMS]. */
const SUMS = 4;

/** Of each part: count, energy of the difference, and two sums for the variance of the first picture. */
function partSums({ size, pixels: a }: Picture, { pixels: b }: Picture, parts: number, spot: Spot): Float64Array {
  const sums = new Float64Array(parts * parts * SUMS);
  for (let y = 0; y < size; y++) {
    const row = Math.floor((y * parts) / size) * parts;
    const inside = y >= spot.top && y <= spot.bottom;
    for (let x = 0; x < size; x++) {
      if (inside && x >= spot.left && x <= spot.right) continue;
      const at = (row + Math.floor((x * parts) / size)) * SUMS;
      for (let i = (y * size + x) * 3, c = 0; c < 3; i++, c++) {
        const value = a[i] ?? NaN;
        sums[at] = (sums[at] ?? NaN) + 1;
        sums[at + 1] = (sums[at + 1] ?? NaN) + (value - (b[i] ?? NaN)) ** 2;
        sums[at + 2] = (sums[at + 2] ?? NaN) + value;
        sums[at + 3] = (sums[at + 3] ?? NaN) + value * value;
      }
    }
  }
  return sums;
}

/**
 * The largest difference of a part, as a share of the variance in and around it. What an encoding changes is spread over the picture,
 * and what somebody changed is in one place.
 * @param spread how many times the mean energy of the difference a part may have where all is even
 */
export function partRatio(a: Picture, b: Picture, spot: Spot = NOWHERE, spread = 0): number {
  const parts = Math.min(PARTS, Math.max(1, Math.floor(a.size / LEAST_PART)));
  const sums = partSums(a, b, parts, spot);
  const at = (x: number, y: number, i: number): number =>
    x < 0 || y < 0 || x >= parts || y >= parts ? 0 : (sums[(y * parts + x) * SUMS + i] ?? NaN);
  const around = (x: number, y: number, i: number): number => {
    let sum = 0;
    for (let dy = -1; dy <= 1; dy++) for (let dx = -1; dx <= 1; dx++) sum += at(x + dx, y + dy, i);
    return sum;
  };
  let [error, pixels] = [0, 0];
  for (let i = 0; i < sums.length; i += SUMS) {
    pixels += sums[i] ?? NaN;
    error += sums[i + 1] ?? NaN;
  }
  const floor = PART_FLOOR + (spread * error) / pixels;
  let most = 0;
  for (let y = 0; y < parts; y++) {
    for (let x = 0; x < parts; x++) {
      if (at(x, y, 0) === 0) continue;
      const count = around(x, y, 0);
      const variance = around(x, y, 3) / count - (around(x, y, 2) / count) ** 2;
      const energy = at(x, y, 1) / at(x, y, 0);
      if (energy > floor) most = Math.max(most, (energy - floor) / variance);
    }
  }
  return most;
}

/** How two pictures are the same. */
export interface Sameness {
  /** Where the second lies in the first. */
  readonly placement: Placement;
  /** Energy of the difference as a share of the variance. */
  readonly residual: number;
}

/**
 * As `samePixels`, of pictures of any two sizes, of which the larger is made as small as the other, and which may be mirrored and
 * slightly cropped.
 * @param near about where the second lies in the first
 */
export async function samePicture(
  a: Picture,
  b: Picture,
  near: Placement = WHOLE,
  lossy = false,
): Promise<Sameness | undefined> {
  const edge = Math.min(a.size, b.size);
  const limits = LIMITS.find(({ from }) => edge >= from);
  if (limits === undefined && a.size !== b.size) return undefined;
  if (isNearlyWhole(near)) {
    const second = near.mirrored ? mirror(b) : b;
    const residual = samePixels(await atSize(a, edge), await atSize(second, edge), {
      lossy,
      resized: a.size !== b.size,
    });
    if (residual !== undefined) return { placement: { ...WHOLE, mirrored: near.mirrored }, residual };
  }
  if (limits === undefined || limits.resampled[0] === 0) return undefined;
  // The one that shows more is cut or resampled.
  if (near.scale <= 1) return cutOut(a, b, near, lossy) ?? sameWindow(a, b, near, limits.resampled, limits.spread);
  const back = inverse(near);
  const found = cutOut(b, a, back, lossy) ?? sameWindow(b, a, back, limits.resampled, limits.spread);
  return found && { ...found, placement: inverse(found.placement) };
}

/** Pixels that an estimated place may be off by. */
const OFF = 1;

/** The second as it was cut out of the first, pixel by pixel: the sharpest comparison, where it was not resized. */
function cutOut(a: Picture, b: Picture, near: Placement, lossy: boolean): Sameness | undefined {
  const edge = b.size;
  if (a.size <= edge || Math.abs(near.scale * a.size - edge) > 2 * OFF) return undefined;
  const second = near.mirrored ? mirror(b) : b;
  const middle = (at: number): number => Math.round((0.5 + at) * a.size - edge / 2);
  let best: { picture: Picture; left: number; top: number; residual: number } | undefined;
  for (let top = middle(near.y) - OFF; top <= middle(near.y) + OFF; top++) {
    for (let left = middle(near.x) - OFF; left <= middle(near.x) + OFF; left++) {
      if (left < 0 || top < 0 || left + edge > a.size || top + edge > a.size) continue;
      const picture = cut(a, left, top, edge);
      const residual = noise(picture, second);
      if (best === undefined || residual < best.residual) best = { picture, left, top, residual };
    }
  }
  const residual = best && samePixels(best.picture, second, { lossy });
  if (best === undefined || residual === undefined) return undefined;
  const shift = (from: number): number => (from + edge / 2) / a.size - 0.5;
  const placement = { scale: edge / a.size, x: shift(best.left), y: shift(best.top), mirrored: near.mirrored };
  return { placement, residual };
}

function cut({ size, pixels }: Picture, left: number, top: number, edge: number): Picture {
  const inside = new Uint8Array(3 * edge * edge);
  for (let y = 0; y < edge; y++) {
    const from = 3 * ((top + y) * size + left);
    inside.set(pixels.subarray(from, from + 3 * edge), 3 * y * edge);
  }
  return { size: edge, pixels: inside };
}

function sameWindow(
  a: Picture,
  b: Picture,
  near: Placement,
  [most, mostOfPart]: Residuals,
  spread: number,
): Sameness | undefined {
  const [first, second] = [reduced(a, REGISTERED_EDGE), reduced(b, REGISTERED_EDGE)];
  const plane = (of: Picture, scale: number): Plane => smoothed(brightnessOf(of), of.size, scale);
  const found = register(plane(first, 1), plane(second, near.scale), near, ROUGHLY * most);
  if (found === undefined) return undefined;
  const { placement } = found;
  const [window, own] = overlapping(first, second, placement);
  const spot = worstSpot(window, own, 0);
  const residual = noise(window, own, spot);
  const same = residual <= most && partRatio(window, own, spot, spread) <= mostOfPart;
  return same ? { placement, residual } : undefined;
}

function mirror({ size, pixels }: Picture): Picture {
  const mirrored = new Uint8Array(pixels.length);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const from = 3 * (y * size + x);
      mirrored.set(pixels.subarray(from, from + 3), 3 * (y * size + size - 1 - x));
    }
  }
  return { size, pixels: mirrored };
}
