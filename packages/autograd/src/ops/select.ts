import { ShapeError } from '../core/errors.ts';
import { defineOp, single } from '../core/op.ts';
import { broadcastShapes, expectCount } from '../core/shapes.ts';
import type { Tensor } from '../core/tensor.ts';
import type { DType } from '../core/types.ts';
import { mul, sub } from './elementwise.ts';
import { lift, type Operand } from './source.ts';

export const ONNX_TYPE: Readonly<Record<DType, number>> = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9 };

/** Another element type; to bool: not zero. No gradient: only float32 has one. */
export const castOp = defineOp<{ readonly to: DType }>({
  name: 'cast',
  infer(inputs, { to }) {
    expectCount('cast', inputs, 1);
    return [{ dtype: to, shape: inputs[0]?.shape ?? [] }];
  },
  vjp: null,
  lower: (emit, { inputs, outputs, attributes }) =>
    emit.node('Cast', inputs, outputs, { to: ONNX_TYPE[attributes.to] }),
  samples: [
    { inputs: [{ shape: [2, 3], dtype: 'uint8', high: 256 }], attributes: { to: 'float32' } },
    { inputs: [{ shape: [2, 3], dtype: 'int32', high: 9 }], attributes: { to: 'float32' } },
    { inputs: [{ shape: [2, 3], dtype: 'int32', high: 2 }], attributes: { to: 'bool' } },
  ],
});

/**
 * Another element type; to bool: not zero. No gradient.
 * @example
 * ```ts
 * import { cast, int32, loadable, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ x: int32(2) }, ({ x }) => ({ y: cast(x, 'float32') }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ x: Int32Array.of(1, 2) })).y); // → Float32Array(2) [ 1, 2 ]
 * ```
 */
export const cast = (x: Tensor, to: DType): Tensor => (x.dtype === to ? x : single(x.scope.apply('cast', [x], { to })));

/** 1 where two integer or float tensors are equal, else 0: float32, no gradient. */
export const equalMaskOp = defineOp<Record<never, never>>({
  name: 'equalMask',
  infer(inputs) {
    expectCount('equalMask', inputs, 2);
    const shape = broadcastShapes(inputs[0]?.shape ?? [], inputs[1]?.shape ?? []);
    if (shape === undefined || inputs[0]?.dtype !== inputs[1]?.dtype) {
      throw new ShapeError('equalMask', inputs, 'takes two operands of one type whose shapes broadcast');
    }
    return [{ dtype: 'float32', shape }];
  },
  vjp: null,
  lower(emit, { inputs, outputs }) {
    const flag = emit.temporary();
    emit.node('Equal', inputs, [flag]);
    emit.node('Cast', [flag], outputs, { to: 1 });
  },
  samples: [
    {
      inputs: [
        { shape: [4, 3], dtype: 'int32', high: 3 },
        { shape: [3], dtype: 'int32', high: 3 },
      ],
      attributes: {},
    },
  ],
});

/**
 * 1 where two integer or float tensors are equal, else 0: float32, no gradient.
 * @example
 * ```ts
 * import { equalMask, float32, loadable, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ a: float32(2), b: float32(2) }, ({ a, b }) => ({ y: equalMask(a, b) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ a: Float32Array.of(1, 2), b: Float32Array.of(1, 3) })).y); // → Float32Array(2) [ 1, 0 ]
 * ```
 */
export const equalMask = (a: Tensor, b: Tensor): Tensor => single(a.scope.apply('equalMask', [a, b], {}));

/**
 * Where the mask (float32, 0 or 1) is 1 the first, else the second; the mask has no gradient.
 * @example
 * ```ts
 * import { float32, greaterMask, loadable, select, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ x: float32(3) }, ({ x }) => ({ y: select(greaterMask(x, 0), x, -1) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ x: Float32Array.of(-5, 0, 5) })).y); // → Float32Array(3) [ -1, -1, 5 ]
 * ```
 */
export const select = (mask: Tensor, a: Operand, b: Operand): Tensor => {
  const [x, y] = lift(lift(mask, a)[1], lift(mask, b)[1]);
  return single(mask.scope.apply('select', [mask, x, y], {}));
};
export const selectOp = defineOp<Record<never, never>>({
  name: 'select',
  infer(inputs) {
    expectCount('select', inputs, 3);
    const [mask, a, b] = inputs;
    const inner = broadcastShapes(a?.shape ?? [], b?.shape ?? []);
    const shape = inner && broadcastShapes(mask?.shape ?? [], inner);
    if (shape === undefined || inputs.some((t) => t.dtype !== 'float32')) {
      throw new ShapeError('select', inputs, 'takes a mask and two float32 operands whose shapes broadcast');
    }
    return [{ dtype: 'float32', shape }];
  },
  vjp({ inputs, gradients }) {
    const mask = single(inputs);
    const g = single(gradients);
    return [null, mul(g, mask), mul(g, sub(1, mask))];
  },
  lower(emit, { inputs, outputs }) {
    const flag = emit.temporary();
    emit.node('Cast', [inputs[0] ?? ''], [flag], { to: 9 });
    emit.node('Where', [flag, inputs[1] ?? '', inputs[2] ?? ''], outputs);
  },
  samples: [
    { inputs: [{ shape: [3, 4], low: 1, high: 1 }, { shape: [3, 4] }, { shape: [4] }], attributes: {} },
    { inputs: [{ shape: [4], low: 0, high: 0 }, { shape: [3, 4] }, { shape: [4] }], attributes: {} },
  ],
});
