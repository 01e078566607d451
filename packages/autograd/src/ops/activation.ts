import { ShapeError } from '../core/errors.ts';
import { defineOp, type Emitter, firstGradient, pair, single } from '../core/op.ts';
import { expectCount, expectFloat } from '../core/shapes.ts';
import type { Tensor } from '../core/tensor.ts';
import type { TensorType } from '../core/types.ts';
import { add, exp, mul, sub } from './elementwise.ts';
import { mean, sum } from './reduce.ts';

/** Attributes of an operation that has none. */
export type None = Record<never, never>;

/**
 * Gaussian error linear unit x·Φ(x), Φ by erf (Hendrycks & Gimpel 2016). The second output is Φ(x), which the gradient
 * Φ(x) + x·φ(x) reads; inference leaves it out and uses the fused operator.
 */
export const geluOp = defineOp<None>({
  name: 'gelu',
  infer(inputs) {
    expectCount('gelu', inputs, 1);
    expectFloat('gelu', inputs);
    const type = { dtype: 'float32' as const, shape: inputs[0]?.shape ?? [] };
    return [type, type];
  },
  vjp({ inputs, outputs, gradients }) {
    const x = single(inputs);
    const [, cumulative] = pair(outputs);
    const density = mul(exp(mul(mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return [mul(firstGradient('gelu', gradients), add(cumulative, mul(x, density)))];
  },
  lower(emit, { inputs, outputs, used }) {
    const [x = ''] = inputs;
    const [y = '', cumulative = ''] = outputs;
    if (!used(1)) {
      emit.node('Gelu', [x], [y]);
      return;
    }
    const number = (value: number) => emit.constant('float32', [], Float32Array.of(value));
    const [scaled, error, half] = [emit.temporary(), emit.temporary(), emit.temporary()];
    emit.node('Mul', [x, number(Math.SQRT1_2)], [scaled]);
    emit.node('Erf', [scaled], [error]);
    emit.node('Mul', [error, number(0.5)], [half]);
    emit.node('Add', [half, number(0.5)], [cumulative]);
    emit.node('Mul', [x, cumulative], [y]);
  },
  samples: [{ inputs: [{ shape: [3, 5], low: -3, high: 3 }], attributes: {} }],
});

/**
 * x·Φ(x) of each element (Hendrycks & Gimpel 2016), with the error function.
 * @example
 * ```ts
 * import { float32, gelu, loadable, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ x: float32(3) }, ({ x }) => ({ y: gelu(x) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ x: Float32Array.of(-20, 0, 20) })).y); // → Float32Array(3) [ -0, 0, 20 ]
 * ```
 */
export const gelu = (x: Tensor): Tensor => single(x.scope.apply('gelu', [x], {}));

/** One float tensor with a last axis to another of its shape. */
const inferRows =
  (name: string) =>
  (inputs: readonly TensorType[]): readonly TensorType[] => {
    expectCount(name, inputs, 1);
    expectFloat(name, inputs);
    const shape = inputs[0]?.shape ?? [];
    if (shape.length === 0) throw new ShapeError(name, inputs, 'has no last axis');
    return [{ dtype: 'float32', shape }];
  };

/** Softmax over the last axis. */
export const softmaxOp = defineOp<None>({
  name: 'softmax',
  infer: inferRows('softmax'),
  vjp({ outputs, gradients }) {
    const [y, g] = [single(outputs), single(gradients)];
    return [mul(y, sub(g, sum(mul(g, y), -1, true)))];
  },
  lower: (emit, { inputs, outputs }) => emit.node('Softmax', inputs, outputs, { axis: -1 }),
  samples: [{ inputs: [{ shape: [2, 3, 5] }], attributes: {} }],
});

/**
 * Softmax over the last axis.
 * @example
 * ```ts
 * import { float32, loadable, softmax, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ x: float32(2) }, ({ x }) => ({ y: softmax(x) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ x: Float32Array.of(1, 1) })).y); // → Float32Array(2) [ 0.5, 0.5 ]
 * ```
 */
export const softmax = (x: Tensor): Tensor => single(x.scope.apply('softmax', [x], {}));

/** Logarithm of the softmax over the last axis. */
export const logSoftmaxOp = defineOp<None>({
  ...softmaxOp,
  name: 'logSoftmax',
  infer: inferRows('logSoftmax'),
  vjp({ outputs, gradients }) {
    const [y, g] = [single(outputs), single(gradients)];
    return [sub(g, mul(exp(y), sum(g, -1, true)))];
  },
  lower: (emit, { inputs, outputs }) => emit.node('LogSoftmax', inputs, outputs, { axis: -1 }),
});

/**
 * Logarithm of the softmax over the last axis.
 * @example
 * ```ts
 * import { float32, loadable, logSoftmax, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ x: float32(1, 1) }, ({ x }) => ({ y: logSoftmax(x) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ x: Float32Array.of(3) })).y); // → Float32Array(1) [ 0 ]
 * ```
 */
export const logSoftmax = (x: Tensor): Tensor => single(x.scope.apply('logSoftmax', [x], {}));

/** On WebGPU, ONNX Runtime's LayerNormalization gives its first output alone (1.30), and a gradient reads another one. */
function lowerInParts(emit: Emitter, x: string, outputs: readonly string[], epsilon: number): void {
  const last = emit.constant('int64', [1], BigInt64Array.of(-1n));
  const node = (opType: string, inputs: readonly string[], output = emit.temporary()): string => {
    emit.node(opType, inputs, [output]);
    return output;
  };
  const centred = node('Sub', [x, node('ReduceMean', [x, last])]);
  const variance = node('ReduceMean', [node('Mul', [centred, centred]), last]);
  const floor = emit.constant('float32', [], Float32Array.of(epsilon));
  const inverse = node('Reciprocal', [node('Sqrt', [node('Add', [variance, floor])])], outputs[1]);
  node('Mul', [centred, inverse], outputs[0]);
}

/**
 * Zero mean and unit variance over the last axis: layer normalisation (Ba, Kiros & Hinton 2016) without gain and
 * bias. The second output is the inverse deviation [..., 1], which the gradient reads.
 */
export const standardizeOp = defineOp<{ readonly epsilon: number }>({
  name: 'standardize',
  infer(inputs) {
    expectCount('standardize', inputs, 1);
    expectFloat('standardize', inputs);
    const shape = inputs[0]?.shape ?? [];
    if (shape.length === 0) throw new ShapeError('standardize', inputs, 'has no last axis');
    return [
      { dtype: 'float32', shape },
      { dtype: 'float32', shape: [...shape.slice(0, -1), 1] },
    ];
  },
  vjp({ outputs, gradients }) {
    const [y, inverse] = pair(outputs);
    const g = firstGradient('standardize', gradients);
    const centred = sub(g, mean(g, -1, true));
    return [mul(sub(centred, mul(y, mean(mul(g, y), -1, true))), inverse)];
  },
  lower(emit, { inputs, inputTypes, outputs, attributes, used }) {
    const width = inputTypes[0]?.shape.at(-1) ?? 1;
    if (used(1) && !emit.contrib) {
      lowerInParts(emit, inputs[0] ?? '', outputs, attributes.epsilon);
      return;
    }
    const ones = emit.constant('float32', [width], new Float32Array(width).fill(1));
    const extra = used(1) ? [emit.temporary(), outputs[1] ?? ''] : [];
    emit.node('LayerNormalization', [inputs[0] ?? '', ones], [outputs[0] ?? '', ...extra], {
      axis: -1,
      epsilon: { float: attributes.epsilon },
    });
  },
  samples: [{ inputs: [{ shape: [2, 3, 6] }], attributes: { epsilon: 1e-5 } }],
});

/**
 * Zero mean and unit variance over the last axis: layer normalisation (Ba, Kiros & Hinton 2016) without gain and bias.
 * @param epsilon added to the variance
 * @example
 * ```ts
 * import { float32, loadable, standardize, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ x: float32(2, 2) }, ({ x }) => ({ y: standardize(x, 0) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ x: Float32Array.of(4, 6, 30, 10) })).y); // → Float32Array(4) [ -1, 1, 1, -1 ]
 * ```
 */
export const standardize = (x: Tensor, epsilon = 1e-5): Tensor =>
  single(x.scope.apply('standardize', [x], { epsilon }));

/** The value, with no gradient through it. */
export const stopGradientOp = defineOp<None>({
  name: 'stopGradient',
  infer(inputs) {
    expectCount('stopGradient', inputs, 1);
    expectFloat('stopGradient', inputs);
    return [{ dtype: 'float32', shape: inputs[0]?.shape ?? [] }];
  },
  vjp: null,
  lower: (emit, { inputs, outputs }) => emit.node('Identity', inputs, outputs),
  samples: [{ inputs: [{ shape: [2, 3] }], attributes: {} }],
});

/**
 * The same elements, without a gradient.
 * @example
 * ```ts
 * import { float32, loadable, stopGradient, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ x: float32(3) }, ({ x }) => ({ y: stopGradient(x) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ x: Float32Array.of(1, 2, 3) })).y); // → Float32Array(3) [ 1, 2, 3 ]
 * ```
 */
export const stopGradient = (x: Tensor): Tensor => single(x.scope.apply('stopGradient', [x], {}));
