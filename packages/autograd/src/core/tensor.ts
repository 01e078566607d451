import type { DType, Shape, TensorType } from './types.ts';

/** Where tensors come from while a function is traced; implemented by graph/builder.ts. */
export interface TraceScope {
  /** Adds one operation and returns its outputs. An operation already there with the same operands is reused. */
  apply(op: string, inputs: readonly Tensor[], attributes: object): readonly Tensor[];
  /** uint8 uniform random bytes, new ones at every run, drawn from the session's seed. */
  noise(shape: Shape): Tensor;
}

/**
 * A value of the graph under construction: a type, and a number that names it. It holds no elements; `trace` makes those
 * of the inputs, and operations the others.
 * @example
 * ```ts
 * import { float32, matmul, type Tensor, trace } from '@neurodex/autograd';
 *
 * const squareSum = (x: Tensor): Tensor => matmul(x, x, { transposeB: true });
 * trace({ x: float32(2, 3) }, ({ x }) => {
 *   const y = squareSum(x);
 *   console.log(y.dtype, y.shape, y.rank, x.size(-1)); // → float32 [ 2, 2 ] 2 3
 *   return { y };
 * });
 * ```
 */
export class Tensor implements TensorType {
  /** The graph that it is part of. */
  readonly scope: TraceScope;
  /** Its number in its graph. */
  readonly id: number;
  /** Of its elements. */
  readonly dtype: DType;
  /** Its dimensions; empty for a scalar. */
  readonly shape: Shape;

  constructor(scope: TraceScope, id: number, type: TensorType) {
    this.scope = scope;
    this.id = id;
    this.dtype = type.dtype;
    this.shape = type.shape;
  }

  /** How many dimensions it has. */
  get rank(): number {
    return this.shape.length;
  }

  /** Length of one axis; negative axes count from the end. */
  size(axis: number): number {
    const length = this.shape.at(axis);
    if (length === undefined) throw new RangeError(`no axis ${axis} in a tensor of shape [${this.shape.join(',')}]`);
    return length;
  }
}
