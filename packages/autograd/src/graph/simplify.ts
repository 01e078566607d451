import { pair } from '../core/op.ts';
import type { Graph, GraphNode } from './graph.ts';

/**
 * Leaves out what no output reads, and merges `gemm` + `add` into one gemm where the sum has the product's shape: the
 * addition then happens while the product is written (residual connections, and gradients that meet).
 */
export function simplify(graph: Graph): Graph {
  // First what is unread: a sum that nobody reads must not take a product from those who do.
  return dropUnread(mergeSums(dropUnread(graph)));
}

/** How often each value is read. */
export function readCounts(graph: Graph): Map<number, number> {
  const counts = new Map<number, number>();
  const read = (value: number) => counts.set(value, (counts.get(value) ?? 0) + 1);
  for (const node of graph.nodes) node.inputs.forEach(read);
  for (const output of graph.outputs) read(output.value);
  return counts;
}

function dropUnread(graph: Graph): Graph {
  const needed = new Set(graph.outputs.map((o) => o.value));
  const kept: GraphNode[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((value) => needed.has(value)) && node.op !== 'input') continue;
    for (const value of node.inputs) needed.add(value);
    kept.push(node);
  }
  return { ...graph, nodes: kept.reverse() };
}

function mergeSums(graph: Graph): Graph {
  const counts = readCounts(graph);
  const maker = new Map<number, GraphNode>();
  const removed = new Set<GraphNode>();
  const nodes = graph.nodes.map((node) => {
    const merged = node.op === 'add' ? mergeSum(node, graph, counts, maker) : undefined;
    const result = merged?.node ?? node;
    if (merged) removed.add(merged.product);
    for (const value of result.outputs) maker.set(value, result);
    return result;
  });
  return { ...graph, nodes: nodes.filter((node) => !removed.has(node)) };
}

/** add(gemm(a, b), c) → gemm(a, b, c); the later of two products takes the earlier one as its third operand. */
function mergeSum(node: GraphNode, graph: Graph, counts: Map<number, number>, maker: Map<number, GraphNode>) {
  const [a, b] = pair(node.inputs);
  const candidates = [
    { value: a, other: b, product: maker.get(a) },
    { value: b, other: a, product: maker.get(b) },
  ];
  const fits = candidates.filter(
    ({ value, other, product }) =>
      product?.op === 'gemm' &&
      product.inputs.length === 2 &&
      counts.get(value) === 1 &&
      value !== other &&
      String(graph.types[other]?.shape) === String(graph.types[value]?.shape),
  );
  const chosen = fits.sort((x, y) => y.value - x.value)[0];
  if (chosen?.product === undefined) return undefined;
  const { product, other } = chosen;
  return { product, node: { ...product, inputs: [...product.inputs, other], outputs: node.outputs } };
}
