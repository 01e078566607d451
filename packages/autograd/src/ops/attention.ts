import { ShapeError } from '../core/errors.ts';
import { defineOp, firstGradient, pair, triple } from '../core/op.ts';
import { expectFloat } from '../core/shapes.ts';
import type { Tensor } from '../core/tensor.ts';
import { sameShape } from '../core/types.ts';
import { mul, sub } from './elementwise.ts';
import { matmul } from './matmul.ts';
import { sum } from './reduce.ts';
import { reshape, transpose } from './shape.ts';

export interface AttentionAttributes {
  /** H */
  readonly heads: number;
}

/**
 * Scaled dot-product attention of H heads (Vaswani et al. 2017), sequence first: queries [S,B,D], keys and values
 * [K,B,D], and optionally a mask [S,K], or [B,1,S,K] for each of the batch, that is added to the scores (0: seen; a large
 * negative number: hidden).
 * Outputs: [S,B,D], and the probabilities [B,H,S,K] that the gradient reads; the mask and the probabilities have no
 * gradient.
 *
 * The gradient is written out, not composed: Σⱼ Pᵢⱼ·dPᵢⱼ equals ⟨dOᵢ, Oᵢ⟩ (Dao et al. 2022, §3.1), a sum over D/H
 * instead of K.
 */
export const attentionOp = defineOp<AttentionAttributes>({
  name: 'attention',
  infer(inputs, { heads }) {
    expectFloat('attention', inputs);
    const [q, k, v, mask] = inputs;
    const [s = 0, batch = 0, width = 0] = q?.shape ?? [];
    const [keys = 0] = k?.shape ?? [];
    const fits =
      q?.shape.length === 3 &&
      k !== undefined &&
      sameShape(k.shape, [keys, batch, width]) &&
      v !== undefined &&
      sameShape(v.shape, k.shape);
    if (!fits || width % heads !== 0) {
      throw new ShapeError(
        'attention',
        inputs,
        `takes queries [S,B,D] and keys and values [K,B,D] with D a multiple of ${heads} heads`,
      );
    }
    if (mask !== undefined && !sameShape(mask.shape, [s, keys]) && !sameShape(mask.shape, [batch, 1, s, keys]))
      throw new ShapeError('attention', inputs, `the mask is neither [${s},${keys}] nor [${batch},1,${s},${keys}]`);
    return [
      { dtype: 'float32', shape: [s, batch, width] },
      { dtype: 'float32', shape: [batch, heads, s, keys] },
    ];
  },
  vjp({ inputs, outputs, gradients, attributes: { heads } }) {
    const [q, k, v] = triple(inputs);
    const [out, probabilities] = pair(outputs);
    const g = firstGradient('attention', gradients);
    const split = (x: Tensor) => reshape(x, [x.size(0), x.size(1), heads, x.size(2) / heads]);
    const join = (x: Tensor) => reshape(transpose(x, [2, 0, 1, 3]), [x.size(2), x.size(0), heads * x.size(3)]);
    const scale = 1 / Math.sqrt(q.size(2) / heads);
    const forProbabilities = matmul(split(g), split(v), { rowsFirstA: true, rowsFirstB: true, transposeB: true });
    const along = transpose(sum(split(mul(g, out)), -1, true), [1, 2, 0, 3]);
    const forScores = mul(sub(forProbabilities, along), probabilities);
    const gradient = [
      join(matmul(forScores, split(k), { rowsFirstB: true, alpha: scale })),
      join(matmul(forScores, split(q), { transposeA: true, rowsFirstB: true, alpha: scale })),
      join(matmul(probabilities, split(g), { transposeA: true, rowsFirstB: true })),
    ];
    return inputs.length === 4 ? [...gradient, null] : gradient;
  },
  lower(emit, { inputs, inputTypes, outputs, attributes: { heads } }) {
    const [s = 0, batch = 0, width = 0] = inputTypes[0]?.shape ?? [];
    const size = width / heads;
    const shape = (...d: number[]) => emit.constant('int64', [d.length], BigInt64Array.from(d.map(BigInt)));
    const [q = '', k = '', v = ''] = inputs.slice(0, 3).map((name, i) => {
      const out = emit.temporary();
      emit.node('Reshape', [name, shape(inputTypes[i]?.shape[0] ?? 0, batch, heads, size)], [out]);
      return out;
    });
    const scores = emit.temporary();
    const sums = emit.temporary();
    const columns = emit.temporary();
    if (emit.contrib) {
      emit.node(
        'FusedMatMul',
        [q, k],
        [scores],
        { transBatchA: 1, transBatchB: 1, transB: 1, alpha: { float: 1 / Math.sqrt(size) } },
        'com.microsoft',
      );
    } else {
      const [queries, keys, scaled] = [emit.temporary(), emit.temporary(), emit.temporary()];
      emit.node('Mul', [q, emit.constant('float32', [], Float32Array.of(1 / Math.sqrt(size)))], [scaled]);
      emit.node('Transpose', [scaled], [queries], { perm: [1, 2, 0, 3] });
      emit.node('Transpose', [k], [keys], { perm: [1, 2, 3, 0] });
      emit.node('MatMul', [queries, keys], [scores]);
    }
    let seen = scores;
    if (inputs[3] !== undefined) {
      seen = emit.temporary();
      emit.node('Add', [scores, inputs[3]], [seen]);
    }
    emit.node('Softmax', [seen], [outputs[1] ?? ''], { axis: -1 });
    if (emit.contrib) {
      emit.node('FusedMatMul', [outputs[1] ?? '', v], [sums], { transBatchB: 1 }, 'com.microsoft');
    } else {
      const values = emit.temporary();
      emit.node('Transpose', [v], [values], { perm: [1, 2, 0, 3] });
      emit.node('MatMul', [outputs[1] ?? '', values], [sums]);
    }
    emit.node('Transpose', [sums], [columns], { perm: [2, 0, 1, 3] });
    emit.node('Reshape', [columns, shape(s, batch, width)], [outputs[0] ?? '']);
  },
  samples: [
    { inputs: [{ shape: [4, 2, 6] }, { shape: [4, 2, 6] }, { shape: [4, 2, 6] }], attributes: { heads: 2 } },
    {
      inputs: [{ shape: [2, 2, 6] }, { shape: [5, 2, 6] }, { shape: [5, 2, 6] }, { shape: [2, 5] }],
      attributes: { heads: 3 },
    },
    {
      inputs: [{ shape: [2, 2, 6] }, { shape: [5, 2, 6] }, { shape: [5, 2, 6] }, { shape: [2, 1, 2, 5] }],
      attributes: { heads: 2 },
    },
  ],
});

