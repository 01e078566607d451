import { concat, constant, dropout, type NamedTensors, type Tensor } from '@neurodex/autograd';
import { attentionMask, positionsOf, type TokenLayout, type TokenPlan } from './attention-mask.ts';
import { blocks, type ForwardOptions, type KeyValueCache } from './blocks.ts';
import { embedInput, embedTokens } from './embedding.ts';
import type { Geometry } from './geometry.ts';
import { head } from './head.ts';

/** Logits of the token after each of T tokens, [T,B,V], and what later tokens read of these. */
export interface Decoded {
  readonly logits: Tensor;
  readonly cache: KeyValueCache;
}

/**
 * The ViT-DSI is one stack of blocks over the input of a query, then identifier tokens. The input never attends to tokens,
 * so the two run one after the other: `encode` takes a query through the blocks once, `decodeStep` takes any number of
 * tokens through the same blocks, reading the keys and values of the input.
 * @param input as `ModelInput.type`
 */
export function encode(
  parameters: NamedTensors,
  input: Tensor,
  geometry: Geometry,
  options: ForwardOptions,
): KeyValueCache {
  const { sequenceLength, attention: kind } = geometry;
  const x = dropout(embedInput(parameters, input, geometry), options.dropout);
  const causal = () =>
    constant(
      x.scope,
      'float32',
      [sequenceLength, sequenceLength],
      attentionMask(sequenceLength, (i, j) => j <= i, 0),
    );
  // Nothing reads the input after the last block's keys and values.
  const stream = { mask: kind === 'causal' ? causal() : undefined, outputPositions: 0 };
  return blocks(parameters, x, stream, geometry, options).cache;
}

/**
 * Tokens behind what is encoded, and behind earlier tokens where the cache holds them.
 * @param tokens int32 [T,B]; [T,1] where every query has the same
 * @returns logits, and the keys and values of these tokens, [T,B,D] each
 */
export function decodeStep(
  parameters: NamedTensors,
  cache: KeyValueCache,
  tokens: Tensor,
  plan: TokenPlan,
  geometry: Geometry,
  options: ForwardOptions,
): Decoded {
  const decoded = decodeRows(parameters, cache, tokens, plan, geometry, options);
  return { logits: head(parameters, decoded.rows, tokens, batchOf(cache, tokens), geometry), cache: decoded.cache };
}

/** `decodeStep` before the head: the states of the tokens, [T·B, D]. */
export function decodeRows(
  parameters: NamedTensors,
  cache: KeyValueCache,
  tokens: Tensor,
  plan: TokenPlan,
  geometry: Geometry,
  options: ForwardOptions,
): { readonly rows: Tensor; readonly cache: KeyValueCache } {
  const placed = embedTokens(parameters, tokens, batchOf(cache, tokens), plan.positions, geometry);
  const stream = { mask: plan.mask, cache, outputPositions: tokens.size(0) };
  return blocks(parameters, dropout(placed, options.dropout), stream, geometry, options);
}

const batchOf = (cache: KeyValueCache, tokens: Tensor): number => cache.keys[0]?.size(1) ?? tokens.size(1);

/**
 * `encode` and `decodeStep` as one stream of P + T positions, for tokens that are known before the query: fewer and larger
 * operations. The cache is that of input and tokens, [P+T,B,D].
 * @param tokens int32 [T,B]; [T,1] where every query has the same
 */
export function prefill(
  parameters: NamedTensors,
  input: Tensor,
  tokens: Tensor,
  layout: TokenLayout,
  geometry: Geometry,
  options: ForwardOptions,
): Decoded {
  const decoded = prefillRows(parameters, input, tokens, layout, geometry, options);
  return { logits: head(parameters, decoded.rows, tokens, input.size(0), geometry), cache: decoded.cache };
}

/** `prefill` before the head: the states of the tokens, [T·B, D]. */
export function prefillRows(
  parameters: NamedTensors,
  input: Tensor,
  tokens: Tensor,
  layout: TokenLayout,
  geometry: Geometry,
  options: ForwardOptions,
): { readonly rows: Tensor; readonly cache: KeyValueCache } {
  const { sequenceLength, attention: kind } = geometry;
  const [count, batch] = [layout.places.length, input.size(0)];
  const attends = (i: number, j: number): boolean => {
    if (j < sequenceLength) return i >= sequenceLength || kind === 'prefix' || j <= i;
    return i >= sequenceLength && layout.attends(i - sequenceLength, j - sequenceLength);
  };
  const size = sequenceLength + count;
  const mask = constant(input.scope, 'float32', [size, size], attentionMask(size, attends, 0));
  const positions = constant(tokens.scope, 'int32', [count], positionsOf(layout, sequenceLength));
  const placed = concat(
    [embedInput(parameters, input, geometry), embedTokens(parameters, tokens, batch, positions, geometry)],
    0,
  );
  const x = dropout(placed, options.dropout);
  return blocks(parameters, x, { mask, outputPositions: count }, geometry, options);
}
