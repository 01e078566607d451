/** A prefix of a memory that is not looked into. */
export interface Unseen {
  /** log n of its n pictures. */
  readonly logCount: number;
  /** ‖μ‖² of their mean state μ. */
  readonly square: number;
  /** μ·h of the state h that is searched for. */
  readonly product: number;
}

/**
 * log Σ exp(τ·x·h) over the pictures behind a prefix, estimated as if their states x lay normally about their mean μ. They are unit
 * vectors: along h their variance is s² = (1 − ‖μ‖²)·(1 − cos²(μ, h))/(D − 1). The sum is exp(τ·μ·h) times n·exp(τ²s²/2); or, where
 * τs is above c = √(2·ln n) and the nearest few make it up, exp(τs·c) (the random energy model, Derrida 1981).
 * @param temperature τ @param width D
 */
export function estimateLogSum({ logCount, square, product }: Unseen, temperature: number, width: number): number {
  const cosine = square === 0 ? 0 : product ** 2 / square;
  const variance = ((1 - square) * (1 - cosine)) / Math.max(1, width - 1);
  // Squared, so that most need no root.
  const spread = temperature ** 2 * Math.max(0, variance);
  const frozen = 2 * logCount;
  return temperature * product + (spread < frozen ? logCount + spread / 2 : Math.sqrt(spread * frozen));
}

/** Terms of a sum whose logs are so far below another one do not count, even if there are a thousand million of them. */
export const NEGLIGIBLE = -50;

/**
 * What an estimate is above τ·μ·h + log n at the most, whatever h is: half of the variance of τ·x·h when all of it lies along h. The
 * other case is not above it either: √(a·b) ≤ (a + b)/2.
 * @param square ‖μ‖² @param temperature τ @param width D
 */
export const mostSpread = (square: number, temperature: number, width: number): number =>
  (temperature ** 2 * Math.max(0, 1 - square)) / (2 * Math.max(1, width - 1));
