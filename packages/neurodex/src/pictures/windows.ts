import { BLOCKS } from './fingerprint.ts';
import type { Window } from './placement.ts';

const SCALES = [1, 0.96, 0.92, 0.88, 0.84] as const;
const SHIFTS = [-0.04, 0, 0.04] as const;

/**
 * The squares that a slightly cropped picture may show of the whole one: up to 8 % off each edge. Those between them are near
 * enough to one of these.
 */
export const WINDOWS: readonly Window[] = SCALES.flatMap((scale) =>
  SHIFTS.flatMap((y) => SHIFTS.map((x): Window => ({ scale, x, y }))),
);
/** Place of the whole picture among the windows. */
export const WHOLE_AT = WINDOWS.findIndex(({ scale, x, y }) => scale === 1 && x === 0 && y === 0);

/** Whether a window is looked up in a mirror as well: fewer do, for who mirrors a picture seldom crops it off its middle. */
export const MIRRORED: readonly boolean[] = WINDOWS.map(({ scale, x, y }) => scale === 1 || (x === 0 && y === 0));

/** Half periods along an edge, horizontally and vertically, of the patterns whose strengths describe a window. */
const HIGHEST = 5;
const FREQUENCIES: readonly (readonly [u: number, v: number])[] = Array.from({ length: HIGHEST + 1 }, (_, sum) =>
  Array.from({ length: sum + 1 }, (_unused, v) => [sum - v, v] as const),
)
  .flat()
  .slice(1);

const ACROSS = Int32Array.from(FREQUENCIES, ([u]) => u);
const DOWN = Int32Array.from(FREQUENCIES, ([, v]) => v);

/** Numbers of a description. */
export const DESCRIPTION_LENGTH = FREQUENCIES.length + 4;

/** Standard deviation of brightness below which a picture has too little to be told from others, in levels of 255. */
const LEAST_CONTRAST = 1;
/** How much the mean, the contrast and the colours count beside the pattern: far less than they would have to. */
const [MEAN, CONTRAST, COLOUR] = [1 / 100, 1 / 2, 1 / 50];

const windowAt = (s: number, y: number, x: number): number => (s * SHIFTS.length + y) * SHIFTS.length + x;

const clamped = (t: number): number => Math.min(1, Math.max(0, t));

/** For each scale and shift along one axis: [frequencies, blocks], the integral of each cosine over every block. */
const AXES: readonly Float64Array[] = SCALES.flatMap((scale) => SHIFTS.map((shift) => axis(scale, shift)));

function axis(scale: number, shift: number): Float64Array {
  const weights = new Float64Array((HIGHEST + 1) * BLOCKS);
  const start = 0.5 + shift - scale / 2;
  for (let u = 0; u <= HIGHEST; u++) {
    const integral = (t: number): number => (u === 0 ? t : (Math.SQRT2 * Math.sin(Math.PI * u * t)) / (Math.PI * u));
    for (let block = 0; block < BLOCKS; block++) {
      // Beyond its edges a picture goes on as it ends.
      const from = block === 0 ? 0 : clamped((block / BLOCKS - start) / scale);
      const to = block === BLOCKS - 1 ? 1 : clamped(((block + 1) / BLOCKS - start) / scale);
      weights[u * BLOCKS + block] = integral(to) - integral(from);
    }
  }
  return weights;
}

/** Describes windows of one fingerprint after another; its buffers are used again. */
export class WindowDescriber {
  private readonly rows = new Float64Array(SHIFTS.length * (HIGHEST + 1) * BLOCKS);

  /**
   * The strengths of slow patterns (DCT-II) in each window, divided by the window's contrast; then its mean, contrast and colours.
   * Small changes of a picture change them little.
   * @param out float32 [windows, DESCRIPTION_LENGTH] @param wanted which windows; `out` keeps what it has of the others
   * @returns false where the picture has too little contrast to be described
   */
  describe(fingerprint: Uint8Array, out: Float32Array, wanted: ReadonlySet<number>): boolean {
    for (let s = 0; s < SCALES.length; s++) {
      let isReady = false;
      for (let y = 0; y < SHIFTS.length; y++) {
        const columns = AXES[s * SHIFTS.length + y] ?? new Float64Array();
        for (let x = 0; x < SHIFTS.length; x++) {
          const window = windowAt(s, y, x);
          if (!wanted.has(window)) continue;
          if (!isReady) this.alongRows(fingerprint, s);
          isReady = true;
          this.window(fingerprint, x, columns, out, window * DESCRIPTION_LENGTH);
        }
      }
    }
    return this.describeWhole(fingerprint, out, WHOLE_AT * DESCRIPTION_LENGTH);
  }

  /** The same of the whole picture alone. @param at where the description begins in `out` */
  describeWhole(fingerprint: Uint8Array, out: Float32Array, at: number): boolean {
    const [middle, scale] = [SHIFTS.indexOf(0), SCALES.indexOf(1)];
    this.alongRows(fingerprint, scale);
    const columns = AXES[scale * SHIFTS.length + middle] ?? new Float64Array();
    return this.window(fingerprint, middle, columns, out, at) >= LEAST_CONTRAST;
  }

