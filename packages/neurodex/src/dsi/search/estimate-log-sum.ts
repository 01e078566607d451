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

/** A term of a sum does not count if its log is so far below that of another term, even if there are 10⁹ such terms. */
export const NEGLIGIBLE = -50;

/**
 * The most by which an estimate can exceed τ·μ·h + log n, whatever h is: τ²s²/2, which is largest where μ is at right angles to h. The
 * estimate of the nearest few does not exceed that either, because √(a·b) ≤ (a + b)/2.
 * @param square ‖μ‖² @param temperature τ @param width D
 */
export const mostSpread = (square: number, temperature: number, width: number): number =>
  (temperature ** 2 * Math.max(0, 1 - square)) / (2 * Math.max(1, width - 1));
