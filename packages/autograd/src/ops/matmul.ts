import { ShapeError } from '../core/errors.ts';
import { defineOp, type Emitter, type LowerContext, pair, single } from '../core/op.ts';
import { broadcastShapes, expectCount, expectFloat } from '../core/shapes.ts';
import type { Tensor } from '../core/tensor.ts';
import { elementCount, type Shape, sameShape, type TensorType } from '../core/types.ts';
import { transpose } from './shape.ts';

/** How the operands of `matmul` are read. */
export interface MatmulAttributes {
  /** The last two axes of that operand are exchanged. */
  readonly transposeA: boolean;
  /** The same of the second operand. */
  readonly transposeB: boolean;
  /**
   * That operand keeps its rows in its first axis, before the batch: [rows, batch…, columns]. Sequences laid out as
   * [S, B, H, D/H] multiply head by head this way without being copied.
   */
  readonly rowsFirstA: boolean;
  /** The same of the second operand. */
  readonly rowsFirstB: boolean;
  /** A factor on the product. */
  readonly alpha: number;
}

const PLAIN: MatmulAttributes = {
  transposeA: false,
  transposeB: false,
  rowsFirstA: false,
  rowsFirstB: false,
  alpha: 1,
};

/** [rows, batch…, columns] → [batch…, rows, columns], as axes. */
const rowsToLast = (rank: number): number[] => [...Array.from({ length: rank - 2 }, (_, i) => i + 1), 0, rank - 1];
const rowsToFirst = (rank: number): number[] => [rank - 2, ...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1];

const batchedShape = (t: TensorType, rowsFirst: boolean): Shape =>
  rowsFirst ? rowsToLast(t.shape.length).map((axis) => t.shape[axis] ?? 1) : t.shape;

/** Batched matrix product over the last two axes; batch axes broadcast. */
export const matmulOp = defineOp<MatmulAttributes>({
  name: 'matmul',
  infer(inputs, attributes) {
    expectCount('matmul', inputs, 2);
    expectFloat('matmul', inputs);
    const [a, b] = pair(inputs);
    if (a.shape.length < 2 || b.shape.length < 2)
      throw new ShapeError('matmul', inputs, 'takes operands of rank 2 or more');
    if ((attributes.rowsFirstA || attributes.rowsFirstB) && (a.shape.length < 3 || a.shape.length !== b.shape.length))
      throw new ShapeError('matmul', inputs, 'rows come first only in operands of one rank, 3 or more');
    const left = batchedShape(a, attributes.rowsFirstA);
    const right = batchedShape(b, attributes.rowsFirstB);
    const [m, k] = attributes.transposeA ? [left.at(-1), left.at(-2)] : [left.at(-2), left.at(-1)];
    const [k2, n] = attributes.transposeB ? [right.at(-1), right.at(-2)] : [right.at(-2), right.at(-1)];
    const batch = broadcastShapes(left.slice(0, -2), right.slice(0, -2));
    if (k !== k2 || batch === undefined) {
      throw new ShapeError(
        'matmul',
        inputs,
        `the inner dimensions are ${k} and ${k2}, the batches [${left.slice(0, -2)}] and [${right.slice(0, -2)}]`,
      );
    }
    return [{ dtype: 'float32', shape: [...batch, m ?? 1, n ?? 1] }];
  },
  vjp({ inputs, gradients, attributes }) {
    const [a, b] = pair(inputs);
    const g = single(gradients);
    const { transposeA, transposeB, rowsFirstA, rowsFirstB, alpha } = attributes;
    const forA = transposeA
      ? matmul(b, g, { transposeA: transposeB, transposeB: true, rowsFirstA: rowsFirstB, alpha })
      : matmul(g, b, { transposeB: !transposeB, rowsFirstB, alpha });
    const forB = transposeB
      ? matmul(g, a, { transposeA: true, transposeB: transposeA, rowsFirstB: rowsFirstA, alpha })
      : matmul(a, g, { transposeA: !transposeA, rowsFirstA, alpha });
    return [
      rowsFirstA ? transpose(forA, rowsToFirst(forA.rank)) : forA,
      rowsFirstB ? transpose(forB, rowsToFirst(forB.rank)) : forB,
    ];
  },
  lower(emit, context) {
    if (emit.contrib) lowerFused(emit, context);
    else lowerStandard(emit, context);
  },
  samples: [
    { inputs: [{ shape: [3, 4] }, { shape: [4, 2] }], attributes: PLAIN },
    {
      inputs: [{ shape: [2, 4, 3] }, { shape: [2, 5, 4] }],
      attributes: { ...PLAIN, transposeA: true, transposeB: true, alpha: 0.5 },
    },
    { inputs: [{ shape: [2, 3, 4] }, { shape: [4, 5] }], attributes: PLAIN },
    {
      inputs: [{ shape: [5, 2, 3, 4] }, { shape: [6, 2, 3, 4] }],
      attributes: { ...PLAIN, transposeB: true, rowsFirstA: true, rowsFirstB: true, alpha: 0.5 },
    },
    { inputs: [{ shape: [2, 3, 5, 6] }, { shape: [6, 2, 3, 4] }], attributes: { ...PLAIN, rowsFirstB: true } },
    {
      inputs: [{ shape: [2, 3, 5, 6] }, { shape: [5, 2, 3, 4] }],
      attributes: { ...PLAIN, transposeA: true, rowsFirstB: true },
    },
  ],
});

