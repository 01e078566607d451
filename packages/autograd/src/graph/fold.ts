import { defined } from '@neurodex/core';
import type { KnownTensor } from '../core/op.ts';
import { constantOp } from '../ops/source.ts';
import { isApplied, opNamed } from '../ops/table.ts';
import { type Graph, type GraphNode, typeOf } from './graph.ts';

/**
 * Puts constants in place of what only moves constants: of a table from which known rows are taken, the model then holds
 * those rows and no others.
 */
export function foldConstants(graph: Graph): Graph {
  const known = new Map<number, KnownTensor>();
  const nodes = graph.nodes.flatMap((node): readonly GraphNode[] => {
    if (isApplied(node, 'constant')) {
      const [value = -1] = node.outputs;
      known.set(value, node.attributes);
      return [node];
    }
    const operands = node.inputs.map((value) => known.get(value)).filter((operand) => operand !== undefined);
    const { fold } = opNamed(node.op);
    if (fold === undefined || operands.length < node.inputs.length) return [node];
    const arrays = fold(operands, node.attributes);
    return node.outputs.map((value, i) => {
      const attributes = { ...typeOf(graph, value), data: defined(arrays[i], `output ${i} of ${node.op}`) };
      known.set(value, attributes);
      return { op: constantOp.name, inputs: [], outputs: [value], attributes };
    });
  });
  return { ...graph, nodes };
}
