/** Cells along an edge in which orientations are counted, and orientations of each. */
const CELLS = 6;
const ORIENTATIONS = 8;
/** Areas along an edge of which the mean colour counts. */
const AREAS = 4;
/** Colours weigh this much beside outlines, which say more of what a thing is. */
const COLOUR_WEIGHT = 0.2;

const OUTLINE = CELLS * CELLS * ORIENTATIONS;
/** Numbers of an appearance. */
export const APPEARANCE_LENGTH = OUTLINE + AREAS * AREAS * 3;

/**
 * What a picture looks like, without anything learned: histograms of oriented gradients in 6 × 6 cells (Dalal & Triggs 2005, with
 * the square roots of one normalisation over the picture), then brightness and two differences of colours in 4 × 4 areas.
 * Pictures of a kind that a network has never seen look like themselves here, and not like what the network knows.
 * @param pixels uint8 RGB [size, size, 3] @returns float32 [APPEARANCE_LENGTH]
 */
export function appearanceOf(pixels: Uint8Array, size: number): Float32Array {
  const out = new Float32Array(APPEARANCE_LENGTH);
  const grey = new Float32Array(size * size);
  for (let i = 0; i < grey.length; i++) {
    const [red, green, blue] = [pixels[3 * i] ?? NaN, pixels[3 * i + 1] ?? NaN, pixels[3 * i + 2] ?? NaN];
    grey[i] = (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
  }
  countOrientations(grey, size, out);
  meanColours(pixels, size, out);
  return out;
}

/** Each gradient counts by its length, shared between the two orientations that it lies between. */
function countOrientations(grey: Float32Array, size: number, out: Float32Array): void {
  for (let y = 1; y < size - 1; y++) {
    const row = Math.floor((y * CELLS) / size) * CELLS;
    for (let x = 1; x < size - 1; x++) {
      const at = y * size + x;
      const across = (grey[at + 1] ?? NaN) - (grey[at - 1] ?? NaN);
      const down = (grey[at + size] ?? NaN) - (grey[at - size] ?? NaN);
      const length = Math.hypot(across, down);
      if (length === 0) continue;
      const turn = (Math.atan2(down, across) / (2 * Math.PI)) * ORIENTATIONS + ORIENTATIONS;
      const first = Math.floor(turn);
      const cell = (row + Math.floor((x * CELLS) / size)) * ORIENTATIONS;
      const [a, b] = [cell + (first % ORIENTATIONS), cell + ((first + 1) % ORIENTATIONS)];
      out[a] = (out[a] ?? NaN) + length * (1 - (turn - first));
      out[b] = (out[b] ?? NaN) + length * (turn - first);
    }
  }
  let total = 0;
  for (let i = 0; i < OUTLINE; i++) total += out[i] ?? NaN;
  // A picture of one colour has no outlines.
  if (total > 0) for (let i = 0; i < OUTLINE; i++) out[i] = Math.sqrt((out[i] ?? NaN) / total);
}

function meanColours(pixels: Uint8Array, size: number, out: Float32Array): void {
  const edges = Array.from({ length: AREAS + 1 }, (_, i) => Math.floor((i * size) / AREAS));
  for (let area = 0; area < AREAS * AREAS; area++) {
    const [by, bx] = [Math.floor(area / AREAS), area % AREAS];
    const [red, green, blue] = [0, 1, 2].map((c) => {
      let sum = 0;
      let count = 0;
      for (let y = edges[by] ?? NaN; y < (edges[by + 1] ?? NaN); y++) {
        for (let x = edges[bx] ?? NaN; x < (edges[bx + 1] ?? NaN); x++, count++) {
          sum += pixels[3 * (y * size + x) + c] ?? NaN;
        }
      }
      return count === 0 ? 0 : sum / count / 255;
    }) as [number, number, number];
    const opponent = [(red + green + blue) / 3, red - green, blue - (red + green) / 2];
    for (const [c, value] of opponent.entries()) out[OUTLINE + 3 * area + c] = COLOUR_WEIGHT * value;
  }
}