  /** Every row of blocks against every horizontal cosine, for the shifts of one scale: [shifts, frequencies, blocks]. */
  private alongRows(fingerprint: Uint8Array, s: number): void {
    for (let x = 0; x < SHIFTS.length; x++) {
      const weights = AXES[s * SHIFTS.length + x] ?? new Float64Array();
      for (let u = 0; u <= HIGHEST; u++) {
        for (let row = 0; row < BLOCKS; row++) {
          let sum = 0;
          for (let i = 0; i < BLOCKS; i++)
            sum += (weights[u * BLOCKS + i] ?? NaN) * (fingerprint[row * BLOCKS + i] ?? NaN);
          this.rows[(x * (HIGHEST + 1) + u) * BLOCKS + row] = sum;
        }
      }
    }
  }

  /** @returns the contrast of the window */
  private window(fingerprint: Uint8Array, x: number, columns: Float64Array, out: Float32Array, at: number): number {
    let energy = 0;
    for (let k = 0; k < FREQUENCIES.length; k++) {
      const value = this.strength(x, ACROSS[k] ?? NaN, DOWN[k] ?? NaN, columns);
      out[at + k] = value;
      energy += value * value;
    }
    const contrast = Math.sqrt(energy);
    const scale = 1 / Math.sqrt(energy + LEAST_CONTRAST);
    for (let k = 0; k < FREQUENCIES.length; k++) out[at + k] = (out[at + k] ?? NaN) * scale;
    const rest = at + FREQUENCIES.length;
    out[rest] = MEAN * this.strength(x, 0, 0, columns);
    out[rest + 1] = CONTRAST * Math.log(contrast + LEAST_CONTRAST);
    out[rest + 2] = COLOUR * (fingerprint[BLOCKS * BLOCKS] ?? NaN);
    out[rest + 3] = COLOUR * (fingerprint[BLOCKS * BLOCKS + 1] ?? NaN);
    return contrast;
  }

  private strength(x: number, u: number, v: number, columns: Float64Array): number {
    const row = (x * (HIGHEST + 1) + u) * BLOCKS;
    let sum = 0;
    for (let i = 0; i < BLOCKS; i++) sum += (columns[v * BLOCKS + i] ?? NaN) * (this.rows[row + i] ?? NaN);
    return sum;
  }
}

/** Numbers of a description that change their sign in a mirror: 1 or −1 for each. */
export const MIRROR_SIGNS = Float32Array.from({ length: DESCRIPTION_LENGTH }, (_, k) =>
  (FREQUENCIES[k]?.[0] ?? 0) % 2 === 1 ? -1 : 1,
);

/** For each window those before and after it, or itself at an end, along its scale, its height and its place from left to right. */
const NEIGHBOURS: readonly (readonly (readonly [before: number, after: number])[])[] = WINDOWS.map((_, window) => {
  const shifts = SHIFTS.length;
  const [s, y, x] = [Math.floor(window / shifts ** 2), Math.floor(window / shifts) % shifts, window % shifts];
  const within = (i: number, n: number): number => Math.min(n - 1, Math.max(0, i));
  const along = (at: (step: number) => number): readonly [number, number] => [at(-1), at(1)];
  return [
    along((step) => windowAt(within(s + step, SCALES.length), y, x)),
    along((step) => windowAt(s, within(y + step, shifts), x)),
    along((step) => windowAt(s, y, within(x + step, shifts))),
  ];
});

/** A window, and those whose descriptions `tangentsOf` reads. */
export const neighboursOf = (window: number): readonly number[] => [window, ...(NEIGHBOURS[window] ?? []).flat()];

const tangents = new Float32Array(3 * DESCRIPTION_LENGTH);

/**
 * The directions in which a window's description goes as its scale, its height and its place from left to right change, orthonormal
 * (Gram–Schmidt). The buffer is used again.
 * @param descriptions float32 [windows, DESCRIPTION_LENGTH] @returns float32 [3, DESCRIPTION_LENGTH]
 */
export function tangentsOf(descriptions: Float32Array, window: number): Float32Array {
  let own = 0;
  for (const [before, after] of NEIGHBOURS[window] ?? []) {
    const [from, to] = [before * DESCRIPTION_LENGTH, after * DESCRIPTION_LENGTH];
    for (let k = 0; k < DESCRIPTION_LENGTH; k++)
      tangents[own + k] = (descriptions[to + k] ?? NaN) - (descriptions[from + k] ?? NaN);
    for (let other = 0; other < own; other += DESCRIPTION_LENGTH) {
      const along = product(own, other);
      for (let k = 0; k < DESCRIPTION_LENGTH; k++)
        tangents[own + k] = (tangents[own + k] ?? NaN) - along * (tangents[other + k] ?? NaN);
    }
    const length = Math.sqrt(product(own, own)) + 1e-9;
    for (let k = 0; k < DESCRIPTION_LENGTH; k++) tangents[own + k] = (tangents[own + k] ?? NaN) / length;
    own += DESCRIPTION_LENGTH;
  }
  return tangents;
}

function product(a: number, b: number): number {
  let sum = 0;
  for (let k = 0; k < DESCRIPTION_LENGTH; k++) sum += (tangents[a + k] ?? NaN) * (tangents[b + k] ?? NaN);
  return sum;
}
