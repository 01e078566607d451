import { elementCount } from '../core/types.ts';
import { isApplied } from '../ops/table.ts';
import type { Graph, GraphNode } from './graph.ts';
import { simplify } from './simplify.ts';

/**
 * Floating-point operations of the matrix products that a graph's outputs need; a multiplication and an addition are two.
 * @example
 * ```ts
 * import { float32, matmul, matrixOperations, trace } from '@neurodex/autograd';
 *
 * const graph = trace({ a: float32(2, 3), b: float32(3, 4) }, ({ a, b }) => ({ y: matmul(a, b) }));
 * console.log(matrixOperations(graph)); // → 48
 * ```
 */
export const matrixOperations = (graph: Graph): number =>
  simplify(graph).nodes.reduce((sum, node) => sum + operationsOf(node, graph), 0);

function operationsOf(node: GraphNode, { types }: Graph): number {
  const shape = (values: readonly number[], i: number): readonly number[] => types[values[i] ?? -1]?.shape ?? [];
  const product = elementCount(shape(node.outputs, 0));
  const a = shape(node.inputs, 0);
  if (isApplied(node, 'gemm')) return 2 * product * (a.at(node.attributes.transposeA ? -2 : -1) ?? 0);
  if (isApplied(node, 'matmul')) {
    const { transposeA, rowsFirstA } = node.attributes;
    return 2 * product * ((transposeA ? a.at(rowsFirstA ? 0 : -2) : a.at(-1)) ?? 0);
  }
  // Scores and weighted sums: [B,H,S,K] each over D/H.
  if (isApplied(node, 'attention'))
    return 4 * elementCount(shape(node.outputs, 1)) * ((a.at(-1) ?? 0) / node.attributes.heads);
  return 0;
}
