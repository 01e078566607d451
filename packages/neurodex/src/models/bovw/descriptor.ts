import type { Gradients } from './gradients.ts';
import { DESCRIPTOR_LENGTH } from './parameters.ts';
import { descriptorKernels } from './vectors.ts';
import { fillWindow, windowRadius } from './window.ts';

/** Histograms on an edge of the grid (Lowe 2004, §6.1), as wasm/descriptors.wat has them: with 8 orientations in each. */
const GRID = 4;
/** Edge of one histogram's square, as a multiple of the keypoint's scale. */
const SQUARE = 3;
/** Half of the grid and half a square around it: as far as a gradient still has a share in a histogram. */
const REACH = (GRID + 1) / 2;

/** As far as a descriptor looks, in pixels of the octave, however it is turned. @param scale in pixels of the octave */
export const descriptorRadius = (scale: number): number => SQUARE * scale * Math.SQRT2 * REACH;

/**
 * The 128 numbers that describe the surroundings of a keypoint (Lowe 2004, §6): gradients, turned with its orientation,
 * in 4×4 histograms of 8 directions; each gradient is shared out among its neighbouring histograms and directions.
 * @param x y position in pixels of the octave
 * @param angle degrees, as `orientations` gives them
 * @param scale in pixels of the octave
 * @returns uint8 [128]
 */
export function describe(gradients: Gradients, x: number, y: number, angle: number, scale: number): Uint8Array {
  const { width, height, stride, lengths, directions, arena } = gradients;
  const turned = ((angle === 0 ? 0 : 360 - angle) * Math.PI) / 180;
  const square = SQUARE * scale;
  const radius = windowRadius(descriptorRadius(scale), gradients);
  fillWindow(arena.window.data, radius, -2 / (GRID * square) ** 2);
  descriptorKernels.describe(
    lengths.address,
    directions.address,
    4 * stride,
    width,
    height,
    Math.round(x),
    Math.round(y),
    radius,
    Math.cos(turned) / square,
    Math.sin(turned) / square,
    turned,
    arena.window.address,
    arena.histogram.address,
    arena.scratch.address,
  );
  return arena.scratchBytes.slice(0, DESCRIPTOR_LENGTH);
}
