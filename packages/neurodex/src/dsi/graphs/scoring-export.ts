import { float32, type Graph, int32, type NamedTensors, parameter, trace } from '@neurodex/autograd';
import { modelInput } from '../../query/model-inputs.ts';
import type { Geometry } from '../model/geometry.ts';
import { decodeStep, encode } from '../model/network.ts';
import type { ParameterArrays } from '../model/parameters.ts';
import { cacheOf, cacheOutputs, cacheTypes } from './cache-tensors.ts';
import { builtParameters } from './graph-parameters.ts';

/**
 * The network as two graphs that do not depend on a catalogue, for other programs to search with. Inputs and outputs:
 * the input (`ModelInput.tensor`, as `ModelInput.type`) → keys0, values0, … (float32 [P,B,D] for each layer); these with tokens (int32 [T,B]),
 * positions (int32 [T]) and mask (float32 [T,P+T]) → logits (float32 [T,B,V]).
 */
export function scoringGraphs(
  geometry: Geometry,
  batch: number,
  positionCount: number,
  arrays: ParameterArrays,
): { encoder: Graph; decoder: Graph } {
  const { sequenceLength, width, layers } = geometry;
  const { open } = builtParameters(arrays);
  const input = modelInput(geometry);
  const encoder = trace({ [input.tensor]: input.type(geometry, batch) }, (tensors: NamedTensors, scope) =>
    cacheOutputs(encode(open({}, scope), parameter(tensors, input.tensor), geometry, { dropout: 0 })),
  );
  const decoder = trace(
    {
      ...cacheTypes(layers, float32(sequenceLength, batch, width)),
      tokens: int32(positionCount, batch),
      positions: int32(positionCount),
      mask: float32(positionCount, sequenceLength + positionCount),
    } as const,
    (tensors, scope) => {
      const cache = cacheOf(tensors, layers);
      const options = { dropout: 0 };
      return { logits: decodeStep(open({}, scope), cache, tensors.tokens, tensors, geometry, options).logits };
    },
  );
  return { encoder, decoder };
}
