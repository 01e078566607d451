import { BORDER, type SiftParameters } from './parameters.ts';
import type { Plane } from './plane.ts';
import type { Octave } from './pyramid.ts';

/** An extremum of the scale space, found between the pixels. */
export interface Extremum {
  readonly layer: number;
  /** Nearest pixel of the octave. */
  readonly column: number;
  readonly row: number;
  /** Position in pixels of the octave. */
  readonly x: number;
  readonly y: number;
  /** Scale in pixels of the octave: σ of the blur at which it stands out most. */
  readonly scale: number;
  /** Absolute contrast, 0 … 1. */
  readonly response: number;
}

/** Tries to move to a neighbouring pixel before a point is given up. */
const STEPS = 5;
const RANGE = 255;

/** Local extrema of the differences over space and scale (Lowe 2004, §3.1), refined and filtered (§4). */
export function* findExtrema({ differences }: Octave, parameters: SiftParameters): Generator<Extremum> {
  // A first, coarse threshold on whole grey values; the exact one follows the refinement.
  const threshold = Math.floor((0.5 * parameters.contrastThreshold * RANGE) / parameters.octaveLayers);
  for (let layer = 1; layer <= parameters.octaveLayers; layer++) {
    const planes = [differences[layer - 1], differences[layer], differences[layer + 1]] as [Plane, Plane, Plane];
    const { width, height, data } = planes[1];
    for (let row = BORDER; row < height - BORDER; row++) {
      for (let column = BORDER; column < width - BORDER; column++) {
        const at = row * width + column;
        if (Math.abs(data[at] as number) <= threshold || !isExtremum(planes, at, width)) continue;
        const found = refine(differences, layer, row, column, parameters);
        if (found !== undefined) yield found;
      }
    }
  }
}

/** Whether the value is at least as large (or as small, if negative) as its 26 neighbours in space and scale. */
function isExtremum(planes: readonly [Plane, Plane, Plane], at: number, width: number): boolean {
  const value = planes[1].data[at] as number;
  // Most pixels lose against a neighbour in their own plane.
  return value > 0
    ? isLargest(planes[1].data, at, width, value) &&
        isLargest(planes[0].data, at, width, value) &&
        isLargest(planes[2].data, at, width, value)
    : isSmallest(planes[1].data, at, width, value) &&
        isSmallest(planes[0].data, at, width, value) &&
        isSmallest(planes[2].data, at, width, value);
}

function isLargest(data: Float32Array, at: number, width: number, value: number): boolean {
  for (let row = at - width; row <= at + width; row += width) {
    if ((data[row - 1] as number) > value || (data[row] as number) > value || (data[row + 1] as number) > value)
      return false;
  }
  return true;
}

function isSmallest(data: Float32Array, at: number, width: number, value: number): boolean {
  for (let row = at - width; row <= at + width; row += width) {
    if ((data[row - 1] as number) < value || (data[row] as number) < value || (data[row + 1] as number) < value)
      return false;
  }
  return true;
}

/** Fits a quadratic around the pixel (Brown & Lowe 2002) and moves until its extremum lies within half a pixel. */
function refine(
  differences: readonly Plane[],
  firstLayer: number,
  firstRow: number,
  firstColumn: number,
  { octaveLayers, contrastThreshold, edgeThreshold, sigma }: SiftParameters,
): Extremum | undefined {
  let [layer, row, column] = [firstLayer, firstRow, firstColumn];
  for (let step = 0; step < STEPS; step++) {
    const { gradient, hessian, value } = derivatives(differences, layer, row, column);
    const solution = solve(hessian, gradient);
    if (solution === undefined) return undefined;
    const [dx, dy, ds] = solution;
    if (Math.abs(dx) < 0.5 && Math.abs(dy) < 0.5 && Math.abs(ds) < 0.5) {
      const contrast = value + 0.5 * (gradient[0] * dx + gradient[1] * dy + gradient[2] * ds);
      const [xx, xy, yy] = [hessian[0], hessian[1], hessian[4]];
      const trace = xx + yy;
      const determinant = xx * yy - xy * xy;
      const onEdge = determinant <= 0 || trace * trace * edgeThreshold >= (edgeThreshold + 1) ** 2 * determinant;
      if (Math.abs(contrast) * octaveLayers < contrastThreshold || onEdge) return undefined;
      const scale = sigma * 2 ** ((layer + ds) / octaveLayers);
      return { layer, row, column, x: column + dx, y: row + dy, scale, response: Math.abs(contrast) };
    }
    layer += Math.round(ds);
    row += Math.round(dy);
    column += Math.round(dx);
    const { width, height } = differences[0] as Plane;
    const inside =
      layer >= 1 &&
      layer <= octaveLayers &&
      column >= BORDER &&
      column < width - BORDER &&
      row >= BORDER &&
      row < height - BORDER;
    if (!inside) return undefined;
  }
  return undefined;
}

type Vector = [number, number, number];
type Matrix = [number, number, number, number, number, number, number, number, number];

/** Value, gradient and Hessian in x, y and scale, by central differences, of values scaled to 0 … 1. */
function derivatives(
  differences: readonly Plane[],
  layer: number,
  row: number,
  column: number,
): { value: number; gradient: Vector; hessian: Matrix } {
  const { width } = differences[layer] as Plane;
  const at = row * width + column;
  const read = (dl: number, offset: number): number =>
    ((differences[layer + dl] as Plane).data[at + offset] as number) / RANGE;
  const value = read(0, 0);
  const gradient: Vector = [
    (read(0, 1) - read(0, -1)) / 2,
    (read(0, width) - read(0, -width)) / 2,
    (read(1, 0) - read(-1, 0)) / 2,
  ];
  const xx = read(0, 1) + read(0, -1) - 2 * value;
  const yy = read(0, width) + read(0, -width) - 2 * value;
  const ss = read(1, 0) + read(-1, 0) - 2 * value;
  const xy = (read(0, width + 1) - read(0, width - 1) - read(0, 1 - width) + read(0, -width - 1)) / 4;
  const xs = (read(1, 1) - read(1, -1) - read(-1, 1) + read(-1, -1)) / 4;
  const ys = (read(1, width) - read(1, -width) - read(-1, width) + read(-1, -width)) / 4;
  return { value, gradient, hessian: [xx, xy, xs, xy, yy, ys, xs, ys, ss] };
}

/** −H⁻¹·g by Cramer's rule; undefined where H has no inverse. */
function solve(h: Matrix, g: Vector): Vector | undefined {
  const cofactors: Vector = [h[4] * h[8] - h[5] * h[7], h[5] * h[6] - h[3] * h[8], h[3] * h[7] - h[4] * h[6]];
  const determinant = h[0] * cofactors[0] + h[1] * cofactors[1] + h[2] * cofactors[2];
  if (determinant === 0) return undefined;
  const [a, b, c] = g;
  const x = a * cofactors[0] + b * (h[2] * h[7] - h[1] * h[8]) + c * (h[1] * h[5] - h[2] * h[4]);
  const y = a * cofactors[1] + b * (h[0] * h[8] - h[2] * h[6]) + c * (h[2] * h[3] - h[0] * h[5]);
  const s = a * cofactors[2] + b * (h[1] * h[6] - h[0] * h[7]) + c * (h[0] * h[4] - h[1] * h[3]);
  const result: Vector = [-x / determinant, -y / determinant, -s / determinant];
  return result.every(Number.isFinite) ? result : undefined;
}
