import { ShapeError } from '../core/errors.ts';
import { defineOp, single } from '../core/op.ts';
import { broadcastShapes, expectAxis, expectCount, normalAxis } from '../core/shapes.ts';
import type { Tensor } from '../core/tensor.ts';
import { elementCount, type Shape, sameShape, type TensorType } from '../core/types.ts';

export const int64s = (values: readonly number[]): BigInt64Array => BigInt64Array.from(values.map(BigInt));
const isLength = (n: number): boolean => Number.isInteger(n) && n >= 0;
export const shapeOf = (inputs: readonly TensorType[]): Shape => inputs[0]?.shape ?? [];
export const typed = (inputs: readonly TensorType[], shape: Shape): readonly TensorType[] => [
  { dtype: inputs[0]?.dtype ?? 'float32', shape },
];

/** The same elements in row-major order under another shape; one dimension may be −1. */
export const reshapeOp = defineOp<{ readonly shape: Shape }>({
  name: 'reshape',
  infer(inputs, { shape }) {
    expectCount('reshape', inputs, 1);
    if (!shape.every(isLength) || elementCount(shape) !== elementCount(shapeOf(inputs))) {
      throw new ShapeError('reshape', inputs, `cannot become [${shape.join(',')}]`);
    }
    return typed(inputs, shape);
  },
  vjp: ({ inputs, gradients }) => [reshape(single(gradients), single(inputs).shape)],
  fold: (operands) => operands.map(({ data }) => data),
  lower(emit, { inputs, outputs, attributes }) {
    emit.node(
      'Reshape',
      [inputs[0] ?? '', emit.constant('int64', [attributes.shape.length], int64s(attributes.shape))],
      outputs,
    );
  },
  samples: [{ inputs: [{ shape: [2, 6] }], attributes: { shape: [3, 4] } }],
});

/**
 * The same elements in row-major order under another shape; one dimension may be −1.
 * @example
 * ```ts
 * import { float32, loadable, reshape, trace, transpose } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ x: float32(2, 3) }, ({ x }) => ({ y: transpose(reshape(x, [3, -1]), [1, 0]) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ x: Float32Array.of(1, 2, 3, 4, 5, 6) })).y); // → Float32Array(6) [ 1, 3, 5, 2, 4, 6 ]
 * ```
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const known = shape.filter((d) => d !== -1);
  const full =
    known.length === shape.length
      ? shape
      : shape.map((d) => (d === -1 ? elementCount(x.shape) / elementCount(known) : d));
  return sameShape(x.shape, full) ? x : single(x.scope.apply('reshape', [x], { shape: full }));
}

/** Axes in another order: axis i of the result is axis permutation[i] of x. */
export const transposeOp = defineOp<{ readonly permutation: readonly number[] }>({
  name: 'transpose',
  infer(inputs, { permutation }) {
    expectCount('transpose', inputs, 1);
    const shape = shapeOf(inputs);
    if (
      !sameShape(
        [...permutation].sort((a, b) => a - b),
        shape.map((_, i) => i),
      )
    ) {
      throw new ShapeError('transpose', inputs, `[${permutation.join(',')}] is no permutation of its axes`);
    }
    return typed(
      inputs,
      permutation.map((axis) => shape[axis] ?? 1),
    );
  },
  vjp({ attributes: { permutation }, gradients }) {
    return [
      transpose(
        single(gradients),
        permutation.map((_, axis) => permutation.indexOf(axis)),
      ),
    ];
  },
  lower: (emit, { inputs, outputs, attributes }) =>
    emit.node('Transpose', inputs, outputs, { perm: attributes.permutation }),
  samples: [{ inputs: [{ shape: [2, 3, 4] }], attributes: { permutation: [2, 0, 1] } }],
});

