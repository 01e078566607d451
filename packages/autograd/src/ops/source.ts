import { ShapeError } from '../core/errors.ts';
import { defineOp, single } from '../core/op.ts';
import type { Tensor, TraceScope } from '../core/tensor.ts';
import { type DType, elementCount, type HostArray, type HostArrays, type Shape } from '../core/types.ts';

export interface InputAttributes {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** A value fed at every run. */
export const inputOp = defineOp<InputAttributes>({
  name: 'input',
  infer: (_, { dtype, shape }) => [{ dtype, shape }],
  vjp: () => [],
  lower() {}, // Inputs are declared by the graph itself.
  samples: [],
});

export interface ConstantAttributes {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: HostArray;
}

export const constantOp = defineOp<ConstantAttributes>({
  name: 'constant',
  infer(_, { dtype, shape, data }) {
    if (data.length !== elementCount(shape)) {
      throw new ShapeError('constant', [{ dtype, shape }], `holds ${data.length} elements`);
    }
    return [{ dtype, shape }];
  },
  vjp: () => [],
  lower() {}, // Constants become initializers of the graph.
  samples: [],
});

/**
 * A tensor of known elements, in row-major order.
 * @param scope the second argument of the traced function, or the `scope` of a tensor
 * @throws ShapeError where `data` has not as many elements as `shape`
 * @example
 * ```ts
 * import { add, constant, float32, loadable, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ x: float32(2) }, ({ x }, scope) => ({
 *   y: add(x, constant(scope, 'float32', [2], Float32Array.of(10, 20))),
 * }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ x: Float32Array.of(1, 2) })).y); // → Float32Array(2) [ 11, 22 ]
 * ```
 */
export function constant<D extends DType>(scope: TraceScope, dtype: D, shape: Shape, data: HostArrays[D]): Tensor {
  return single(scope.apply(constantOp.name, [], { dtype, shape, data }));
}

export const scalar = (scope: TraceScope, value: number): Tensor =>
  constant(scope, 'float32', [], Float32Array.of(value));

/** What arithmetic takes: a tensor, or a number that is lifted to a scalar. */
export type Operand = Tensor | number;

/** At least one of the two must be a tensor, whose scope the number joins. */
export function lift(a: Operand, b: Operand): [Tensor, Tensor] {
  if (typeof a !== 'number') return [a, typeof b === 'number' ? scalar(a.scope, b) : b];
  if (typeof b === 'number') throw new TypeError('one of the two operands must be a tensor');
  return [scalar(b.scope, a), b];
}
