import { constant, float32, type Graph, int32, type NamedTensors, parameter, trace } from '@neurodex/autograd';
import { modelInput } from '../../query/model-inputs.ts';
import type { Geometry } from '../model/geometry.ts';
import { decodeStep, prefill } from '../model/network.ts';
import type { NodePlan } from '../model/node-plan.ts';
import { type ParameterArrays, parameterArrays } from '../model/parameters.ts';
import { cacheOf, cacheOutputs, cacheTypes } from './cache-tensors.ts';
import { builtParameters, fedParameters } from './graph-parameters.ts';

/** Sizes of the graphs that a search runs. */
export interface SearchShape {
  /** B */
  readonly batch: number;
  /** The positions that every search begins with: they are decoded together with the encoding of the query. */
  readonly prefill: Pick<NodePlan, 'tokens' | 'layout'>;
  /** Positions that are decoded after those; undefined: none. */
  readonly decodeStep?: {
    /** T, positions of one step. */
    readonly positionCount: number;
    /** C, earlier token positions that a step may attend to. */
    readonly cached: number;
    /** Steps whose keys and values are kept behind those of the prefill; 0: none is. */
    readonly steps: number;
    /** Whether tokens and mask differ from query to query. */
    readonly perQuery: boolean;
  };
}

/**
 * The graphs of a search. Prefill: input (as `ModelInput.type`) → logits (float32 [T₀,B,V]) and, where steps follow, keys0,
 * values0, … (float32 [P+T₀,B,D]). Decode step: keys and values (float32 [P+C,B,D]) with tokens (int32 [T,1] or [T,B]),
 * positions (int32 [T]) and mask (float32 [T,P+C+T] or [B,1,T,P+C+T]) → logits (float32 [T,B,V]) and, where they are
 * kept, next.keys0, … (float32 [T,B,D]).
 * @param parameters built into both; without them both take the flat vector as an input
 * @param apart parameters that the step takes as inputs by their names
 */
export function searchGraphs(
  geometry: Geometry,
  shape: SearchShape,
  parameters?: Float32Array,
  apart: readonly string[] = [],
): { readonly prefill: Graph; readonly decodeStep?: Graph } {
  const arrays = parameters && parameterArrays(geometry, parameters);
  return {
    prefill: prefillGraph(geometry, shape, arrays),
    ...(shape.decodeStep === undefined
      ? {}
      : { decodeStep: decodeStepGraph(geometry, shape.batch, shape.decodeStep, arrays, apart) }),
  };
}

function prefillGraph(geometry: Geometry, shape: SearchShape, arrays: ParameterArrays | undefined): Graph {
  const { inputs, open } = arrays === undefined ? fedParameters(geometry) : builtParameters(arrays);
  const { tokens: rows, layout } = shape.prefill;
  return trace(
    { ...inputs, input: modelInput(geometry).type(geometry, shape.batch) },
    (tensors: NamedTensors, scope) => {
      const tokens = constant(scope, 'int32', [rows.length, 1], rows);
      const input = parameter(tensors, 'input');
      const { logits, cache } = prefill(open(tensors, scope), input, tokens, layout, geometry, { dropout: 0 });
      return { logits, ...(shape.decodeStep === undefined ? {} : cacheOutputs(cache)) };
    },
  );
}

function decodeStepGraph(
  geometry: Geometry,
  batch: number,
  { positionCount, cached, steps, perQuery }: NonNullable<SearchShape['decodeStep']>,
  arrays: ParameterArrays | undefined,
  apart: readonly string[],
): Graph {
  const { sequenceLength, width, layers } = geometry;
  const { inputs, open } = arrays === undefined ? fedParameters(geometry) : builtParameters(arrays, apart);
  const keys = sequenceLength + cached + positionCount;
  const own = {
    ...inputs,
    ...cacheTypes(layers, float32(sequenceLength + cached, batch, width)),
    tokens: int32(positionCount, perQuery ? batch : 1),
    positions: int32(positionCount),
    mask: perQuery ? float32(batch, 1, positionCount, keys) : float32(positionCount, keys),
  } as const;
  return trace(own, (tensors, scope) => {
    const before = cacheOf(tensors, layers);
    const options = { dropout: 0 };
    const { logits, cache } = decodeStep(open(tensors, scope), before, tensors.tokens, tensors, geometry, options);
    return { logits, ...(steps === 0 ? {} : cacheOutputs(cache, 'next.')) };
  });
}
