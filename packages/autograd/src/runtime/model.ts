import { foldConstants } from '../graph/fold.ts';
import type { Graph } from '../graph/graph.ts';
import { type LowerOptions, lowerGraph } from '../onnx/lower.ts';
import { encodeModel } from '../onnx/protobuf.ts';
import type { LoadableModel } from './runtime.ts';

/**
 * A graph made ready for `Runtime.load`: what is known of it already is in it.
 * @example
 * ```ts
 * import { float32, loadable, neg, trace } from '@neurodex/autograd';
 *
 * const { bytes, inputs } = loadable(trace({ x: float32(2) }, ({ x }) => ({ y: neg(x) })));
 * console.log(bytes.length > 0, inputs[0]?.name); // → true x
 * ```
 */
export function loadable(graph: Graph, options: LowerOptions = {}): LoadableModel {
  const model = lowerGraph(foldConstants(graph), options);
  return { bytes: encodeModel(model), nodes: model.nodes.length, inputs: model.inputs, outputs: model.outputs };
}
