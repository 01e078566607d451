import { ShapeError } from '../core/errors.ts';
import { defineOp, single } from '../core/op.ts';
import { broadcastShapes, expectAxis, expectCount, normalAxis } from '../core/shapes.ts';
import type { Tensor } from '../core/tensor.ts';
import { elementCount, type Shape, sameShape, type TensorType } from '../core/types.ts';

const int64s = (values: readonly number[]): BigInt64Array => BigInt64Array.from(values.map(BigInt));
const isLength = (n: number): boolean => Number.isInteger(n) && n >= 0;
const shapeOf = (inputs: readonly TensorType[]): Shape => inputs[0]?.shape ?? [];
const typed = (inputs: readonly TensorType[], shape: Shape): readonly TensorType[] => [
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
export function concat(parts: readonly Tensor[], axis: number): Tensor {
  const [first] = parts;
  if (first === undefined) throw new RangeError('nothing to concatenate');
  return parts.length === 1
    ? first
    : single(first.scope.apply('concat', parts, { axis: normalAxis('concat', first, axis) }));
}

/** Tensors of any shapes laid one after another in one vector. */
export const packOp = defineOp<Record<never, never>>({
  name: 'pack',
  infer(inputs) {
    if (inputs.length === 0 || inputs.some((t) => t.dtype !== inputs[0]?.dtype))
      throw new ShapeError('pack', inputs, 'takes tensors of one type');
    return typed(inputs, [inputs.reduce((n, t) => n + elementCount(t.shape), 0)]);
  },
  vjp: ({ inputs, gradients }) =>
    unpack(
      single(gradients),
      inputs.map((x) => x.shape),
    ).map((t) => t),
  lower(emit, { inputs, inputTypes, outputs }) {
    const flat = inputs.map((name, i) => {
      if (inputTypes[i]?.shape.length === 1) return name;
      const out = emit.temporary();
      emit.node('Reshape', [name, emit.constant('int64', [1], int64s([-1]))], [out]);
      return out;
    });
    emit.node('Concat', flat, outputs, { axis: 0 });
  },
  samples: [{ inputs: [{ shape: [2, 3] }, { shape: [4] }], attributes: {} }],
});
export const pack = (parts: readonly Tensor[]): Tensor => {
  const [first] = parts;
  if (first === undefined) throw new RangeError('nothing to pack');
  return single(first.scope.apply('pack', parts, {}));
};

/** A WebGPU shader may write to eight buffers and no more, wherever it runs: a larger split fails there. */
const MOST_SPLIT = 8;

/** The inverse of pack: one vector cut into tensors of the given shapes. */
export const unpackOp = defineOp<{ readonly shapes: readonly Shape[] }>({
  name: 'unpack',
  infer(inputs, { shapes }) {
    expectCount('unpack', inputs, 1);
    const total = shapes.reduce((n, s) => n + elementCount(s), 0);
    if (!sameShape(shapeOf(inputs), [total]))
      throw new ShapeError('unpack', inputs, `is no vector of ${total} elements`);
    return shapes.map((shape) => ({ dtype: inputs[0]?.dtype ?? 'float32', shape }));
  },
  vjp({ outputs, gradients }) {
    return [pack(outputs.map((y, i) => gradients[i] ?? broadcastTo(zero(y), y.shape)))];
  },
  lower(emit, { inputs, outputs, attributes: { shapes } }) {
    const flat = shapes.map((s, i) => (s.length === 1 ? (outputs[i] ?? '') : emit.temporary()));
    const value = (n: number) => emit.constant('int64', [1], int64s([n]));
    if (emit.contrib || shapes.length <= MOST_SPLIT) {
      emit.node(
        'Split',
        [inputs[0] ?? '', emit.constant('int64', [shapes.length], int64s(shapes.map(elementCount)))],
        flat,
        { axis: 0 },
      );
    } else {
      let start = 0;
      shapes.forEach((s, i) => {
        const end = start + elementCount(s);
        emit.node('Slice', [inputs[0] ?? '', value(start), value(end), value(0)], [flat[i] ?? '']);
        start = end;
      });
    }
    shapes.forEach((s, i) => {
      if (s.length !== 1)
        emit.node('Reshape', [flat[i] ?? '', emit.constant('int64', [s.length], int64s(s))], [outputs[i] ?? '']);
    });
  },
  samples: [
    { inputs: [{ shape: [10] }], attributes: { shapes: [[2, 3], [4]] } },
    { inputs: [{ shape: [11] }], attributes: { shapes: [[2], [1], [], [1, 1], [1], [1], [1], [1], [1], [1]] } },
  ],
});
export const unpack = (x: Tensor, shapes: readonly Shape[]): readonly Tensor[] =>
  x.scope.apply('unpack', [x], { shapes });

const zero = (like: Tensor): Tensor =>
  single(like.scope.apply('constant', [], { dtype: 'float32', shape: [], data: Float32Array.of(0) }));
