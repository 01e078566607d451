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

type Gradient = (g: Tensor, x: Tensor, y: Tensor, keep: (t: Tensor) => Tensor) => Tensor;

function reduction(name: string, onnx: string, gradient: Gradient): Op<ReduceAttributes> {
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
      const x = inputs[0] as Tensor;
      const keep = (t: Tensor) => reshape(t, reducedShape(x.shape, attributes.axes, true));
      return [gradient(gradients[0] as Tensor, x, outputs[0] as Tensor, keep)];
    },
    lower: (emit, context) => lowerReduction(emit, context, onnx),
    samples,
  });
}

function lowerReduction(
  emit: Emitter,
  { inputs, outputs, attributes }: LowerContext<ReduceAttributes>,
  onnx: string,
): void {
  const { axes, keepDimensions } = attributes;
  const names = emit.constant('int64', [axes.length], BigInt64Array.from(axes.map(BigInt)));
  emit.node(onnx, [inputs[0] ?? '', names], outputs, { keepdims: keepDimensions ? 1 : 0 });
}

const call =
  (name: string) =>
  (x: Tensor, axes?: number | readonly number[], keepDimensions = false): Tensor => {
    const list = axes === undefined ? x.shape.map((_, i) => i) : typeof axes === 'number' ? [axes] : axes;
    const front = [...new Set(list.map((a) => normalAxis(name, x, a)))].sort((a, b) => a - b);
    return front.length === 0 ? x : single(x.scope.apply(name, [x], { axes: front, keepDimensions }));
  };

/** Sum over axes (all by default). */
export const sum = call('sum');
export const mean = call('mean');
/** Largest element; equal largest elements share nothing: each gets the gradient. */
export const max = call('max');

export const sumOp = reduction('sum', 'ReduceSum', (g, x, _, keep) => broadcastTo(keep(g), x.shape));
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
export const argMax = (x: Tensor, axis = -1): Tensor =>
  single(x.scope.apply('argMax', [x], { axis: normalAxis('argMax', x, axis) }));
