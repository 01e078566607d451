import {
  add,
  attention,
  concat,
  constant,
  dropout,
  foldNorm,
  gather,
  gelu,
  gemm,
  linear,
  reshape,
  slice,
  standardize,
  type Tensor,
} from '@neurodex/autograd';
import type { Geometry } from './geometry.ts';
import { embedPatches, layer, type NamedTensors, named } from './patches.ts';

/** Large enough that a hidden score is 0 after the softmax, small enough to stay finite in float32. */
const HIDDEN = -1e9;

/** Which identifier tokens are decoded together: each sees all patches, and of the tokens those that `sees` allows. */
export interface TokenLayout {
  /** Place of each token within its identifier, 0 … M−1; [T]. */
  readonly places: readonly number[];
  /** Whether token i sees token j. */
  sees(i: number, j: number): boolean;
}

/** R identifiers side by side, each causal in itself and blind to the others: T = R·M. */
export const packedLayout = (identifiers: number, length: number): TokenLayout => ({
  places: Array.from({ length: identifiers * length }, (_, i) => i % length),
  sees: (i, j) => Math.floor(i / length) === Math.floor(j / length) && j <= i,
});

/** A layout as the network reads it. */
export interface TokenPlan {
  /** int32 [T], rows of the position table: P + place. */
  readonly positions: Tensor;
  /** float32 [T, P+T], added to the attention scores: 0 where seen. */
  readonly mask: Tensor;
}

/** Rows of the position table for a layout, int32 [T]. */
export const positionsOf = ({ places }: TokenLayout, patches: number): Int32Array =>
  Int32Array.from(places, (place) => patches + place);

/** Attention mask of a layout, float32 [T, P+T]. */
export const maskOf = ({ places, sees }: TokenLayout, patches: number): Float32Array =>
  visibility(places.length, sees, patches);

/** A layout that is the same in every run, as constants of the graph. */
export const fixedPlan = (like: Tensor, layout: TokenLayout, patches: number): TokenPlan => {
  const count = layout.places.length;
  return {
    positions: constant(like.scope, 'int32', [count], positionsOf(layout, patches)),
    mask: constant(like.scope, 'float32', [count, patches + count], maskOf(layout, patches)),
  };
};

/** What the identifiers read of a picture: keys and values of its patches in every layer, [P,B,D] each. */
export interface PatchMemory {
  readonly keys: readonly Tensor[];
  readonly values: readonly Tensor[];
}

export interface ForwardOptions {
  /** Dropout rate; 0 outside training. */
  readonly dropout: number;
  /** Told of the attention of each block in turn, [B,H,S,K]: who reads it makes it an output of the graph. */
  readonly onAttention?: (probabilities: Tensor) => void;
  /** Told of the patches as the last block reads them, [P,B,D]: what the network makes of a picture. */
  readonly onPatches?: (states: Tensor) => void;
}

/**
 * The ViT-DSI is one stack of pre-norm blocks (Xiong et al. 2020) over patches, then identifier tokens. Patches never
 * see tokens, so the two run one after the other: `encode` takes a picture through the blocks once, `decode` takes any
 * number of tokens through the same blocks, reading what the patches left behind.
 * @param pictures as `shownType` has them (geometry.ts)
 */
export function encode(
  parameters: NamedTensors,
  pictures: Tensor,
  geometry: Geometry,
  options: ForwardOptions,
): PatchMemory {
  const { patches, layers, attention: kind } = geometry;
  const positions = slice(positionTable(parameters, pictures, geometry), 0, 0, patches);
  let x = dropout(
    add(embedPatches(parameters, pictures, geometry), reshape(positions, [patches, 1, geometry.width])),
    options.dropout,
  );
  const causal = () =>
    constant(
      x.scope,
      'float32',
      [patches, patches],
      visibility(patches, (i, j) => j <= i, 0),
    );
  const mask = kind === 'causal' ? causal() : undefined;
  const keys: Tensor[] = [];
  const values: Tensor[] = [];
  for (let i = 0; i < layers; i++) {
    if (i === layers - 1) options.onPatches?.(x);
    const { q, k, v } = project(parameters, i, x);
    keys.push(k);
    values.push(v);
    // Nothing reads the patches after the last block's keys and values.
    if (i < layers - 1) x = block(parameters, i, x, attend(q(), k, v, geometry, mask, options), options);
  }
  return { keys, values };
}

