import type { Graph } from '../graph/graph.ts';
import { type LowerOptions, lowerGraph } from '../onnx/lower.ts';
import { encodeModel } from '../onnx/protobuf.ts';
import type { LoadableModel } from './runtime.ts';

/** A graph made ready for `Runtime.load`. */
export function loadable(graph: Graph, options: LowerOptions = {}): LoadableModel {
  const model = lowerGraph(graph, options);
  return { bytes: encodeModel(model), inputs: model.inputs, outputs: model.outputs };
}
