import { ShapeError } from '../core/errors.ts';
import { defineOp, type Op, pair, type Sample, single } from '../core/op.ts';
import { broadcastShapes, expectCount, expectFloat } from '../core/shapes.ts';
import type { Tensor } from '../core/tensor.ts';
import type { TensorType } from '../core/types.ts';
import { lift, type Operand } from './source.ts';

type None = Record<never, never>;
type Gradient = (g: Tensor, a: Tensor, b: Tensor, y: Tensor) => readonly [Tensor, Tensor];

const inferBinary =
  (name: string) =>
  (inputs: readonly TensorType[]): readonly TensorType[] => {
    expectCount(name, inputs, 2);
    expectFloat(name, inputs);
    const shape = broadcastShapes(inputs[0]?.shape ?? [], inputs[1]?.shape ?? []);
    if (shape === undefined) throw new ShapeError(name, inputs, 'the shapes do not broadcast');
    return [{ dtype: 'float32', shape }];
  };

/** Float arithmetic on two operands that broadcast as in NumPy. */
function binary(name: string, onnx: string, gradient: Gradient, samples: readonly Sample<None>[]): Op<None> {
  return defineOp<None>({
    name,
    infer: inferBinary(name),
    vjp({ inputs, outputs, gradients }) {
      const [a, b] = pair(inputs);
      return gradient(single(gradients), a, b, single(outputs));
    },
    lower: (emit, { inputs, outputs }) => emit.node(onnx, inputs, outputs),
    samples,
  });
}

function unary(
  name: string,
  onnx: string,
  gradient: (g: Tensor, x: Tensor, y: Tensor) => Tensor,
  low = -2,
  high = 2,
): Op<None> {
  return defineOp<None>({
    name,
    infer(inputs) {
      expectCount(name, inputs, 1);
      expectFloat(name, inputs);
      return [{ dtype: 'float32', shape: inputs[0]?.shape ?? [] }];
    },
    vjp: ({ inputs, outputs, gradients }) => [gradient(single(gradients), single(inputs), single(outputs))],
    lower: (emit, { inputs, outputs }) => emit.node(onnx, inputs, outputs),
    samples: [{ inputs: [{ shape: [3, 5], low, high }], attributes: {} }],
  });
}

const pairs = (low = -2, high = 2): Sample<None>[] => [
  { inputs: [{ shape: [2, 3, 4] }, { shape: [2, 3, 4], low, high }], attributes: {} },
  { inputs: [{ shape: [2, 3, 4] }, { shape: [3, 1], low, high }], attributes: {} },
  { inputs: [{ shape: [] }, { shape: [4], low, high }], attributes: {} },
];

const call2 =
  (name: string) =>
  (a: Operand, b: Operand): Tensor => {
    const [x, y] = lift(a, b);
    return single(x.scope.apply(name, [x, y], {}));
  };
const call1 =
  (name: string) =>
  (x: Tensor): Tensor =>
    single(x.scope.apply(name, [x], {}));

/**
 * The sum of two tensors, or of a tensor and a number; shapes broadcast as in NumPy.
 * @example
 * ```ts
 * import { add, float32, loadable, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ a: float32(2), b: float32(2) }, ({ a, b }) => ({ y: add(a, b) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ a: Float32Array.of(1, 2), b: Float32Array.of(3, 4) })).y); // → Float32Array(2) [ 4, 6 ]
 * ```
 */
export const add = call2('add');

/**
 * The difference of two tensors, or of a tensor and a number.
 * @example
 * ```ts
 * import { float32, loadable, sub, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ a: float32(2), b: float32(2) }, ({ a, b }) => ({ y: sub(a, b) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ a: Float32Array.of(1, 2), b: Float32Array.of(3, 4) })).y); // → Float32Array(2) [ -2, -2 ]
 * ```
 */
export const sub = call2('sub');

/**
 * The product of two tensors element by element, or of a tensor and a number.
 * @example
 * ```ts
 * import { float32, loadable, mul, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ a: float32(2), b: float32(2) }, ({ a, b }) => ({ y: mul(a, b) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ a: Float32Array.of(1, 2), b: Float32Array.of(3, 4) })).y); // → Float32Array(2) [ 3, 8 ]
 * ```
 */
export const mul = call2('mul');

/**
 * The quotient of two tensors element by element, or of a tensor and a number.
 * @example
 * ```ts
 * import { div, float32, loadable, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ a: float32(2), b: float32(2) }, ({ a, b }) => ({ y: div(b, a) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ a: Float32Array.of(1, 2), b: Float32Array.of(3, 4) })).y); // → Float32Array(2) [ 3, 2 ]
 * ```
 */
export const div = call2('div');

/**
 * The larger of two elements.
 * @example
 * ```ts
 * import { float32, loadable, maximum, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ a: float32(2), b: float32(2) }, ({ a, b }) => ({ y: maximum(a, b) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ a: Float32Array.of(1, 5), b: Float32Array.of(3, 4) })).y); // → Float32Array(2) [ 3, 5 ]
 * ```
 */
export const maximum = call2('maximum');

