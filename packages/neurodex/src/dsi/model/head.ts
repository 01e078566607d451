import {
  add,
  foldNorm,
  gather,
  layer,
  linear,
  matmul,
  type NamedTensors,
  reshape,
  standardize,
  type Tensor,
} from '@neurodex/autograd';
import type { Geometry } from './geometry.ts';

/** States of T tokens as rows [T·B, D] → logits of the token after each, [T,B,V]. @param tokens int32 [T,B] or [T,1] */
export function head(
  parameters: NamedTensors,
  rows: Tensor,
  tokens: Tensor,
  batch: number,
  { width: D, vocabulary: V, output }: Geometry,
): Tensor {
  const states = standardize(rows);
  const count = tokens.size(0);
  if (output === 'shared') {
    const logits = linear(states, foldNorm(layer(parameters, 'final'), layer(parameters, 'head')));
    return reshape(logits, [count, batch, V]);
  }
  // The matrix of each embedding row takes in the norm's gain and bias.
  const { weight, bias } = layer(parameters, 'head');
  const matrices = gather(weight, tokens);
  const products =
    tokens.size(1) === batch
      ? matmul(reshape(states, [count, batch, 1, D]), matrices)
      : matmul(reshape(states, [count, batch, D]), reshape(matrices, [count, D, V]));
  return add(reshape(products, [count, batch, V]), gather(bias, tokens));
}
