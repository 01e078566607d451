import {
  add,
  attention,
  concat,
  dropout,
  foldBias,
  foldNorm,
  gelu,
  gemm,
  layer,
  linear,
  type NamedTensors,
  reshape,
  slice,
  standardize,
  type Tensor,
} from '@neurodex/autograd';
import type { Geometry } from './geometry.ts';

/** Keys and values in every layer, float32 [S,B,D] each: all that later positions read of S earlier ones. */
export interface KeyValueCache {
  readonly keys: readonly Tensor[];
  readonly values: readonly Tensor[];
}

export interface ForwardOptions {
  /** Dropout rate; 0 outside training. */
  readonly dropout: number;
  /** Given the attention of each block in turn, [B,H,S,K], to make it an output of the graph. */
  readonly onAttention?: (probabilities: Tensor) => void;
  /** Given the input as the last block reads it, [P,B,D]: what the network makes of a query. */
  readonly onPatches?: (states: Tensor) => void;
}

export interface Stream {
  /** [S, K] or [B,1,S,K], added to the attention scores; undefined: every position attends to all. */
  readonly mask: Tensor | undefined;
  /** Of positions that come before these and that these attend to. */
  readonly cache?: KeyValueCache;
  /** How many positions, from the end, leave the last block; the others end with its keys and values. */
  readonly outputPositions: number;
}

/**
 * All pre-norm blocks (Xiong et al. 2020) over S positions [S,B,D]: the states of those that leave the last block, as rows
 * [outputPositions·B, D], and the keys and values of each block. Only attention has to know positions and queries apart.
 */
export function blocks(
  parameters: NamedTensors,
  from: Tensor,
  { mask, cache, outputPositions }: Stream,
  geometry: Geometry,
  options: ForwardOptions,
): { readonly rows: Tensor; readonly cache: KeyValueCache } {
  const [size, batch, width] = [from.size(0), from.size(1), from.size(2)];
  const last = geometry.layers - 1;
  const keys: Tensor[] = [];
  const values: Tensor[] = [];
  let rows = reshape(from, [size * batch, width]);
  for (let i = 0; i <= last; i++) {
    const { q, k, v, bias } = project(parameters, i, rows, batch);
    keys.push(k);
    values.push(v);
    const start = i === last ? size - outputPositions : 0;
    if (start === size) {
      options.onPatches?.(reshape(rows, [size, batch, width]));
      break;
    }
    const behind = (earlier: Tensor | undefined, own: Tensor) =>
      earlier === undefined ? own : concat([earlier, own], 0);
    const [attended, probabilities] = attention(
      q(start),
      behind(cache?.keys[i], k),
      behind(cache?.values[i], v),
      geometry.heads,
      mask && slice(mask, -2, start, size),
    );
    options.onAttention?.(probabilities);
    rows = afterAttention(parameters, i, slice(rows, 0, start * batch, size * batch), { attended, bias }, options);
  }
  return { rows, cache: { keys, values } };
}

/**
 * Queries, keys and values of block i, [S,B,D] each, of rows [S·B, D]; the queries are made where they are asked for, from
 * a position on. The keys have no bias: it would add the same number to all scores of a query, which the softmax takes
 * away again. Its gradient is zero, and is exactly zero here; computed in float32 it would be noise that Adam scales up
 * to full steps. Nor have the values: attention adds up to 1, so that their bias, [D], can be added to what was attended.
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

/**
 * The rest of block i on rows, after attention: projection and feed-forward, each added to what came in. The bias of the
 * values, [D], is projected by itself and not row by row.
 */
function afterAttention(
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