function lowerFused(emit: Emitter, { inputs, outputs, attributes }: LowerContext<MatmulAttributes>): void {
  const { transposeA, transposeB, rowsFirstA, rowsFirstB, alpha } = attributes;
  if (!transposeA && !transposeB && !rowsFirstA && !rowsFirstB && alpha === 1) {
    emit.node('MatMul', inputs, outputs);
    return;
  }
  emit.node(
    'FusedMatMul',
    inputs,
    outputs,
    {
      transA: +transposeA,
      transB: +transposeB,
      transBatchA: +rowsFirstA,
      transBatchB: +rowsFirstB,
      alpha: { float: alpha },
    },
    'com.microsoft',
  );
}

function lowerStandard(
  emit: Emitter,
  { inputs, inputTypes, outputs, attributes }: LowerContext<MatmulAttributes>,
): void {
  const { transposeA, transposeB, rowsFirstA, rowsFirstB, alpha } = attributes;
  const operand = (i: number, rowsFirst: boolean, transposed: boolean): string => {
    const rank = inputTypes[i]?.shape.length ?? 2;
    const axes = rowsFirst ? rowsToLast(rank) : Array.from({ length: rank }, (_, axis) => axis);
    if (transposed) axes.push(...axes.splice(rank - 2, 1));
    if (axes.every((axis, at) => axis === at)) return inputs[i] ?? '';
    const out = emit.temporary();
    emit.node('Transpose', [inputs[i] ?? ''], [out], { perm: axes });
    return out;
  };
  const operands = [operand(0, rowsFirstA, transposeA), operand(1, rowsFirstB, transposeB)];
  if (alpha === 1) {
    emit.node('MatMul', operands, outputs);
    return;
  }
  const product = emit.temporary();
  emit.node('MatMul', operands, [product]);
  emit.node('Mul', [product, emit.constant('float32', [], Float32Array.of(alpha))], outputs);
}

/**
 * Batched matrix product over the last two axes; batch axes broadcast.
 * @example
 * ```ts
 * import { float32, loadable, matmul, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ a: float32(2, 2), b: float32(2, 1) }, ({ a, b }) => ({ y: matmul(a, b) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ a: Float32Array.of(1, 2, 3, 4), b: Float32Array.of(10, 1) })).y); // → Float32Array(2) [ 12, 34 ]
 * ```
 */
export const matmul = (a: Tensor, b: Tensor, options: Partial<MatmulAttributes> = {}): Tensor =>
  single(a.scope.apply('matmul', [a, b], { ...PLAIN, ...options }));

/** Elements of a product from which on it is worth adding to it with all threads. */
const SHARED_OUT = 2 ** 16;

/** How the operands of `gemm` are read. */
export interface GemmAttributes {
  /** The axes of the first operand are exchanged. */
  readonly transposeA: boolean;
  /** The axes of the second operand are exchanged. */
  readonly transposeB: boolean;
}

