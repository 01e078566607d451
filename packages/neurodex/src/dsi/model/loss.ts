import {
  accuracy,
  argMax,
  cast,
  constant,
  crossEntropy,
  div,
  gather,
  logSoftmax,
  maximum,
  mul,
  neg,
  oneHot,
  reshape,
  select,
  sum,
  type Tensor,
} from '@neurodex/autograd';
import type { Geometry } from './geometry.ts';
import { decode, encode, type ForwardOptions, fixedPlan, prefill, type TokenLayout } from './network.ts';
import type { NodePlan } from './node-plan.ts';
import type { NamedTensors } from './patch-embedding.ts';

/** Added to the logit of a token that the trie forbids: its probability is 0. */
const FORBIDDEN = -1e9;

/** Patches for each token slot from which on one stream of both is faster than one after the other. */
const FEW = 8;

export interface Batch {
  /** As `shownType` has them (geometry.ts). */
  readonly pictures: Tensor;
  /** int32 [R·M, B]: BOS and digits of R identifiers, one identifier after another. */
  readonly tokens: Tensor;
  /** int32 [R·M, B]: the token after each; PAD does not count. */
  readonly targets: Tensor;
  /** uint8 [R·M, B, V], 0 or 1: which tokens the trie allows there. Left out: all of them. */
  readonly allowed?: Tensor;
}

export interface DsiLoss {
  /** Mean cross-entropy in nats over the tokens that are asked for; scalar. */
  readonly loss: Tensor;
  /** Share of those tokens where the likeliest is one that is asked for; scalar. */
  readonly tokenAccuracy: Tensor;
}

/**
 * Teacher forcing in one pass (design: "one pass per step"): mean cross-entropy over all identifiers' tokens. BOS sees
 * nothing but the picture, so the R identifiers of a picture share it: T = 1 + R·(M−1) slots.
 */
export function dsiLoss(
  parameters: NamedTensors,
  batch: Batch,
  geometry: Geometry,
  options: ForwardOptions,
): DsiLoss & { readonly logits: Tensor } {
  const identifiers = batch.tokens.size(0) / geometry.maxIdentifierLength;
  const { layout, rows, slots } = sharedStart(identifiers, geometry.maxIdentifierLength);
  const pick = (from: Tensor, indices: readonly number[]): Tensor =>
    gather(from, constant(from.scope, 'int32', [indices.length], Int32Array.from(indices)));
  const shared = identifiers > 1;
  const tokens = shared ? pick(batch.tokens, rows) : batch.tokens;
  const decoded = logitsOf(parameters, batch.pictures, tokens, layout, geometry, options);
  const all = shared ? pick(decoded, slots) : decoded;
  const logits = batch.allowed === undefined ? all : select(cast(batch.allowed, 'float32'), all, FORBIDDEN);
  return {
    loss: crossEntropy(logits, batch.targets, geometry.pad),
    tokenAccuracy: accuracy(logits, batch.targets, geometry.pad),
    logits,
  };
}

/**
 * Logits of tokens that are known before the picture, [T,B,V]. A few go through the network in one stream with the patches,
 * which would only have to see past many.
 */
function logitsOf(...stream: Parameters<typeof prefill>): Tensor {
  const [parameters, pictures, tokens, layout, geometry, options] = stream;
  if (FEW * tokens.size(0) <= geometry.sequenceLength) return prefill(...stream).logits;
  const memory = encode(parameters, pictures, geometry, options);
  return decode(parameters, memory, tokens, fixedPlan(tokens, layout, geometry.sequenceLength), geometry, options);
}

/** Slots of R identifiers behind one BOS. */
function sharedStart(
  identifiers: number,
  length: number,
): {
  readonly layout: TokenLayout;
  /** Of each slot, its row among the R·M tokens. */
  readonly rows: readonly number[];
  /** Of each of the R·M tokens, its slot. */
  readonly slots: readonly number[];
} {
  const digits = length - 1;
  const slots = Array.from({ length: identifiers * length }, (_, row) => {
    const place = row % length;
    return place === 0 ? 0 : 1 + Math.floor(row / length) * digits + place - 1;
  });
  const rows = Array.from({ length: 1 + identifiers * digits }, (_, slot) => slots.indexOf(slot));
  const owner = (slot: number): number => Math.floor((rows[slot] as number) / length);
  return {
    layout: {
      places: rows.map((row) => row % length),
      attends: (i, j) => j === 0 || (owner(i) === owner(j) && j <= i),
    },
    rows,
    slots,
  };
}

export interface SetBatch {
  /** As `shownType` has them (geometry.ts). */
  readonly pictures: Tensor;
  /**
   * float32 [T,B,V]: at each trie node, the share of the wanted identifiers that go on with each token. A row adds up to
   * the share of them that come by the node.
   */
  readonly shares: Tensor;
}

/**
 * The cross-entropy of a whole set of wanted identifiers, not of a sample of them: −Σᵣ w(r)·log p(r), with p(r) the
 * product of its digits' probabilities among those that the trie allows. Shared prefixes are computed once, at the nodes
 * of the trie; the result is divided by the decisions on the way, so that it is a mean per token, as `dsiLoss` is.
 * @param plan all branching nodes of the trie, T slots
 * @param allowed uint8 [T,V], 0 or 1: the children of each node
 */
export function setLoss(
  parameters: NamedTensors,
  { pictures, shares }: SetBatch,
  plan: NodePlan,
  allowed: Uint8Array,
  geometry: Geometry,
  options: ForwardOptions,
): DsiLoss {
  const [T, V] = [plan.tokens.length, geometry.vocabulary];
  const tokens = constant(pictures.scope, 'int32', [T, 1], plan.tokens);
  const decoded = logitsOf(parameters, pictures, tokens, plan.layout, geometry, options);
  const mask = reshape(constant(pictures.scope, 'float32', [T, V], Float32Array.from(allowed)), [T, 1, V]);
  const logits = select(mask, decoded, FORBIDDEN);
  const decisions = maximum(sum(shares), 1e-9);
  const chosen = mul(oneHot(cast(argMax(logits), 'int32'), V), shares);
  return {
    loss: div(neg(sum(mul(logSoftmax(logits), shares))), decisions),
    // A right choice is one of the wanted tokens, and counts as much as comes by the node.
    tokenAccuracy: div(sum(mul(div(chosen, maximum(chosen, 1e-9)), sum(shares, -1, true))), decisions),
  };
}
