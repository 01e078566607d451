import { mapValues } from '@neurodex/core';
import type { Tensor } from '../core/tensor.ts';
import type { TensorType } from '../core/types.ts';
import { GraphBuilder } from './builder.ts';
import { checkGraph } from './check.ts';
import type { Graph } from './graph.ts';

/** Types of the inputs of a graph, by name. */
export type InputTypes = Readonly<Record<string, TensorType>>;

/** The inputs of a graph as tensors, by name. */
export type InputTensors<I extends InputTypes> = { readonly [K in keyof I]: Tensor };

/**
 * Runs a function once on symbolic tensors and returns the graph of what it did.
 * @example
 * ```ts
 * import { float32, mul, trace } from '@neurodex/autograd';
 *
 * const { nodes, inputs, outputs } = trace({ x: float32(2) }, ({ x }) => ({ y: mul(x, x) }));
 * console.log(nodes.map(({ op }) => op), inputs.length, outputs[0]?.name); // → [ 'input', 'mul' ] 1 y
 * ```
 */
export function trace<I extends InputTypes>(
  inputs: I,
  body: (inputs: InputTensors<I>, scope: GraphBuilder) => Readonly<Record<string, Tensor>>,
): Graph {
  const scope = new GraphBuilder();
  const tensors: InputTensors<I> = mapValues(inputs, (t: TensorType, name) => scope.input(name, t.dtype, t.shape));
  const graph = scope.finish(body(tensors, scope));
  checkGraph(graph);
  return graph;
}