/** a·b (+ c): a [m,k], b [k,n] after the transpositions; c broadcasts to [m,n]. A linear layer and both its gradients. */
export const gemmOp = defineOp<GemmAttributes>({
  name: 'gemm',
  infer(inputs, { transposeA, transposeB }) {
    expectFloat('gemm', inputs);
    const [a, b, c] = inputs;
    if (inputs.length < 2 || inputs.length > 3 || a?.shape.length !== 2 || b?.shape.length !== 2) {
      throw new ShapeError('gemm', inputs, 'takes two matrices, and a third operand to add');
    }
    const [m, k] = transposeA ? [a.shape[1], a.shape[0]] : a.shape;
    const [k2, n] = transposeB ? [b.shape[1], b.shape[0]] : b.shape;
    const shape = [m ?? 1, n ?? 1];
    if (k !== k2) throw new ShapeError('gemm', inputs, `the inner dimensions are ${k} and ${k2}`);
    if (c !== undefined && !sameShape(broadcastShapes(c.shape, shape) ?? [], shape)) {
      throw new ShapeError('gemm', inputs, `the third operand does not broadcast to [${shape}]`);
    }
    return [{ dtype: 'float32', shape }];
  },
  vjp({ inputs, gradients, attributes: { transposeA, transposeB } }) {
    const [a, b] = pair(inputs);
    const g = single(gradients);
    const forA = transposeA
      ? gemm(b, g, undefined, { transposeA: transposeB, transposeB: true })
      : gemm(g, b, undefined, { transposeB: !transposeB });
    const forB = transposeB
      ? gemm(g, a, undefined, { transposeA: true, transposeB: transposeA })
      : gemm(a, g, undefined, { transposeA: !transposeA });
    return inputs.length === 2 ? [forA, forB] : [forA, forB, g];
  },
  lower(emit, { inputs, inputTypes, outputs, outputTypes, attributes: { transposeA, transposeB } }) {
    const transpositions = { transA: +transposeA, transB: +transposeB };
    const [a = '', b = '', c = ''] = inputs;
    const added = inputTypes[2] === undefined ? 0 : elementCount(inputTypes[2].shape);
    const made = elementCount(outputTypes[0]?.shape ?? []);
    if (!emit.contrib || added === 0 || added === made || made < SHARED_OUT) {
      emit.node('Gemm', inputs, outputs, transpositions);
      return;
    }
    // ONNX Runtime's Gemm first copies a bias to every row, on one thread. Behind a Gemm it would merge the addition again.
    const product = emit.temporary();
    emit.node('FusedMatMul', [a, b], [product], transpositions, 'com.microsoft');
    emit.node('Add', [product, c], outputs);
  },
  samples: [
    {
      inputs: [{ shape: [3, 4] }, { shape: [4, 2] }, { shape: [2] }],
      attributes: { transposeA: false, transposeB: false },
    },
    { inputs: [{ shape: [4, 3] }, { shape: [2, 4] }], attributes: { transposeA: true, transposeB: true } },
    {
      inputs: [{ shape: [3, 4] }, { shape: [2, 4] }, { shape: [3, 2] }],
      attributes: { transposeA: false, transposeB: true },
    },
  ],
});

/**
 * a·b (+ c): a [m,k], b [k,n] after the transpositions; c broadcasts to [m,n].
 * @example
 * ```ts
 * import { float32, gemm, loadable, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ a: float32(2, 2), b: float32(2, 1), c: float32(1) }, ({ a, b, c }) => ({ y: gemm(a, b, c) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ a: Float32Array.of(1, 2, 3, 4), b: Float32Array.of(10, 1), c: Float32Array.of(1) })).y); // → Float32Array(2) [ 13, 35 ]
 * ```
 */
export const gemm = (a: Tensor, b: Tensor, c?: Tensor, options: Partial<GemmAttributes> = {}): Tensor =>
  single(
    a.scope.apply('gemm', c === undefined ? [a, b] : [a, b, c], { transposeA: false, transposeB: false, ...options }),
  );
