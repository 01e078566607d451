import { type Graph, type NamedTensors, parameter, trace } from '@neurodex/autograd';
import { modelInput } from '../../query/model-inputs.ts';
import type { Geometry } from '../model/geometry.ts';
import { parameterArrays } from '../model/parameters.ts';
import { queryStates } from '../model/state.ts';
import { builtParameters, fedParameters } from './graph-parameters.ts';

/**
 * What a memory is searched with: input (as `ModelInput.type`) → states (unit vectors, float32 [B,D]).
 * @param batch B
 * @param parameters built into the graph; without them it takes the flat vector as an input
 */
export function stateGraph(geometry: Geometry, batch: number, parameters?: Float32Array): Graph {
  const { inputs, open } =
    parameters === undefined ? fedParameters(geometry) : builtParameters(parameterArrays(geometry, parameters));
  return trace({ ...inputs, input: modelInput(geometry).type(geometry, batch) }, (tensors: NamedTensors, scope) => ({
    states: queryStates(open(tensors, scope), parameter(tensors, 'input'), geometry, { dropout: 0 }),
  }));
}