/**
 * Axes in another order: axis i of the result is axis permutation[i] of x.
 * @example
 * ```ts
 * import { float32, loadable, trace, transpose } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ x: float32(2, 3) }, ({ x }) => ({ y: transpose(x, [1, 0]) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ x: Float32Array.of(1, 2, 3, 4, 5, 6) })).y); // → Float32Array(6) [ 1, 4, 2, 5, 3, 6 ]
 * ```
 */
export const transpose = (x: Tensor, permutation: readonly number[]): Tensor =>
  permutation.every((axis, i) => axis === i) ? x : single(x.scope.apply('transpose', [x], { permutation }));

/** Repeats dimensions of length 1 and adds leading ones, as NumPy broadcasting does. */
export const broadcastToOp = defineOp<{ readonly shape: Shape }>({
  name: 'broadcastTo',
  infer(inputs, { shape }) {
    expectCount('broadcastTo', inputs, 1);
    const result = broadcastShapes(shapeOf(inputs), shape);
    if (result === undefined || !sameShape(result, shape)) {
      throw new ShapeError('broadcastTo', inputs, `does not broadcast to [${shape.join(',')}]`);
    }
    return typed(inputs, shape);
  },
  vjp: ({ gradients }) => [single(gradients)], // `backward` sums it down.
  lower(emit, { inputs, outputs, attributes }) {
    emit.node(
      'Expand',
      [inputs[0] ?? '', emit.constant('int64', [attributes.shape.length], int64s(attributes.shape))],
      outputs,
    );
  },
  samples: [{ inputs: [{ shape: [3, 1] }], attributes: { shape: [2, 3, 4] } }],
});

/**
 * Repeats dimensions of length 1 and adds leading ones, as NumPy broadcasting does.
 * @example
 * ```ts
 * import { broadcastTo, float32, loadable, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ x: float32(2, 1) }, ({ x }) => ({ y: broadcastTo(x, [2, 2]) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ x: Float32Array.of(1, 2) })).y); // → Float32Array(4) [ 1, 1, 2, 2 ]
 * ```
 */
export const broadcastTo = (x: Tensor, shape: Shape): Tensor =>
  sameShape(x.shape, shape) ? x : single(x.scope.apply('broadcastTo', [x], { shape }));

export interface SliceAttributes {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
}

/** Elements start … end−1 along one axis. */
export const sliceOp = defineOp<SliceAttributes>({
  name: 'slice',
  infer(inputs, { axis, start, end }) {
    expectCount('slice', inputs, 1);
    expectAxis('slice', inputs, axis);
    const shape = shapeOf(inputs);
    const length = shape[axis] ?? 0;
    if (![start, end].every(isLength) || start >= end || end > length) {
      throw new ShapeError('slice', inputs, `[${start}, ${end}) is no range of axis ${axis}`);
    }
    return typed(
      inputs,
      shape.map((d, i) => (i === axis ? end - start : d)),
    );
  },
  vjp({ inputs, gradients, attributes: { axis, start, end } }) {
    const x = single(inputs);
    return [pad(single(gradients), axis, start, x.size(axis) - end)];
  },
  lower(emit, { inputs, outputs, attributes: { axis, start, end } }) {
    const value = (n: number) => emit.constant('int64', [1], int64s([n]));
    emit.node('Slice', [inputs[0] ?? '', value(start), value(end), value(axis)], outputs);
  },
  samples: [{ inputs: [{ shape: [2, 5, 3] }], attributes: { axis: 1, start: 1, end: 4 } }],
});

/**
 * Elements start … end−1 along one axis.
 * @example
 * ```ts
 * import { float32, loadable, slice, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ x: float32(2, 3) }, ({ x }) => ({ y: slice(x, 1, 1, 3) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ x: Float32Array.of(1, 2, 3, 4, 5, 6) })).y); // → Float32Array(4) [ 2, 3, 5, 6 ]
 * ```
 */
export function slice(x: Tensor, axis: number, start: number, end: number): Tensor {
  const front = normalAxis('slice', x, axis);
  return start === 0 && end === x.size(front) ? x : single(x.scope.apply('slice', [x], { axis: front, start, end }));
}