/**
 * Scaled dot-product attention of H heads (Vaswani et al. 2017), sequence first. D is a multiple of H.
 * @param q queries [S,B,D]
 * @param k keys [K,B,D]
 * @param v values [K,B,D]
 * @param mask added to the scores, [S,K] or [B,1,S,K]: 0 is seen, a large negative number is hidden; it has no gradient
 * @returns the results [S,B,D], and the probabilities [B,H,S,K], which have no gradient
 * @throws ShapeError
 * @example
 * ```ts
 * import { attention, float32, loadable, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const types = { q: float32(1, 1, 2), k: float32(3, 1, 2), v: float32(3, 1, 2), mask: float32(1, 3) };
 * const graph = trace(types, ({ q, k, v, mask }) => ({ y: attention(q, k, v, 1, mask)[0] }));
 * const session = await nodeRuntime().load(loadable(graph));
 * // A query of zeros attends to all alike; the mask hides the third key.
 * const [q, k] = [new Float32Array(2), Float32Array.of(1, 2, 3, 4, 5, 6)];
 * const feeds = { q, k, v: Float32Array.of(2, 0, 4, 8, 50, 60), mask: Float32Array.of(0, 0, -1e9) };
 * console.log((await session.run(feeds)).y); // → Float32Array(2) [ 3, 4 ]
 * ```
 */
export const attention = (q: Tensor, k: Tensor, v: Tensor, heads: number, mask?: Tensor): readonly [Tensor, Tensor] =>
  pair(q.scope.apply('attention', mask === undefined ? [q, k, v] : [q, k, v, mask], { heads }));
