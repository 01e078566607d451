import {
  constant,
  float32,
  type InputTypes,
  type NamedTensors,
  openParameters,
  parameterCount,
  type Tensor,
} from '@neurodex/autograd';
import type { Geometry } from '../model/geometry.ts';
import { dsiParameters, type ParameterArrays } from '../model/parameters.ts';

/** Where a graph's parameters come from. */
export interface GraphParameters {
  /** Inputs of the graph. */
  readonly inputs: InputTypes;
  open(tensors: NamedTensors, scope: Tensor['scope']): NamedTensors;
}

/** All parameters as one input, `parameters`: the flat vector in the order of `dsiParameters`. */
export function fedParameters(geometry: Geometry): GraphParameters {
  const specs = dsiParameters(geometry);
  return {
    inputs: { parameters: float32(parameterCount(specs)) },
    open(tensors) {
      const { parameters } = tensors;
      if (parameters === undefined) throw new RangeError('the graph has no input called parameters');
      return openParameters(specs, parameters);
    },
  };
}

/**
 * Parameters built into the graph, so that ONNX Runtime folds what depends on them alone.
 * @param apart those that are inputs all the same, by their names
 */
export function builtParameters(arrays: ParameterArrays, apart: readonly string[] = []): GraphParameters {
  const entries = Object.entries(arrays);
  const fed = entries.filter(([name]) => apart.includes(name));
  const built = entries.filter(([name]) => !apart.includes(name));
  return {
    inputs: Object.fromEntries(fed.map(([name, { shape }]) => [name, float32(...shape)])),
    open: (tensors, scope) => ({
      ...Object.fromEntries(built.map(([name, { shape, data }]) => [name, constant(scope, 'float32', shape, data)])),
      ...Object.fromEntries(Object.entries(tensors).filter(([name]) => apart.includes(name))),
    }),
  };
}
