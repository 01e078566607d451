import { GraphError, ShapeError } from '../core/errors.ts';
import type { Tensor } from '../core/tensor.ts';
import { sameShape } from '../core/types.ts';
import { add } from '../ops/elementwise.ts';
import { sum } from '../ops/reduce.ts';
import { broadcastTo, reshape } from '../ops/shape.ts';
import { scalar } from '../ops/source.ts';
import { opNamed } from '../ops/table.ts';
import { GraphBuilder } from './builder.ts';
import type { GraphNode } from './graph.ts';

/**
 * Reverse-mode differentiation: the gradient of a scalar with respect to each tensor, added to the same graph.
 * Accumulation over several uses and summing down after broadcasting happen here, for every operation alike.
 * @example
 * ```ts
 * import { float32, gradients, loadable, mul, sum, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ x: float32(2) }, ({ x }) => {
 *   const [gradient = x] = gradients(sum(mul(x, x)), [x]);
 *   return { gradient };
 * });
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ x: Float32Array.of(3, 5) })).gradient); // → Float32Array(2) [ 6, 10 ]
 * ```
 */
export function gradients(loss: Tensor, targets: readonly Tensor[]): Tensor[] {
  const scope = loss.scope;
  if (!(scope instanceof GraphBuilder)) throw new GraphError('the loss belongs to no graph under construction');
  if (loss.shape.length !== 0) throw new ShapeError('gradients', [loss], 'the loss must be a scalar');
  const trail = [...scope.trail];
  const reaches = reachable(trail, targets);
  const total = new Map<number, Tensor>([[loss.id, scalar(scope, 1)]]);

  for (const node of trail.reverse()) {
    const outgoing = node.outputs.map((value) => total.get(value));
    if (outgoing.every((g) => g === undefined) || !node.outputs.some((value) => reaches.has(value))) continue;
    const op = opNamed(node.op);
    if (op.vjp === null) continue;
    const inputs = node.inputs.map((value) => scope.tensor(value));
    const found = op.vjp({
      attributes: node.attributes,
      inputs,
      outputs: node.outputs.map((v) => scope.tensor(v)),
      gradients: outgoing,
    });
    if (found.length !== inputs.length)
      throw new GraphError(`${node.op} gives ${found.length} gradients for ${inputs.length} inputs`);
    inputs.forEach((input, i) => {
      const gradient = found[i];
      if (gradient === null || gradient === undefined || !reaches.has(input.id)) return;
      const part = sumDown(gradient, input);
      const before = total.get(input.id);
      total.set(input.id, before === undefined ? part : add(before, part));
    });
  }
  return targets.map((t) => total.get(t.id) ?? broadcastTo(scalar(scope, 0), t.shape));
}

/** Values that depend on a target: only their gradients are needed. */
function reachable(trail: readonly GraphNode[], targets: readonly Tensor[]): Set<number> {
  const reached = new Set(targets.map((t) => t.id));
  for (const node of trail) {
    if (node.inputs.some((value) => reached.has(value))) for (const value of node.outputs) reached.add(value);
  }
  return reached;
}

/** The gradient of a broadcast: summed over the axes that were repeated. */
function sumDown(gradient: Tensor, input: Tensor): Tensor {
  if (sameShape(gradient.shape, input.shape)) return gradient;
  const extra = gradient.rank - input.rank;
  const axes = gradient.shape.flatMap((d, i) => (i < extra || (input.shape[i - extra] === 1 && d !== 1) ? [i] : []));
  return reshape(sum(gradient, axes), input.shape);
}
