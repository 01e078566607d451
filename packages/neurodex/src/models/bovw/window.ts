import type { Gradients } from './gradients.ts';

/** The largest distance within a plane limits that of a window, which then has room in the arena. */
export const windowRadius = (radius: number, { width, height }: Gradients): number =>
  Math.min(Math.round(radius), Math.floor(Math.hypot(width, height)));

/**
 * exp(i²·decay) for −radius … radius pixels along one axis; the weight at (i, j) is the product of two. From one weight to
 * the next the quotient changes by a constant factor.
 */
export function fillWindow(window: Float32Array, radius: number, decay: number): void {
  const factor = Math.exp(2 * decay);
  let quotient = Math.exp(decay);
  let weight = 1;
  for (let i = 0; i <= radius; i++) {
    window[radius + i] = weight;
    window[radius - i] = weight;
    weight *= quotient;
    quotient *= factor;
  }
}
