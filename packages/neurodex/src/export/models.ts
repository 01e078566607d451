import {
  encodeModel,
  type Graph,
  lowerGraph,
  type Precision,
  restored,
  type Shape,
  type Stored,
  stored,
  storeWeights,
  type Weights,
  withSymbols,
} from '@neurodex/autograd';
import { defined } from '@neurodex/core';
import { memoryScoringGraphs, memorySearchGraph } from '../dsi/graphs/memory-export.ts';
import { scoringGraphs } from '../dsi/graphs/scoring-export.ts';
import { searchGraph } from '../dsi/graphs/search-export.ts';
import type { Memory } from '../dsi/model/memory.ts';
import type { DsiModel } from '../dsi/model/model-file.ts';
import { type ParameterArrays, parameterArrays } from '../dsi/model/parameters.ts';
import type { PrefixTable } from '../dsi/model/prefix-table.ts';
import { MEMORY_TENSORS } from '../dsi/model/read-parameters.ts';

/** Dimensions that differ from run to run, and the primes that they are traced with: no size of a network comes near. */
const OPEN = { batch: 1_000_003, positions: 2_000_003 } as const;
/** The same of a memory's decoder: pictures, and rows that each is compared with. */
const OPEN_ROWS = { batch: OPEN.batch, n: OPEN.positions } as const;

/** A network whose parameters, and its memory where it has one, are stored in a precision. */
export interface StoredModel {
  readonly table: PrefixTable;
  readonly precision: Precision;
  /** As it was trained. */
  readonly original: DsiModel;
  /** With the float32 parameters that the stored ones stand for: what an exported model computes with. */
  readonly model: DsiModel;
  readonly arrays: ParameterArrays;
  readonly weights: Weights;
}

export function storeModel(
  { model: original, table }: { readonly model: DsiModel; readonly table: PrefixTable },
  precision: Precision,
): StoredModel {
  const { geometry, parameters, memory } = original;
  const weights = new Map<Float32Array, { readonly name: string; readonly stored: Stored }>();
  /** Stores an array, and writes what the stored one stands for into another. */
  const store = (name: string, data: Float32Array, shape: Shape, into: Float32Array): void => {
    const kept = stored(data, shape, precision);
    into.set(restored(kept));
    weights.set(into, { name, stored: kept });
  };
  const flat = new Float32Array(parameters.length);
  const [given, arrays] = [parameterArrays(geometry, parameters), parameterArrays(geometry, flat)];
  for (const [name, { shape, data }] of Object.entries(arrays))
    store(name, defined(given[name], `the parameter ${name}`).data, shape, data);
  let kept: Memory | undefined;
  if (memory !== undefined) {
    const rows = new Float32Array(memory.rows.length);
    store(MEMORY_TENSORS.rows, memory.rows, [geometry.embeddingRows, geometry.width], rows);
    const [temperature = NaN] = restored(stored(Float32Array.of(memory.temperature), [1], precision));
    kept = { rows, temperature };
  }
  return { table, precision, original, model: { ...original, parameters: flat, memory: kept }, arrays, weights };
}

/**
 * Pictures → keys and values, and these with tokens → logits, for any number of pictures and token positions; of a memory,
 * pictures → states, and these with rows of the memory → logits.
 */
export function scoringModels(model: StoredModel): { encoder: Uint8Array; decoder: Uint8Array } {
  const { geometry, memory } = model.model;
  const { encoder, decoder } =
    memory === undefined
      ? scoringGraphs(geometry, OPEN.batch, OPEN.positions, model.arrays)
      : memoryScoringGraphs(geometry, memory, OPEN_ROWS.batch, OPEN_ROWS.n, model.arrays);
  const symbols = memory === undefined ? OPEN : OPEN_ROWS;
  return {
    encoder: onnxBytes(encoder, 'encoder', model, symbols),
    decoder: onnxBytes(decoder, 'decoder', model, symbols),
  };
}

/** Pictures → the k best answers, for any number of pictures. */
export function searchModel(model: StoredModel, k: number): Uint8Array {
  const { geometry, memory } = model.model;
  const graph =
    memory === undefined
      ? searchGraph(geometry, model.table, OPEN.batch, k, model.arrays)
      : memorySearchGraph(geometry, model.table, memory, OPEN.batch, k, model.arrays);
  return onnxBytes(graph, 'search', model, OPEN);
}

/** Standard ONNX, for any runtime. */
function onnxBytes(
  graph: Graph,
  name: string,
  { weights, precision }: StoredModel,
  symbols: Readonly<Record<string, number>>,
): Uint8Array {
  const lowered = lowerGraph(graph, { name, contrib: false, metadata: { model: 'vit-dsi', weights: precision } });
  return encodeModel(storeWeights(withSymbols(lowered, symbols), weights));
}
