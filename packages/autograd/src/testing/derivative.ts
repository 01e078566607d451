/**
 * Derivative at 0 by the five-point stencil (Abramowitz & Stegun 25.3.6): the error is O(h⁴) and, in float64 with h of
 * a thousandth, far below 1e-8 of a smooth function's derivative.
 */
export function derivativeAtZero(f: (t: number) => number, h = 1e-3): number {
  return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
}
