import { foldConstants } from '../graph/fold.ts';
import type { Graph } from '../graph/graph.ts';
import { type LowerOptions, lowerGraph } from '../onnx/lower.ts';
import { encodeModel } from '../onnx/protobuf.ts';
import type { LoadableModel } from './runtime.ts';

/** A graph made ready for `Runtime.load`: what is known of it already is in it. */
export function loadable(graph: Graph, options: LowerOptions = {}): LoadableModel {
  const model = lowerGraph(foldConstants(graph), options);
  return { bytes: encodeModel(model), nodes: model.nodes.length, inputs: model.inputs, outputs: model.outputs };
}
