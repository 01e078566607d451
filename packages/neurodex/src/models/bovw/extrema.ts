import { defined } from '@neurodex/core';
import { BORDER, type SiftParameters } from './parameters.ts';
import type { Plane } from './plane.ts';
import type { Octave } from './pyramid.ts';
import { vectors } from './vectors.ts';

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

/** Local extrema of the differences over space and scale (Lowe 2004, §3.1), refined and filtered (§4); layer by layer. */
export function* findExtrema({ differences, arena }: Octave, parameters: SiftParameters): Generator<Extremum> {
  // A first, coarse threshold on whole grey values; the exact one follows the refinement.
  const threshold = Math.floor((0.5 * parameters.contrastThreshold * RANGE) / parameters.octaveLayers);
  for (let layer = 1; layer <= parameters.octaveLayers; layer++) {
    const [below, at, above] = [
      layerOf(differences, layer - 1),
      layerOf(differences, layer),
      layerOf(differences, layer + 1),
    ];
    const { width, height, stride } = at;
    const [columns, rows] = [width - 2 * BORDER, height - 2 * BORDER];
    if (columns <= 0 || rows <= 0) continue;
    const end = vectors.extrema(
      below.address,
      at.address,
      above.address,
      4 * stride,
      4 * (BORDER * stride + BORDER),
      4 * columns,
      rows,
      threshold,
      arena.numbers.byteOffset,
    );
    const count = (end - arena.numbers.byteOffset) / 4;
    for (let i = 0; i < count; i++) {
      const number = arena.numbers[i] ?? NaN;
      const [row, column] = [Math.floor(number / stride), number % stride];
      // The last vector of a row may reach into its border.
      if (column >= width - BORDER) continue;
      const found = refine(differences, layer, row, column, parameters);
      if (found !== undefined) yield found;
    }
  }
}

const layerOf = <P extends Plane>(planes: readonly P[], layer: number): P =>
  defined(planes[layer], 'a layer of the octave');

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
    const { width, height } = layerOf(differences, 0);
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
  const { stride } = layerOf(differences, layer);
  const at = row * stride + column;
  const read = (dl: number, offset: number): number => (differences[layer + dl]?.data[at + offset] ?? NaN) / RANGE;
  const value = read(0, 0);
  const gradient: Vector = [
    (read(0, 1) - read(0, -1)) / 2,
    (read(0, stride) - read(0, -stride)) / 2,
    (read(1, 0) - read(-1, 0)) / 2,
  ];
  const xx = read(0, 1) + read(0, -1) - 2 * value;
  const yy = read(0, stride) + read(0, -stride) - 2 * value;
  const ss = read(1, 0) + read(-1, 0) - 2 * value;
  const xy = (read(0, stride + 1) - read(0, stride - 1) - read(0, 1 - stride) + read(0, -stride - 1)) / 4;
  const xs = (read(1, 1) - read(1, -1) - read(-1, 1) + read(-1, -1)) / 4;
  const ys = (read(1, stride) - read(1, -stride) - read(-1, stride) + read(-1, -stride)) / 4;
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