/**
 * Each element with the other sign.
 * @example
 * ```ts
 * import { float32, loadable, neg, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ x: float32(3) }, ({ x }) => ({ y: neg(x) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ x: Float32Array.of(1, -2, 3) })).y); // → Float32Array(3) [ -1, 2, -3 ]
 * ```
 */
export const neg = call1('neg');

/**
 * e to the power of each element.
 * @example
 * ```ts
 * import { exp, float32, loadable, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ x: float32(3) }, ({ x }) => ({ y: exp(x) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ x: Float32Array.of(0, 0, 0) })).y); // → Float32Array(3) [ 1, 1, 1 ]
 * ```
 */
export const exp = call1('exp');

/**
 * The natural logarithm of each element.
 * @example
 * ```ts
 * import { float32, loadable, log, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ x: float32(3) }, ({ x }) => ({ y: log(x) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ x: Float32Array.of(1, 1, 1) })).y); // → Float32Array(3) [ 0, 0, 0 ]
 * ```
 */
export const log = call1('log');

/**
 * The square root of each element.
 * @example
 * ```ts
 * import { float32, loadable, sqrt, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ x: float32(3) }, ({ x }) => ({ y: sqrt(x) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ x: Float32Array.of(1, 4, 9) })).y); // → Float32Array(3) [ 1, 2, 3 ]
 * ```
 */
export const sqrt = call1('sqrt');

/**
 * The error function of each element.
 * @example
 * ```ts
 * import { erf, float32, loadable, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ x: float32(3) }, ({ x }) => ({ y: erf(x) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ x: Float32Array.of(-10, 0, 10) })).y); // → Float32Array(3) [ -1, 0, 1 ]
 * ```
 */
export const erf = call1('erf');

/**
 * The hyperbolic tangent of each element.
 * @example
 * ```ts
 * import { float32, loadable, tanh, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ x: float32(3) }, ({ x }) => ({ y: tanh(x) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ x: Float32Array.of(-20, 0, 20) })).y); // → Float32Array(3) [ -1, 0, 1 ]
 * ```
 */
export const tanh = call1('tanh');

/**
 * 1 / (1 + e⁻ˣ) of each element.
 * @example
 * ```ts
 * import { float32, loadable, sigmoid, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ x: float32(2) }, ({ x }) => ({ y: sigmoid(x) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ x: Float32Array.of(0, 40) })).y); // → Float32Array(2) [ 0.5, 1 ]
 * ```
 */
export const sigmoid = call1('sigmoid');

/**
 * Each element, or 0 where it is below.
 * @example
 * ```ts
 * import { float32, loadable, relu, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ x: float32(3) }, ({ x }) => ({ y: relu(x) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ x: Float32Array.of(-1, 0, 2) })).y); // → Float32Array(3) [ 0, 0, 2 ]
 * ```
 */
export const relu = call1('relu');

export const addOp = binary('add', 'Add', (g) => [g, g], pairs());
export const subOp = binary('sub', 'Sub', (g) => [g, neg(g)], pairs());
export const mulOp = binary('mul', 'Mul', (g, a, b) => [mul(g, b), mul(g, a)], pairs());
export const divOp = binary(
  'div',
  'Div',
  (g, _, b, y) => {
    const quotient = div(g, b);
    return [quotient, neg(mul(quotient, y))];
  },
  pairs(0.5, 2),
);
/** Where both are equal the whole gradient goes to neither side twice: it goes to the second. */
export const maximumOp = binary(
  'maximum',
  'Max',
  (g, a, b) => {
    const first = greaterMask(a, b);
    return [mul(g, first), mul(g, sub(1, first))];
  },
  pairs(),
);

export const negOp = unary('neg', 'Neg', (g) => neg(g));
export const expOp = unary('exp', 'Exp', (g, _, y) => mul(g, y));
export const logOp = unary('log', 'Log', (g, x) => div(g, x), 0.3, 3);
export const sqrtOp = unary('sqrt', 'Sqrt', (g, _, y) => div(mul(g, 0.5), y), 0.3, 3);
export const erfOp = unary('erf', 'Erf', (g, x) => mul(g, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI))));
export const tanhOp = unary('tanh', 'Tanh', (g, _, y) => mul(g, sub(1, mul(y, y))));
export const sigmoidOp = unary('sigmoid', 'Sigmoid', (g, _, y) => mul(g, mul(y, sub(1, y))));
export const reluOp = unary('relu', 'Relu', (g, x) => mul(g, greaterMask(x, 0)));

/** 1 where a > b, else 0: float32, no gradient. */
export const greaterMaskOp = defineOp<None>({
  name: 'greaterMask',
  infer: inferBinary('greaterMask'),
  vjp: null,
  lower(emit, { inputs, outputs }) {
    const flag = emit.temporary();
    emit.node('Greater', inputs, [flag]);
    emit.node('Cast', [flag], outputs, { to: 1 });
  },
  samples: pairs(),
});

/**
 * 1 where the first is greater than the second, else 0; no gradient.
 * @example
 * ```ts
 * import { float32, greaterMask, loadable, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ x: float32(3) }, ({ x }) => ({ y: greaterMask(x, 1) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ x: Float32Array.of(0, 1, 2) })).y); // → Float32Array(3) [ 0, 0, 1 ]
 * ```
 */
export const greaterMask = call2('greaterMask');
