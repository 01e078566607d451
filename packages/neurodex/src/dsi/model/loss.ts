import {
  accuracy,
  cast,
  constant,
  crossEntropy,
  gather,
  type NamedTensors,
  select,
  type Tensor,
} from '@neurodex/autograd';
import { fixedPlan, MASKED, type TokenLayout } from './attention-mask.ts';
import type { ForwardOptions } from './blocks.ts';
import type { Geometry } from './geometry.ts';
import { decodeStep, encode, prefill } from './network.ts';

/** Positions of the input for each token from which on one stream of both is faster than one after the other. */
const FEW = 8;

export interface Batch {
  /** As `ModelInput.type`. */
  readonly input: Tensor;
  /** int32 [R·M, B]: embedding rows of the prefixes of R identifiers, one identifier after another. */
  readonly tokens: Tensor;
  /** int32 [R·M, B]: the token after each; PAD does not count. */
  readonly targets: Tensor;
  /** uint8 [R·M, B, V], 0 or 1: which tokens the trie allows there. Left out: all of them. */
  readonly allowed?: Tensor;
}

export interface DsiLoss {
  /** Mean cross-entropy in nats over the target tokens; scalar. */
  readonly loss: Tensor;
  /** Share of those tokens where the likeliest is a target; scalar. */
  readonly tokenAccuracy: Tensor;
}

/**
 * Teacher forcing in one pass: mean cross-entropy over all identifiers' tokens. BOS attends to nothing but the query, so the
 * R identifiers of a query share it: T = 1 + R·(M−1) positions.
 */
export function dsiLoss(
  parameters: NamedTensors,
  batch: Batch,
  geometry: Geometry,
  options: ForwardOptions,
): DsiLoss & { readonly logits: Tensor } {
  const identifiers = batch.tokens.size(0) / geometry.maxIdentifierLength;
  const { layout, rows, positions } = sharedStart(identifiers, geometry.maxIdentifierLength);
  const pick = (from: Tensor, indices: readonly number[]): Tensor =>
    gather(from, constant(from.scope, 'int32', [indices.length], Int32Array.from(indices)));
  const shared = identifiers > 1;
  const tokens = shared ? pick(batch.tokens, rows) : batch.tokens;
  const decoded = logitsOf(parameters, batch.input, tokens, layout, geometry, options);
  const all = shared ? pick(decoded, positions) : decoded;
  const logits = batch.allowed === undefined ? all : select(cast(batch.allowed, 'float32'), all, MASKED);
  return {
    loss: crossEntropy(logits, batch.targets, geometry.pad),
    tokenAccuracy: accuracy(logits, batch.targets, geometry.pad),
    logits,
  };
}

/**
 * Logits of tokens that are known before the query, [T,B,V]. A few go through the network in one stream with the input,
 * whose masked attention to many would cost more than it saves.
 */
export function logitsOf(...stream: Parameters<typeof prefill>): Tensor {
  const [parameters, input, tokens, layout, geometry, options] = stream;
  if (FEW * tokens.size(0) <= geometry.sequenceLength) return prefill(...stream).logits;
  const cache = encode(parameters, input, geometry, options);
  const plan = fixedPlan(tokens, layout, geometry.sequenceLength);
  return decodeStep(parameters, cache, tokens, plan, geometry, options).logits;
}

/** Positions of R identifiers behind one BOS. */
function sharedStart(
  identifiers: number,
  length: number,
): {
  readonly layout: TokenLayout;
  /** Of each position, its row among the R·M tokens. */
  readonly rows: readonly number[];
  /** Of each of the R·M tokens, its position. */
  readonly positions: readonly number[];
} {
  const behindBos = length - 1;
  const positions = Array.from({ length: identifiers * length }, (_, row) => {
    const place = row % length;
    return place === 0 ? 0 : 1 + Math.floor(row / length) * behindBos + place - 1;
  });
  const rows = Array.from({ length: 1 + identifiers * behindBos }, (_, position) => positions.indexOf(position));
  const owner = (position: number): number => Math.floor((rows[position] ?? NaN) / length);
  return {
    layout: {
      places: rows.map((row) => row % length),
      attends: (i, j) => j === 0 || (owner(i) === owner(j) && j <= i),
    },
    rows,
    positions,
  };
}