/**
 * @param tokens int32 [T,B]
 * @returns logits of the token after each, [T,B,V]
 */
export function decode(
  parameters: NamedTensors,
  memory: PatchMemory,
  tokens: Tensor,
  plan: TokenPlan,
  geometry: Geometry,
  options: ForwardOptions,
): Tensor {
  const rows = gather(positionTable(parameters, tokens, geometry), plan.positions);
  const embedded = gather(named(parameters, 'token.embedding'), tokens);
  let x = dropout(add(embedded, reshape(rows, [tokens.size(0), 1, geometry.width])), options.dropout);
  for (let i = 0; i < geometry.layers; i++) {
    const { q, k, v } = project(parameters, i, x);
    const keys = concat([memory.keys[i] as Tensor, k], 0);
    const values = concat([memory.values[i] as Tensor, v], 0);
    x = block(parameters, i, x, attend(q(), keys, values, geometry, plan.mask, options), options);
  }
  return linear(standardize(x), foldNorm(layer(parameters, 'final'), layer(parameters, 'head')));
}

/**
 * Queries, keys and values of block i, [S,B,D] each; the queries are made only where they are asked for. The keys have
 * no bias: it would add the same number to all scores of a query, which the softmax takes away again. Its gradient is
 * zero, and is exactly zero here; computed in float32 it would be noise that Adam scales up to full steps.
 */
function project(parameters: NamedTensors, i: number, x: Tensor) {
  const { weight, bias } = foldNorm(layer(parameters, `block${i}.ln1`), layer(parameters, `block${i}.qkv`));
  const width = x.size(-1);
  const rows = reshape(standardize(x), [-1, width]);
  const part = (n: number, biased: boolean): Tensor => {
    const [start, end] = [n * width, (n + 1) * width];
    return reshape(gemm(rows, slice(weight, 1, start, end), biased ? slice(bias, 0, start, end) : undefined), x.shape);
  };
  return { q: () => part(0, true), k: part(1, false), v: part(2, true) };
}

function attend(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  { heads }: Geometry,
  mask: Tensor | undefined,
  { onAttention }: ForwardOptions,
): Tensor {
  const [attended, probabilities] = attention(q, k, v, heads, mask);
  onAttention?.(probabilities);
  return attended;
}

/** The rest of block i, after attention: projection and feed-forward, each added to what came in. */
function block(parameters: NamedTensors, i: number, x: Tensor, attended: Tensor, options: ForwardOptions): Tensor {
  const middle = add(x, linear(attended, layer(parameters, `block${i}.proj`)));
  const hidden = gelu(
    linear(standardize(middle), foldNorm(layer(parameters, `block${i}.ln2`), layer(parameters, `block${i}.fc1`))),
  );
  return add(middle, linear(dropout(hidden, options.dropout), layer(parameters, `block${i}.fc2`)));
}

/** Mask of S tokens over `before` positions that all see, then over themselves: 0 where seen; [S, before + S]. */
function visibility(count: number, sees: (i: number, j: number) => boolean, before: number): Float32Array {
  const mask = new Float32Array(count * (before + count));
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) if (!sees(i, j)) mask[i * (before + count) + before + j] = HIDDEN;
  }
  return mask;
}

/** One table over patches, then places of an identifier: [P+M, D]; sines and cosines as in Vaswani et al. 2017, §3.5. */
function positionTable(
  parameters: NamedTensors,
  like: Tensor,
  { positions, patches, tokens, width }: Geometry,
): Tensor {
  if (positions === 'learned') return named(parameters, 'position');
  const rows = patches + tokens;
  const table = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < width; column++) {
      const angle = row / 10000 ** ((2 * Math.floor(column / 2)) / width);
      table[row * width + column] = column % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    }
  }
  return constant(like.scope, 'float32', [rows, width], table);
}
