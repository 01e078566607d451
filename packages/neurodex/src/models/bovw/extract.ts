import type { Picture } from '@neurodex/datasets/picture';
import { DESCRIPTOR_LENGTH } from './parameters.ts';
import { grayOf } from './plane.ts';
import { sift } from './sift.ts';

/** The SIFT descriptors of a square picture, in the order of its keypoints: uint8 [n, 128]. */
export function describePicture({ size, pixels }: Picture): Uint8Array {
  const keypoints = sift(grayOf(pixels, size, size));
  const descriptors = new Uint8Array(keypoints.length * DESCRIPTOR_LENGTH);
  keypoints.forEach(({ descriptor }, i) => {
    descriptors.set(descriptor, i * DESCRIPTOR_LENGTH);
  });
  return descriptors;
}
