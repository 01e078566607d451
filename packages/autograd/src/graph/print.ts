import { showType } from '../core/types.ts';
import type { Graph } from './graph.ts';

/**
 * The graph as text, one node a line, for people.
 * @example
 * ```ts
 * import { add, float32, printGraph, trace } from '@neurodex/autograd';
 *
 * const text = printGraph(trace({ x: float32(2) }, ({ x }) => ({ y: add(x, x) })));
 * for (const line of text.split('\n')) console.log(line);
 * // → %0: float32[2] = input(name="x", shape=[2])
 * // → %1: float32[2] = add(%0, %0)
 * // → return y: %1
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
