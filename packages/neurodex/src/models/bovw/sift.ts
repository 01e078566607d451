import { describe, descriptorRadius } from './descriptor.ts';
import { findExtrema } from './extrema.ts';
import { gradientsOf } from './gradients.ts';
import { orientations } from './orientation.ts';
import { DESCRIPTOR_LENGTH, SIFT_DEFAULTS, type SiftParameters } from './parameters.ts';
import type { Plane } from './plane.ts';
import { scaleSpace } from './pyramid.ts';

/** A distinctive point of a picture, as OpenCV describes one. */
export interface Keypoint {
  /** Position in pixels of the picture; the middle of the first pixel is 0. */
  readonly x: number;
  readonly y: number;
  /** Diameter of its surroundings, in pixels. */
  readonly size: number;
  /** Direction, in degrees, 0 … 360. */
  readonly angle: number;
  /** Contrast, 0 … 1. */
  readonly response: number;
  /** uint8 [128] */
  readonly descriptor: Uint8Array;
}

/**
 * Scale-invariant features (Lowe, "Distinctive Image Features from Scale-Invariant Keypoints", IJCV 2004), with the
 * parameters and the conventions of OpenCV, agreeing with its keypoints and descriptors. In order of x, then y, then size
 * (largest first), then angle; the same point once.
 * @param picture grayscale, 0 … 255, of any size; a picture without distinctive points has no keypoints
 */
export function sift(picture: Plane, parameters: SiftParameters = SIFT_DEFAULTS): Keypoint[] {
  const keypoints: Keypoint[] = [];
  for (const octave of scaleSpace(picture, parameters)) {
    const { gaussians, arena, pixel } = octave;
    const extrema = [...findExtrema(octave, parameters)];
    // Gradients are there for one layer at a time.
    for (const [layer, gaussian] of gaussians.entries()) {
      const found = extrema.filter((extremum) => extremum.layer === layer);
      if (found.length === 0) continue;
      const places = found.map(({ column, row, scale }) => ({
        column,
        row,
        radius: Math.ceil(descriptorRadius(scale)),
      }));
      const gradients = gradientsOf(gaussian, arena, places);
      for (const extremum of found) {
        const { x, y, scale, response } = extremum;
        for (const angle of orientations(extremum, gradients)) {
          const descriptor = describe(gradients, x, y, angle, scale);
          keypoints.push({ x: x * pixel, y: y * pixel, size: 2 * scale * pixel, angle, response, descriptor });
        }
      }
    }
  }
  keypoints.sort((a, b) => a.x - b.x || a.y - b.y || b.size - a.size || a.angle - b.angle);
  return keypoints.filter((point, i) => {
    const before = keypoints[i - 1];
    return before === undefined || !samePlace(point, before);
  });
}

/** Two pixels may lead to one extremum. */
const samePlace = (a: Keypoint, b: Keypoint): boolean =>
  a.x === b.x && a.y === b.y && a.size === b.size && a.angle === b.angle;

/**
 * RootSIFT (Arandjelović & Zisserman 2012): square roots of the elements over their sum, so that Euclidean distances
 * compare histograms by Hellinger's kernel.
 * @param descriptors uint8 [n, 128]
 * @returns float32 [n, 128], each of unit length, or zero where the descriptor is
 */
export function rootSift(descriptors: Uint8Array): Float32Array {
  const roots = new Float32Array(descriptors.length);
  for (let start = 0; start < descriptors.length; start += DESCRIPTOR_LENGTH) {
    const descriptor = descriptors.subarray(start, start + DESCRIPTOR_LENGTH);
    let sum = 0;
    for (const value of descriptor) sum += value;
    if (sum === 0) continue;
    for (let i = 0; i < descriptor.length; i++) roots[start + i] = Math.sqrt((descriptor[i] ?? NaN) / sum);
  }
  return roots;
}
