import {
  add,
  cast,
  concat,
  constant,
  type Graph,
  gather,
  logSoftmax,
  mul,
  type NamedTensors,
  parameter,
  reshape,
  slice,
  type Tensor,
  topK,
  trace,
  transpose,
} from '@neurodex/autograd';
import { defined } from '@neurodex/core';
import type { Trie } from '../../identifiers/trie.ts';
import { modelInput } from '../../query/model-inputs.ts';
import { fixedPlan, MASKED } from '../model/attention-mask.ts';
import type { Geometry } from '../model/geometry.ts';
import { decodeStep, encode } from '../model/network.ts';
import { EXACT_POSITIONS, type NodePlan, planNodes, positionsFor } from '../model/node-plan.ts';
import type { ParameterArrays } from '../model/parameters.ts';
import type { PrefixTable } from '../model/prefix-table.ts';
import { builtParameters } from './graph-parameters.ts';

/**
 * The whole search as one graph: exhaustive scoring (search/exact.ts) of every identifier, and the k best. Inputs and
 * outputs have the batch first: the input (`ModelInput.tensor`, as `ModelInput.type`) → answers (int32 [B,k], which leaf of the trie in the order of
 * rows, best first, equal scores in that order) and scores (float32 [B,k], log-probabilities).
 * @param k 1 … N
 */
export function searchGraph(
  geometry: Geometry,
  table: PrefixTable,
  batch: number,
  k: number,
  arrays: ParameterArrays,
): Graph {
  const { sequenceLength, vocabulary } = geometry;
  const { trie } = table;
  const plans = planNodes(table, positionsFor(trie, EXACT_POSITIONS));
  const { tensor, type } = modelInput(geometry);
  return trace({ [tensor]: type(geometry, batch) }, (tensors: NamedTensors, scope) => {
    const input = parameter(tensors, tensor);
    const parameters = builtParameters(arrays).open({}, scope);
    const cache = encode(parameters, input, geometry, { dropout: 0 });
    const zeros = zeroForEach(input);
    const blocks = plans.map((plan) => {
      const tokens = constant(scope, 'int32', [plan.tokens.length, 1], plan.tokens);
      const layout = fixedPlan(tokens, plan.layout, sequenceLength);
      const { logits } = decodeStep(parameters, cache, tokens, layout, geometry, { dropout: 0 });
      return logProbabilities(logits, plan, trie);
    });
    const { values, places } = topK(scoresOf(concat([...blocks, zeros], 0), plans, trie, vocabulary), k);
    return { answers: cast(places, 'int32'), scores: values };
  });
}

const rowOf = (trie: Trie, leaf: number): number => defined(trie.row(leaf), 'the row of a leaf');

/** Leaves in the order of their catalogue rows: what `answers` counts. */
export const leavesByRow = (trie: Trie): number[] => [...trie.leaves()].sort((a, b) => rowOf(trie, a) - rowOf(trie, b));

/** float32 [1,B] of zeros, as many as there are inputs: a batch of any size makes its own. */
function zeroForEach(input: Tensor): Tensor {
  let corner = input;
  for (let axis = 1; axis < input.shape.length; axis++) corner = slice(corner, axis, 0, 1);
  return mul(cast(reshape(corner, [1, input.size(0)]), 'float32'), 0);
}

/** Of the tokens that the trie allows at each node that a plan reads: logits [T,B,V] → [read·V, B]. */
function logProbabilities(logits: Tensor, { nodes, read }: NodePlan, trie: Trie): Tensor {
  const vocabulary = logits.size(2);
  const allowed = new Float32Array(read.length * vocabulary).fill(MASKED);
  read.forEach((position, i) => {
    for (const { token } of trie.children(nodes[position] ?? NaN)) allowed[i * vocabulary + token] = 0;
  });
  const wanted = gather(logits, constant(logits.scope, 'int32', [read.length], Int32Array.from(read)));
  const masked = add(wanted, constant(logits.scope, 'float32', [read.length, 1, vocabulary], allowed));
  return reshape(transpose(logSoftmax(masked), [0, 2, 1]), [read.length * vocabulary, logits.size(1)]);
}

/**
 * Log-probability of every leaf: the sum over its path, [B,N].
 * @param logs one row for each token of each node that is read, and a last row of zeros for what decides nothing
 */
function scoresOf(logs: Tensor, plans: readonly NodePlan[], trie: Trie, vocabulary: number): Tensor {
  const firstRows = new Map<number, number>();
  for (const { nodes, read } of plans)
    for (const position of read) firstRows.set(nodes[position] ?? NaN, firstRows.size * vocabulary);
  const zero = logs.size(0) - 1;
  const leaves = leavesByRow(trie);
  let scores: Tensor | undefined;
  for (let depth = 1; depth <= trie.maxDepth; depth++) {
    const rows = Int32Array.from(leaves, (leaf) => {
      const node = ancestorAt(trie, leaf, depth);
      if (node === undefined) return zero;
      const first = firstRows.get(trie.parent(node));
      return first === undefined ? zero : first + trie.token(node);
    });
    const part = gather(logs, constant(logs.scope, 'int32', [leaves.length], rows));
    scores = scores === undefined ? part : add(scores, part);
  }
  return transpose(defined(scores, 'a level of the trie'), [1, 0]);
}

/** The node above a leaf (or the leaf) at a depth; undefined where the path ends before. */
function ancestorAt(trie: Trie, leaf: number, depth: number): number | undefined {
  let node = leaf;
  if (trie.depth(node) < depth) return undefined;
  while (trie.depth(node) > depth) node = trie.parent(node);
  return node;
}
