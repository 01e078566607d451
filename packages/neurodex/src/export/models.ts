import {
  encodeModel,
  type Graph,
  lowerGraph,
  type Precision,
  restored,
  stored,
  storeWeights,
  type Weights,
  withSymbols,
} from '@neurodex/autograd';
import { scoringGraphs } from '../dsi/graphs/scoring-export.ts';
import { searchGraph } from '../dsi/graphs/search-export.ts';
import type { DsiModel } from '../dsi/model/model-file.ts';
import { type ParameterArrays, parameterArrays } from '../dsi/model/parameters.ts';
import type { PrefixTable } from '../dsi/model/prefix-table.ts';

/** Dimensions that differ from run to run, and the primes that they are traced with: no size of a network comes near. */
const OPEN = { batch: 1_000_003, positions: 2_000_003 } as const;

/** A network whose parameters are stored in a precision. */
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
  const { geometry, parameters } = original;
  const kept = new Map(
    Object.entries(parameterArrays(geometry, parameters)).map(([name, { shape, data }]) => [
      name,
      stored(data, shape, precision),
    ]),
  );
  const flat = new Float32Array(parameters.length);
  const arrays = parameterArrays(geometry, flat);
  const weights: Weights = new Map(
    Object.entries(arrays).map(([name, { data }]) => {
      const each = kept.get(name);
      if (each === undefined) throw new RangeError(`the network has no parameter ${name}`);
      data.set(restored(each));
      return [data, { name, stored: each }];
    }),
  );
  return { table, precision, original, model: { ...original, parameters: flat }, arrays, weights };
}

/** Pictures → keys and values, and these with tokens → logits, for any number of pictures and token positions. */
export function scoringModels(model: StoredModel): { encoder: Uint8Array; decoder: Uint8Array } {
  const { encoder, decoder } = scoringGraphs(model.model.geometry, OPEN.batch, OPEN.positions, model.arrays);
  return { encoder: onnxBytes(encoder, 'encoder', model), decoder: onnxBytes(decoder, 'decoder', model) };
}

/** Pictures → the k best answers, for any number of pictures. */
export const searchModel = (model: StoredModel, k: number): Uint8Array =>
  onnxBytes(searchGraph(model.model.geometry, model.table, OPEN.batch, k, model.arrays), 'search', model);

/** Standard ONNX, for any runtime. */
function onnxBytes(graph: Graph, name: string, { weights, precision }: StoredModel): Uint8Array {
  const lowered = lowerGraph(graph, { name, contrib: false, metadata: { model: 'vit-dsi', weights: precision } });
  return encodeModel(storeWeights(withSymbols(lowered, OPEN), weights));
}
