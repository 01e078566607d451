import {
  add,
  attention,
  broadcastTo,
  concat,
  constant,
  dropout,
  foldBias,
  foldNorm,
  gather,
  gelu,
  gemm,
  linear,
  matmul,
  reshape,
  slice,
  standardize,
  type Tensor,
} from '@neurodex/autograd';
import type { Geometry } from './geometry.ts';
import { embedPatches, layer, type NamedTensors, named } from './patch-embedding.ts';

/** Large enough that a hidden score is 0 after the softmax, small enough to stay finite in float32. */
export const MASKED = -1e9;

/** Which identifier tokens are decoded together: each sees all patches, and of the tokens those that `sees` allows. */
export interface TokenLayout {
  /** Place of each token within its identifier, 0 … M−1; [T]. */
  readonly places: readonly number[];
  /** Whether token i sees token j. */
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
  /** float32 [T, P+T], or [B, 1, T, P+T] where pictures differ in it; added to the attention scores: 0 where seen. */
  readonly mask: Tensor;
}

/** Rows of the position table for a layout, int32 [T]. */
export const positionsOf = ({ places }: TokenLayout, patches: number): Int32Array =>
  Int32Array.from(places, (place) => patches + place);

/** Attention mask of a layout, float32 [T, P+T]. */
export const layoutMask = ({ places, attends: sees }: TokenLayout, patches: number): Float32Array =>
  attentionMask(places.length, sees, patches);

/** A layout that is the same in every run, as constants of the graph. */
export const fixedPlan = (like: Tensor, layout: TokenLayout, patches: number): TokenPlan => {
  const count = layout.places.length;
  return {
    positions: constant(like.scope, 'int32', [count], positionsOf(layout, patches)),
    mask: constant(like.scope, 'float32', [count, patches + count], layoutMask(layout, patches)),
  };
};

/** What tokens read of what comes before them: keys and values in every layer, [P,B,D] each for the patches. */
export interface KeyValueCache {
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
): KeyValueCache {
  const { sequenceLength: patches, attention: kind } = geometry;
  const x = dropout(placedPatches(parameters, pictures, geometry), options.dropout);
  const causal = () =>
    constant(
      x.scope,
      'float32',
      [patches, patches],
      attentionMask(patches, (i, j) => j <= i, 0),
    );
  // Nothing reads the patches after the last block's keys and values.
  return blocks(
    parameters,
    x,
    { mask: kind === 'causal' ? causal() : undefined, outputPositions: 0 },
    geometry,
    options,
  ).memory;
}

/**
 * @param tokens int32 [T,B]; [T,1] where every picture has the same
 * @returns logits of the token after each, [T,B,V]
 */
export function decode(
  parameters: NamedTensors,
  memory: KeyValueCache,
  tokens: Tensor,
  plan: TokenPlan,
  geometry: Geometry,
  options: ForwardOptions,
): Tensor {
  return decodeStep(parameters, memory, tokens, plan, geometry, options).logits;
}

/**
 * `decode`, and what the tokens leave behind for tokens that come later: keys and values, [T,B,D] each. The memory may
 * hold earlier tokens behind the patches.
 */
export function decodeStep(
  parameters: NamedTensors,
  memory: KeyValueCache,
  tokens: Tensor,
  plan: TokenPlan,
  geometry: Geometry,
  options: ForwardOptions,
): { readonly logits: Tensor; readonly memory: KeyValueCache } {
  const batch = memory.keys[0]?.size(1) ?? tokens.size(1);
  const x = dropout(placedTokens(parameters, tokens, batch, plan.positions, geometry), options.dropout);
  const stream = { mask: plan.mask, before: memory, goOn: tokens.size(0) };
  const decoded = blocks(parameters, x, stream, geometry, options);
  return { logits: head(parameters, decoded.rows, tokens, batch, geometry), memory: decoded.memory };
}

