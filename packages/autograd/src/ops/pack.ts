import { ShapeError } from '../core/errors.ts';
import { defineOp, single } from '../core/op.ts';
import { expectCount } from '../core/shapes.ts';
import type { Tensor } from '../core/tensor.ts';
import { elementCount, type Shape, sameShape } from '../core/types.ts';
import { broadcastTo, int64s, shapeOf, typed } from './shape.ts';

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

/**
 * Tensors of any shapes laid one after another in one vector.
 * @example
 * ```ts
 * import { float32, loadable, pack, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ a: float32(1, 2), b: float32(2) }, ({ a, b }) => ({ y: pack([a, b]) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ a: Float32Array.of(1, 2), b: Float32Array.of(3, 4) })).y); // → Float32Array(4) [ 1, 2, 3, 4 ]
 * ```
 */
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

/**
 * The inverse of pack: one vector cut into tensors of the given shapes.
 * @example
 * ```ts
 * import { float32, loadable, trace, unpack } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ x: float32(3) }, ({ x }) => ({ y: unpack(x, [[2], [1]])[0] ?? x }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ x: Float32Array.of(1, 2, 3) })).y); // → Float32Array(2) [ 1, 2 ]
 * ```
 */
export const unpack = (x: Tensor, shapes: readonly Shape[]): readonly Tensor[] =>
  x.scope.apply('unpack', [x], { shapes });

const zero = (like: Tensor): Tensor =>
  single(like.scope.apply('constant', [], { dtype: 'float32', shape: [], data: Float32Array.of(0) }));
