import { ShapeError } from '../core/errors.ts';
import { defineOp, type Emitter, type LowerContext, type Op, type Sample, single } from '../core/op.ts';
import { expectAxis, expectCount, expectFloat, normalAxis, reducedShape } from '../core/shapes.ts';
import type { Tensor } from '../core/tensor.ts';
import { mul } from './elementwise.ts';
import { equalMask } from './select.ts';
import { broadcastTo, reshape } from './shape.ts';

export interface ReduceAttributes {
  /** Sorted, counted from the front. */
  readonly axes: readonly number[];
  readonly keepDimensions: boolean;
}

const samples: readonly Sample<ReduceAttributes>[] = [
  { inputs: [{ shape: [2, 3, 4] }], attributes: { axes: [2], keepDimensions: true } },
  { inputs: [{ shape: [2, 3, 4] }], attributes: { axes: [0, 1], keepDimensions: false } },
  { inputs: [{ shape: [2, 3, 4] }], attributes: { axes: [0, 1, 2], keepDimensions: false } },
];

/** Enough rows to be summed in groups. */
const manyRows: readonly Sample<ReduceAttributes>[] = [
  { inputs: [{ shape: [520, 1] }], attributes: { axes: [0], keepDimensions: false } },
  { inputs: [{ shape: [33, 16, 1] }], attributes: { axes: [0, 1], keepDimensions: false } },
];

type Gradient = (g: Tensor, x: Tensor, y: Tensor, keep: (t: Tensor) => Tensor) => Tensor;

function reduction(
  name: string,
  onnx: string,
  gradient: Gradient,
  more: readonly Sample<ReduceAttributes>[] = [],
): Op<ReduceAttributes> {
  return defineOp<ReduceAttributes>({
    name,
    infer(inputs, { axes, keepDimensions }) {
      expectCount(name, inputs, 1);
      expectFloat(name, inputs);
      const shape = inputs[0]?.shape ?? [];
      if (axes.some((a) => a < 0 || a >= shape.length))
        throw new ShapeError(name, inputs, `axes ${axes} are outside its rank`);
      return [{ dtype: 'float32', shape: reducedShape(shape, axes, keepDimensions) }];
    },
    vjp({ inputs, outputs, gradients, attributes }) {
      const x = single(inputs);
      const keep = (t: Tensor) => reshape(t, reducedShape(x.shape, attributes.axes, true));
      return [gradient(single(gradients), x, single(outputs), keep)];
    },
    lower: (emit, context) => lowerReduction(emit, context, onnx),
    samples: [...samples, ...more],
  });
}

function lowerReduction(emit: Emitter, context: LowerContext<ReduceAttributes>, onnx: string): void {
  const { inputs, inputTypes, outputs, attributes } = context;
  const { axes, keepDimensions } = attributes;
  const int64s = (values: readonly number[]) =>
    emit.constant('int64', [values.length], BigInt64Array.from(values.map(BigInt)));
  const shape = inputTypes[0]?.shape ?? [];
  const groups = onnx === 'ReduceSum' && !keepDimensions ? rowGroups(shape, axes) : undefined;
  if (groups === undefined) {
    emit.node(onnx, [inputs[0] ?? '', int64s(axes)], outputs, { keepdims: keepDimensions ? 1 : 0 });
    return;
  }
  const [cut, partial] = [emit.temporary(), emit.temporary()];
  emit.node('Reshape', [inputs[0] ?? '', int64s([groups, -1, ...shape.slice(axes.length)])], [cut]);
  emit.node(onnx, [cut, int64s([1])], [partial], { keepdims: 0 });
  emit.node(onnx, [partial, int64s([0])], outputs, { keepdims: 0 });
}

const MOST_ROWS = 128;
const FEWEST_ROWS = 16;

/**
 * A sum over many rows (the gradient of every bias) in two steps: ONNX Runtime's CPU kernel spreads the rest of the axes
 * over the cores, but not the rows; groups of rows give it something to spread.
 * @returns into how many groups of equal size; undefined where it is no such sum or the rows do not divide
 */
