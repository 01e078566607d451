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
    const plane = layerOf(differences, layer);
    fit(layerOf(differences, layer - 1).data, plane, layerOf(differences, layer + 1).data, row, column);
    const { x: dx, y: dy, s: ds } = fitted;
    if (!Number.isFinite(dx + dy + ds)) return undefined;
    if (Math.abs(dx) < 0.5 && Math.abs(dy) < 0.5 && Math.abs(ds) < 0.5) {
      const { contrast, trace, determinant } = fitted;
      const onEdge = determinant <= 0 || trace * trace * edgeThreshold >= (edgeThreshold + 1) ** 2 * determinant;
      if (contrast * octaveLayers < contrastThreshold || onEdge) return undefined;
      const scale = sigma * 2 ** ((layer + ds) / octaveLayers);
      return { layer, row, column, x: column + dx, y: row + dy, scale, response: contrast };
    }
    layer += Math.round(ds);
    row += Math.round(dy);
    column += Math.round(dx);
    const { width, height } = plane;
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

/** What `fit` found; reused, for a picture has hundreds of candidates. */
const fitted = { x: 0, y: 0, s: 0, contrast: 0, trace: 0, determinant: 0 };

/**
 * The quadratic through a pixel with gradient g and Hessian H in x, y and scale, by central differences of values scaled to
 * 0 … 1. Its extremum −H⁻¹·g, by Cramer's rule, lies at (x, y, s) from the pixel, not finite where H has no inverse; there
 * its absolute value is the contrast. Trace and determinant are those of H in x and y.
 */
function fit(below: Float32Array, { stride, data }: Plane, above: Float32Array, row: number, column: number): void {
  const at = row * stride + column;
  const [up, down] = [at - stride, at + stride];
  const value = data[at] ?? NaN;
  const [left, right] = [data[at - 1] ?? NaN, data[at + 1] ?? NaN];
  const [upper, lower] = [data[up] ?? NaN, data[down] ?? NaN];
  const [under, over] = [below[at] ?? NaN, above[at] ?? NaN];
  const [gx, gy, gs] = [(right - left) / 2, (lower - upper) / 2, (over - under) / 2];
  const [xx, yy, ss] = [right + left - 2 * value, lower + upper - 2 * value, over + under - 2 * value];
  const corner = (plane: Float32Array, i: number): number => plane[i] ?? NaN;
  const xy = (corner(data, down + 1) - corner(data, down - 1) - corner(data, up + 1) + corner(data, up - 1)) / 4;
  const xs = (corner(above, at + 1) - corner(above, at - 1) - corner(below, at + 1) + corner(below, at - 1)) / 4;
  const ys = (corner(above, down) - corner(above, up) - corner(below, down) + corner(below, up)) / 4;
  const [a, b, c] = [yy * ss - ys * ys, ys * xs - xy * ss, xy * ys - yy * xs];
  const whole = xx * a + xy * b + xs * c;
  const [d, e, f] = [xx * ss - xs * xs, xy * xs - xx * ys, xx * yy - xy * xy];
  fitted.x = -(gx * a + gy * b + gs * c) / whole;
  fitted.y = -(gx * b + gy * d + gs * e) / whole;
  fitted.s = -(gx * c + gy * e + gs * f) / whole;
  fitted.contrast = Math.abs(value + 0.5 * (gx * fitted.x + gy * fitted.y + gs * fitted.s)) / RANGE;
  fitted.trace = xx + yy;
  fitted.determinant = f;
}