/**
 * `encode` and `decode` as one stream of P + T positions, for tokens that are known before the picture: fewer and larger
 * operations. The memory is that of patches and tokens, [P+T,B,D].
 * @param tokens int32 [T,B]; [T,1] where every picture has the same
 */
export function prefill(
  parameters: NamedTensors,
  pictures: Tensor,
  tokens: Tensor,
  layout: TokenLayout,
  geometry: Geometry,
  options: ForwardOptions,
): { readonly logits: Tensor; readonly memory: KeyValueCache } {
  const { sequenceLength: patches, attention: kind } = geometry;
  const [count, batch] = [layout.places.length, pictures.size(0)];
  const sees = (i: number, j: number): boolean => {
    if (j < patches) return i >= patches || kind === 'prefix' || j <= i;
    return i >= patches && layout.attends(i - patches, j - patches);
  };
  const size = patches + count;
  const mask = constant(pictures.scope, 'float32', [size, size], attentionMask(size, sees, 0));
  const positions = constant(tokens.scope, 'int32', [count], positionsOf(layout, patches));
  const placed = concat(
    [placedPatches(parameters, pictures, geometry), placedTokens(parameters, tokens, batch, positions, geometry)],
    0,
  );
  const x = dropout(placed, options.dropout);
  const decoded = blocks(parameters, x, { mask, outputPositions: count }, geometry, options);
  return { logits: head(parameters, decoded.rows, tokens, batch, geometry), memory: decoded.memory };
}

/** Embedded patches with their positions, [P,B,D]. */
function placedPatches(parameters: NamedTensors, pictures: Tensor, geometry: Geometry): Tensor {
  const { sequenceLength: patches, width } = geometry;
  const rows = slice(positionTable(parameters, pictures, geometry), 0, 0, patches);
  return add(embedPatches(parameters, pictures, geometry), reshape(rows, [patches, 1, width]));
}

/** Embedded tokens with their positions, [T,B,D]. */
function placedTokens(
  parameters: NamedTensors,
  tokens: Tensor,
  batch: number,
  positions: Tensor,
  geometry: Geometry,
): Tensor {
  const [count, width] = [tokens.size(0), geometry.width];
  const rows = gather(positionTable(parameters, tokens, geometry), positions);
  const placed = add(gather(named(parameters, 'token.embedding'), tokens), reshape(rows, [count, 1, width]));
  return tokens.size(1) === batch ? placed : broadcastTo(placed, [count, batch, width]);
}

interface Stream {
  /** [S, K] or [B,1,S,K], added to the attention scores; undefined: every position sees all. */
  readonly mask: Tensor | undefined;
  /** Positions that come before these and are seen by them. */
  readonly cache?: KeyValueCache;
  /** How many positions, from the end, leave the last block; the others end with its keys and values. */
  readonly outputPositions: number;
}

/**
 * All blocks over S positions [S,B,D]: the states of those that leave the last block, as rows [goOn·B, D], and the keys
 * and values of each block. Only attention has to know positions and pictures apart.
 */
function blocks(
  parameters: NamedTensors,
  from: Tensor,
  { mask, cache: before, outputPositions: goOn }: Stream,
  geometry: Geometry,
  options: ForwardOptions,
): { readonly rows: Tensor; readonly memory: KeyValueCache } {
  const [size, batch, width] = [from.size(0), from.size(1), from.size(2)];
  const last = geometry.layers - 1;
  const keys: Tensor[] = [];
  const values: Tensor[] = [];
  let rows = reshape(from, [size * batch, width]);
  for (let i = 0; i <= last; i++) {
    const { q, k, v, bias } = project(parameters, i, rows, batch);
    keys.push(k);
    values.push(v);
    const start = i === last ? size - goOn : 0;
    if (start === size) {
      options.onPatches?.(reshape(rows, [size, batch, width]));
      break;
    }
    const seen = (own: Tensor, earlier: Tensor | undefined) =>
      earlier === undefined ? own : concat([earlier, own], 0);
    const attended = attend(
      q(start),
      seen(k, before?.keys[i]),
      seen(v, before?.values[i]),
      geometry,
      mask && slice(mask, -2, start, size),
      options,
    );
    rows = block(parameters, i, slice(rows, 0, start * batch, size * batch), { attended, bias }, options);
  }
  return { rows, memory: { keys, values } };
}

