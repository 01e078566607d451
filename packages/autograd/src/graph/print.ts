import { showType } from '../core/types.ts';
import type { Graph } from './graph.ts';

/**
 * The graph as text, one node a line, for people.
 * @example
 * ```ts
 * import { add, float32, printGraph, trace } from '@neurodex/autograd';
 *
 * console.log(printGraph(trace({ x: float32(2) }, ({ x }) => ({ y: add(x, x) }))));
 * ```
 */
export function printGraph(graph: Graph): string {
  const show = (value: number) => `%${value}`;
  const lines = graph.nodes.map((node) => {
    const types = node.outputs.map(
      (value) => `${show(value)}: ${graph.types[value] === undefined ? '?' : showType(graph.types[value])}`,
    );
    const attributes = Object.entries(node.attributes)
      .filter(([name]) => name !== 'data' && name !== 'dtype')
      .map(([name, value]) => `${name}=${JSON.stringify(value)}`);
    return `${types.join(', ')} = ${node.op}(${[...node.inputs.map(show), ...attributes].join(', ')})`;
  });
  return [...lines, `return ${graph.outputs.map(({ name, value }) => `${name}: ${show(value)}`).join(', ')}`].join(
    '\n',
  );
}
