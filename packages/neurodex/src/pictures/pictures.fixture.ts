import type { Picture } from '@neurodex/datasets/picture';

/** A grey picture. @param level of the pixel in column x and row y, 0 … 255 */
export const grey = (size: number, level: (x: number, y: number) => number): Picture => ({
  size,
  pixels: Uint8Array.from({ length: size * size * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return level(pixel % size, Math.floor(pixel / size));
  }),
});

/** Columns of 110 and 90: the mean is 100 and the variance 100, in every window of an even width. */
export const stripes = (x: number): number => (x % 2 === 0 ? 110 : 90);

/** Of every four rows one is lighter by `by`, one darker and two are the same: energy by² / 2 of each pixel, no change of the mean. */
export const ripple = (y: number, by: number): number => [by, -by, 0, 0][y % 4] ?? NaN;