/**
 * Queries, keys and values of block i, [S,B,D] each, of rows [S·B, D]; the queries are made where they are asked for, from
 * a position on. The keys have no bias: it would add the same number to all scores of a query, which the softmax takes
 * away again. Its gradient is zero, and is exactly zero here; computed in float32 it would be noise that Adam scales up
 * to full steps. Nor have the values: what attends adds up to 1, so that theirs, [D], can be added to what was attended.
 */
function project(parameters: NamedTensors, i: number, rows: Tensor, batch: number) {
  const { weight, bias } = foldNorm(layer(parameters, `block${i}.ln1`), layer(parameters, `block${i}.qkv`));
  const [count, width] = [rows.size(0), rows.size(1)];
  const standard = standardize(rows);
  const part = (n: number, biased: boolean, first = 0): Tensor => {
    const [start, end] = [n * width, (n + 1) * width];
    const from = slice(standard, 0, first * batch, count);
    const projected = gemm(from, slice(weight, 1, start, end), biased ? slice(bias, 0, start, end) : undefined);
    return reshape(projected, [count / batch - first, batch, width]);
  };
  return {
    q: (first: number) => part(0, true, first),
    k: part(1, false),
    v: part(2, false),
    bias: slice(bias, 0, 2 * width, 3 * width),
  };
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

/**
 * The rest of block i on rows, after attention: projection and feed-forward, each added to what came in. The bias of the
 * values, [D], is projected by itself and not row by row.
 */
function block(
  parameters: NamedTensors,
  i: number,
  x: Tensor,
  { attended, bias }: { readonly attended: Tensor; readonly bias: Tensor },
  options: ForwardOptions,
): Tensor {
  const projection = foldBias(bias, layer(parameters, `block${i}.proj`));
  const middle = add(x, linear(reshape(attended, x.shape), projection));
  const hidden = gelu(
    linear(standardize(middle), foldNorm(layer(parameters, `block${i}.ln2`), layer(parameters, `block${i}.fc1`))),
  );
  return add(middle, linear(dropout(hidden, options.dropout), layer(parameters, `block${i}.fc2`)));
}

/** Rows [T·B, D] → logits [T,B,V]. */
function head(parameters: NamedTensors, rows: Tensor, tokens: Tensor, batch: number, geometry: Geometry): Tensor {
  const { width: D, vocabulary: V, output } = geometry;
  const states = standardize(rows);
  const count = tokens.size(0);
  if (output === 'shared') {
    const logits = linear(states, foldNorm(layer(parameters, 'final'), layer(parameters, 'head')));
    return reshape(logits, [count, batch, V]);
  }
  // The matrix of what each slot shows takes in the norm's gain and bias.
  const { weight, bias } = layer(parameters, 'head');
  const matrices = gather(weight, tokens);
  const products =
    tokens.size(1) === batch
      ? matmul(reshape(states, [count, batch, 1, D]), matrices)
      : matmul(reshape(states, [count, batch, D]), reshape(matrices, [count, D, V]));
  return add(reshape(products, [count, batch, V]), gather(bias, tokens));
}

/** Mask of S tokens over `before` positions that all see, then over themselves: 0 where seen; [S, before + S]. */
function attentionMask(count: number, sees: (i: number, j: number) => boolean, before: number): Float32Array {
  const mask = new Float32Array(count * (before + count));
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) if (!sees(i, j)) mask[i * (before + count) + before + j] = MASKED;
  }
  return mask;
}

/** One table over patches, then places of an identifier: [P+M, D]; sines and cosines as in Vaswani et al. 2017, §3.5. */
function positionTable(
  parameters: NamedTensors,
  like: Tensor,
  { positions, sequenceLength: patches, maxIdentifierLength: tokens, width }: Geometry,
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
