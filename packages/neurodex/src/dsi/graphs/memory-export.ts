import {
  cast,
  constant,
  float32,
  type Graph,
  gather,
  int32,
  logSoftmax,
  matmul,
  mul,
  type NamedTensors,
  parameter,
  reshape,
  sum,
  type Tensor,
  topK,
  trace,
} from '@neurodex/autograd';
import { modelInput } from '../../query/model-inputs.ts';
import { fixedPlan, packedLayout } from '../model/attention-mask.ts';
import type { Geometry } from '../model/geometry.ts';
import { type Memory, rowFor } from '../model/memory.ts';
import { decodeRows, encode } from '../model/network.ts';
import type { ParameterArrays } from '../model/parameters.ts';
import type { PrefixTable } from '../model/prefix-table.ts';
import { statesOf } from '../model/state.ts';
import { builtParameters } from './graph-parameters.ts';
import { leavesByRow } from './search-export.ts';

/**
 * A network with a memory as two graphs, for other programs to search with: the input (`ModelInput.tensor`, as `ModelInput.type`)
 * → states (unit vectors, float32 [B,D]); these with rows (int32 [B,n], of the memory) → logits (float32 [B,n], τ·row·state).
 */
export function memoryScoringGraphs(
  geometry: Geometry,
  memory: Memory,
  batch: number,
  count: number,
  arrays: ParameterArrays,
): { encoder: Graph; decoder: Graph } {
  const { width } = geometry;
  const input = modelInput(geometry);
  const encoder = trace({ [input.tensor]: input.type(geometry, batch) }, (tensors: NamedTensors) => ({
    states: encodedStates(parameter(tensors, input.tensor), geometry, arrays),
  }));
  const decoder = trace(
    { states: float32(batch, width), rows: int32(batch, count) } as const,
    ({ states, rows }, scope) => {
      const compared = gather(rowsOf(memory, geometry, scope), rows);
      // The sum over one element drops its axis, and unlike a reshape does so for no rows at all.
      const products = sum(matmul(compared, reshape(states, [batch, width, 1])), -1);
      return { logits: mul(products, memory.temperature) };
    },
  );
  return { encoder, decoder };
}

/**
 * The whole search as one graph, with the inputs and outputs of `searchGraph`: every identifier is compared with the state of
 * each picture, in one product of matrices.
 * @param k 1 … N
 */
export function memorySearchGraph(
  geometry: Geometry,
  table: PrefixTable,
  memory: Memory,
  batch: number,
  k: number,
  arrays: ParameterArrays,
): Graph {
  const leaves = Int32Array.from(leavesByRow(table.trie), (leaf) => rowFor(table, leaf));
  const input = modelInput(geometry);
  return trace({ [input.tensor]: input.type(geometry, batch) }, (tensors: NamedTensors, scope) => {
    const rows = gather(rowsOf(memory, geometry, scope), constant(scope, 'int32', [leaves.length], leaves));
    const states = encodedStates(parameter(tensors, input.tensor), geometry, arrays);
    const products = matmul(states, rows, { transposeB: true });
    const { values, places } = topK(logSoftmax(mul(products, memory.temperature)), k);
    return { answers: cast(places, 'int32'), scores: values };
  });
}

/**
 * `queryStates`, for batches of any size: the input is encoded first, and BOS decoded behind it, so that nothing is cut out of
 * a stream at a place that depends on the batch.
 */
function encodedStates(input: Tensor, geometry: Geometry, arrays: ParameterArrays): Tensor {
  const { scope } = input;
  const parameters = builtParameters(arrays).open({}, scope);
  const cache = encode(parameters, input, geometry, { dropout: 0 });
  const bos = constant(scope, 'int32', [1, 1], Int32Array.of(0));
  const plan = fixedPlan(bos, packedLayout(1, 1), geometry.sequenceLength);
  return statesOf(parameters, decodeRows(parameters, cache, bos, plan, geometry, { dropout: 0 }).rows);
}

const rowsOf = ({ rows }: Memory, { embeddingRows, width }: Geometry, scope: Tensor['scope']): Tensor =>
  constant(scope, 'float32', [embeddingRows, width], rows);
