import { constant, type Tensor } from '@neurodex/autograd';

/** Added to a score or a logit whose probability is to be 0: large enough for that, small enough to stay finite in float32. */
export const MASKED = -1e9;

/** Which identifier tokens are decoded together: each attends to the whole input, and to the tokens that `attends` allows. */
export interface TokenLayout {
  /** Place of each token within its identifier, 0 … M−1; [T]. */
  readonly places: readonly number[];
  /** Whether token i attends to token j. */
  attends(i: number, j: number): boolean;
}

/** R identifiers side by side, each causal in itself and blind to the others: T = R·M. */
export const packedLayout = (identifiers: number, length: number): TokenLayout => ({
  places: Array.from({ length: identifiers * length }, (_, i) => i % length),
  attends: (i, j) => Math.floor(i / length) === Math.floor(j / length) && j <= i,
});

/** A layout as the network reads it. */
export interface TokenPlan {
  /** int32 [T], rows of the position table: P + place. */
  readonly positions: Tensor;
  /** float32 [T, P+T], or [B, 1, T, P+T] where queries differ in it; added to the attention scores: 0 where attended. */
  readonly mask: Tensor;
}

/** Rows of the position table for a layout, int32 [T]. @param length P */
export const positionsOf = ({ places }: TokenLayout, length: number): Int32Array =>
  Int32Array.from(places, (place) => length + place);

/** Attention mask of a layout, float32 [T, P+T]. @param length P */
export const layoutMask = ({ places, attends }: TokenLayout, length: number): Float32Array =>
  attentionMask(places.length, attends, length);

/** A layout that is the same in every run, as constants of the graph. @param length P */
export const fixedPlan = (like: Tensor, layout: TokenLayout, length: number): TokenPlan => {
  const count = layout.places.length;
  return {
    positions: constant(like.scope, 'int32', [count], positionsOf(layout, length)),
    mask: constant(like.scope, 'float32', [count, length + count], layoutMask(layout, length)),
  };
};

/**
 * Mask of S positions over `before` positions that all attend to, then over themselves: float32 [S, before + S], 0 where
 * attended, else `MASKED`.
 */
export function attentionMask(count: number, attends: (i: number, j: number) => boolean, before: number): Float32Array {
  const mask = new Float32Array(count * (before + count));
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) if (!attends(i, j)) mask[i * (before + count) + before + j] = MASKED;
  }
  return mask;
}