function rowGroups(shape: readonly number[], axes: readonly number[]): number | undefined {
  const leading = axes.length < shape.length && axes.every((axis, i) => axis === i);
  const rows = axes.reduce((product, axis) => product * (shape[axis] ?? 1), 1);
  if (!leading || rows < 4 * MOST_ROWS) return undefined;
  for (let size = MOST_ROWS; size >= FEWEST_ROWS; size--) if (rows % size === 0) return rows / size;
  return undefined;
}

const call =
  (name: string) =>
  (x: Tensor, axes?: number | readonly number[], keepDimensions = false): Tensor => {
    const list = axes === undefined ? x.shape.map((_, i) => i) : typeof axes === 'number' ? [axes] : axes;
    const front = [...new Set(list.map((a) => normalAxis(name, x, a)))].sort((a, b) => a - b);
    return front.length === 0 ? x : single(x.scope.apply(name, [x], { axes: front, keepDimensions }));
  };

/**
 * Sum over axes (all by default).
 * @example
 * ```ts
 * import { float32, loadable, sum, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ x: float32(2, 3) }, ({ x }) => ({ y: sum(x, [1]) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ x: Float32Array.of(1, 2, 3, 4, 5, 6) })).y); // → Float32Array(2) [ 6, 15 ]
 * ```
 */
export const sum = call('sum');

/**
 * Mean over axes (all by default).
 * @example
 * ```ts
 * import { float32, loadable, mean, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ x: float32(2, 3) }, ({ x }) => ({ y: mean(x, [0]) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ x: Float32Array.of(1, 2, 3, 4, 5, 6) })).y); // → Float32Array(3) [ 2.5, 3.5, 4.5 ]
 * ```
 */
export const mean = call('mean');

/**
 * Largest element; equal largest elements share nothing: each gets the gradient.
 * @example
 * ```ts
 * import { float32, loadable, max, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ x: float32(2, 3) }, ({ x }) => ({ y: max(x, [1]) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ x: Float32Array.of(1, 2, 3, 4, 5, 6) })).y); // → Float32Array(2) [ 3, 6 ]
 * ```
 */
export const max = call('max');

export const sumOp = reduction('sum', 'ReduceSum', (g, x, _, keep) => broadcastTo(keep(g), x.shape), manyRows);
export const meanOp = reduction('mean', 'ReduceMean', (g, x, y, keep) => {
  const share = y.shape.reduce((p, d) => p * d, 1) / x.shape.reduce((p, d) => p * d, 1);
  return broadcastTo(mul(keep(g), share), x.shape);
});
export const maxOp = reduction('max', 'ReduceMax', (g, x, y, keep) => mul(keep(g), equalMask(x, keep(y))));

/** Position of the largest element along an axis, the first of several: int64, no gradient. */
export const argMaxOp = defineOp<{ readonly axis: number }>({
  name: 'argMax',
  infer(inputs, { axis }) {
    expectCount('argMax', inputs, 1);
    expectFloat('argMax', inputs);
    expectAxis('argMax', inputs, axis);
    return [{ dtype: 'int64', shape: (inputs[0]?.shape ?? []).filter((_, i) => i !== axis) }];
  },
  vjp: null,
  lower: (emit, { inputs, outputs, attributes }) =>
    emit.node('ArgMax', inputs, outputs, { axis: attributes.axis, keepdims: 0 }),
  samples: [{ inputs: [{ shape: [3, 7] }], attributes: { axis: 1 } }],
});

/**
 * Position of the largest element along an axis (the last by default), the first of several: int64, no gradient.
 * @example
 * ```ts
 * import { argMax, cast, float32, loadable, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ x: float32(2, 3) }, ({ x }) => ({ y: cast(argMax(x), 'int32') }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ x: Float32Array.of(1, 9, 3, 4, 5, 6) })).y); // → Int32Array(2) [ 1, 2 ]
 * ```
 */
export const argMax = (x: Tensor, axis = -1): Tensor =>
  single(x.scope.apply('argMax', [x], { axis: normalAxis('argMax', x, axis) }));