/** Zeros before and after, along one axis. */
export const padOp = defineOp<{ readonly axis: number; readonly before: number; readonly after: number }>({
  name: 'pad',
  infer(inputs, { axis, before, after }) {
    expectCount('pad', inputs, 1);
    expectAxis('pad', inputs, axis);
    if (![before, after].every(isLength)) throw new ShapeError('pad', inputs, `cannot add ${before} and ${after}`);
    return typed(
      inputs,
      shapeOf(inputs).map((d, i) => (i === axis ? d + before + after : d)),
    );
  },
  vjp({ inputs, gradients, attributes: { axis, before } }) {
    return [slice(single(gradients), axis, before, before + single(inputs).size(axis))];
  },
  lower(emit, { inputs, inputTypes, outputs, attributes: { axis, before, after } }) {
    const rank = shapeOf(inputTypes).length;
    const pads = Array.from({ length: 2 * rank }, (_, i) => (i === axis ? before : i === rank + axis ? after : 0));
    emit.node('Pad', [inputs[0] ?? '', emit.constant('int64', [2 * rank], int64s(pads))], outputs);
  },
  samples: [{ inputs: [{ shape: [2, 3] }], attributes: { axis: 1, before: 1, after: 2 } }],
});

/**
 * Zeros before and after, along one axis.
 * @example
 * ```ts
 * import { float32, loadable, pad, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ x: float32(2) }, ({ x }) => ({ y: pad(x, 0, 1, 2) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ x: Float32Array.of(1, 2) })).y); // → Float32Array(5) [ 0, 1, 2, 0, 0 ]
 * ```
 */
export const pad = (x: Tensor, axis: number, before: number, after: number): Tensor =>
  before === 0 && after === 0
    ? x
    : single(x.scope.apply('pad', [x], { axis: normalAxis('pad', x, axis), before, after }));

/** Tensors one after another along one axis; the other dimensions are equal. */
export const concatOp = defineOp<{ readonly axis: number }>({
  name: 'concat',
  infer(inputs, { axis }) {
    expectAxis('concat', inputs, axis);
    const first = shapeOf(inputs);
    const fits = inputs.every(
      (t) =>
        t.dtype === inputs[0]?.dtype &&
        t.shape.length === first.length &&
        t.shape.every((d, i) => i === axis || d === first[i]),
    );
    if (inputs.length === 0 || !fits) throw new ShapeError('concat', inputs, `differ elsewhere than in axis ${axis}`);
    return typed(
      inputs,
      first.map((d, i) => (i === axis ? inputs.reduce((n, t) => n + (t.shape[axis] ?? 0), 0) : d)),
    );
  },
  vjp({ inputs, gradients, attributes: { axis } }) {
    let start = 0;
    return inputs.map((x) => {
      const part = slice(single(gradients), axis, start, start + x.size(axis));
      start += x.size(axis);
      return part;
    });
  },
  lower: (emit, { inputs, outputs, attributes }) => emit.node('Concat', inputs, outputs, { axis: attributes.axis }),
  samples: [{ inputs: [{ shape: [2, 3] }, { shape: [2, 2] }], attributes: { axis: 1 } }],
});

/**
 * Tensors one after another along one axis; the other dimensions are equal.
 * @example
 * ```ts
 * import { concat, float32, loadable, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ a: float32(2), b: float32(2) }, ({ a, b }) => ({ y: concat([a, b], 0) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ a: Float32Array.of(1, 2), b: Float32Array.of(3, 4) })).y); // → Float32Array(4) [ 1, 2, 3, 4 ]
 * ```
 */
export function concat(parts: readonly Tensor[], axis: number): Tensor {
  const [first] = parts;
  if (first === undefined) throw new RangeError('nothing to concatenate');
  return parts.length === 1
    ? first
    : single(first.scope.apply('concat', parts, { axis: normalAxis('concat', first, axis) }));
}
