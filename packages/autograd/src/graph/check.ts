import { defined } from '@neurodex/core';
import { GraphError } from '../core/errors.ts';
import { sameShape, showType, type TensorType } from '../core/types.ts';
import { opNamed } from '../ops/table.ts';
import type { Graph } from './graph.ts';

/** Types every node again: values are made before they are read, once, with the type their operation infers. */
export function checkGraph(graph: Graph): void {
  const made = new Map<number, TensorType>();
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((value) => {
      const type = made.get(value);
      if (type === undefined) throw new GraphError(`${node.op} reads value ${value} before it is made`);
      return type;
    });
    const inferred = opNamed(node.op).infer(inputs, node.attributes);
    if (inferred.length !== node.outputs.length)
      throw new GraphError(`${node.op} has ${node.outputs.length} outputs, not ${inferred.length}`);
    for (const [i, value] of node.outputs.entries()) {
      const want = defined(inferred[i], `output ${i} of ${node.op}`);
      const have = graph.types[value];
      if (made.has(value)) throw new GraphError(`value ${value} is made twice`);
      if (have === undefined || want.dtype !== have.dtype || !sameShape(want.shape, have.shape)) {
        throw new GraphError(`${node.op} makes ${showType(want)}, the graph says ${have && showType(have)}`);
      }
      made.set(value, have);
    }
  }
  const names = new Set([...graph.inputs, ...graph.noise].map(({ name }) => name));
  for (const { name, value } of graph.outputs) {
    if (!made.has(value)) throw new GraphError(`output ${name} is never made`);
    if (names.has(name)) throw new GraphError(`two inputs or outputs are called ${name}`);
    names.add(name);
  }
}
