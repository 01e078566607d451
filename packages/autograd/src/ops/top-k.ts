import { ShapeError } from '../core/errors.ts';
import { defineOp, pair } from '../core/op.ts';
import { expectCount, expectFloat } from '../core/shapes.ts';
import type { Tensor } from '../core/tensor.ts';

/**
 * The k largest elements of the last axis, largest first, and where they stand: float32 and int64, [..., k] each. Equal
 * elements stay in their order. No gradient.
 */
export const topKOp = defineOp<{ readonly k: number }>({
  name: 'topK',
  infer(inputs, { k }) {
    expectCount('topK', inputs, 1);
    expectFloat('topK', inputs);
    const shape = inputs[0]?.shape ?? [];
    const width = shape.at(-1) ?? 0;
    if (!(Number.isInteger(k) && k >= 1 && k <= width))
      throw new ShapeError('topK', inputs, `cannot choose ${k} of the ${width} elements of its last axis`);
    const chosen = [...shape.slice(0, -1), k];
    return [
      { dtype: 'float32', shape: chosen },
      { dtype: 'int64', shape: chosen },
    ];
  },
  vjp: null,
  lower: (emit, { inputs, outputs, attributes: { k } }) =>
    emit.node('TopK', [inputs[0] ?? '', emit.constant('int64', [1], BigInt64Array.of(BigInt(k)))], outputs, {
      axis: -1,
      largest: 1,
      sorted: 1,
    }),
  samples: [
    { inputs: [{ shape: [3, 7] }], attributes: { k: 4 } },
    { inputs: [{ shape: [2, 2, 5], low: 1, high: 1 }], attributes: { k: 5 } },
  ],
});

/**
 * The k largest elements of the last axis, largest first, and where they stand.
 * @param k 1 or more, at most the length of the last axis
 * @example
 * ```ts
 * import { float32, loadable, topK, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ x: float32(4) }, ({ x }) => ({ y: topK(x, 2).values }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ x: Float32Array.of(1, 9, 3, 4) })).y); // → Float32Array(2) [ 9, 4 ]
 * ```
 */
export const topK = (x: Tensor, k: number): { readonly values: Tensor; readonly places: Tensor } => {
  const [values, places] = pair(x.scope.apply('topK', [x], { k }));
  return { values, places };
};
