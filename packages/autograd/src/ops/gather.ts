import { GraphError, ShapeError } from '../core/errors.ts';
import { defineOp, pair, single } from '../core/op.ts';
import { expectCount } from '../core/shapes.ts';
import type { Tensor } from '../core/tensor.ts';
import { allocate, copyElements, elementCount, showType, type TensorType } from '../core/types.ts';

const isIndex = (t: TensorType | undefined): boolean => t?.dtype === 'int32' || t?.dtype === 'int64';

/** Rows of a table: table [n, …], indices [i…] (int32 or int64, 0 … n−1) → [i…, …]. */
export const gatherOp = defineOp<Record<never, never>>({
  name: 'gather',
  infer(inputs) {
    expectCount('gather', inputs, 2);
    const [table, indices] = inputs;
    if (!isIndex(indices) || (table?.shape.length ?? 0) < 1) {
      throw new ShapeError('gather', inputs, 'takes a table of rank 1 or more and integer indices');
    }
    return [{ dtype: table?.dtype ?? 'float32', shape: [...(indices?.shape ?? []), ...(table?.shape.slice(1) ?? [])] }];
  },
  vjp({ inputs, gradients }) {
    const [table, indices] = pair(inputs);
    return [scatterAdd(indices, single(gradients), table.size(0)), null];
  },
  fold(operands) {
    const [table, indices] = pair(operands);
    const row = elementCount(table.shape.slice(1));
    const rows = allocate(table.dtype, indices.data.length * row);
    for (const [i, index] of indices.data.entries()) {
      if (index < 0 || index >= (table.shape[0] ?? 0)) {
        throw new GraphError(`gather: ${showType(table)} has no row ${index}`);
      }
      const start = Number(index) * row;
      copyElements(rows, table.data.subarray(start, start + row), i * row);
    }
    return [rows];
  },
  lower: (emit, { inputs, outputs }) => emit.node('Gather', inputs, outputs, { axis: 0 }),
  samples: [
    { inputs: [{ shape: [5, 3] }, { shape: [2, 4], dtype: 'int32', high: 5 }], attributes: {} },
    { inputs: [{ shape: [5] }, { shape: [7], dtype: 'int32', high: 5 }], attributes: {} },
  ],
});

/**
 * Rows of a table: table [n, …], indices [i…] (int32 or int64, 0 … n−1) → [i…, …].
 * @example
 * ```ts
 * import { float32, gather, int32, loadable, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ table: float32(3, 2), at: int32(2) }, ({ table, at }) => ({ y: gather(table, at) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ table: Float32Array.of(1, 2, 3, 4, 5, 6), at: Int32Array.of(2, 0) })).y); // → Float32Array(4) [ 5, 6, 1, 2 ]
 * ```
 */
export const gather = (table: Tensor, indices: Tensor): Tensor =>
  single(table.scope.apply('gather', [table, indices], {}));

/** Rows added up at their indices: indices [i…], updates [i…, …] → [rows, …]; the gradient of `gather`. */
export const scatterAddOp = defineOp<{ readonly rows: number }>({
  name: 'scatterAdd',
  infer(inputs, { rows }) {
    expectCount('scatterAdd', inputs, 2);
    const [indices, updates] = inputs;
    const rank = indices?.shape.length ?? 0;
    const fits = updates?.dtype === 'float32' && indices?.shape.every((d, i) => d === updates.shape[i]);
    if (!isIndex(indices) || !fits) {
      throw new ShapeError(
        'scatterAdd',
        inputs,
        'takes integer indices and float32 updates that begin with their shape',
      );
    }
    return [{ dtype: 'float32', shape: [rows, ...(updates?.shape.slice(rank) ?? [])] }];
  },
  vjp: ({ inputs, gradients }) => [null, gather(single(gradients), single(inputs))],
  lower(emit, { inputs, inputTypes, outputs, outputTypes }) {
    const shape = outputTypes[0]?.shape ?? [];
    const zeros = emit.constant('float32', shape, new Float32Array(elementCount(shape)));
    const inner = shape.slice(1);
    const count = elementCount(inputTypes[0]?.shape ?? []);
    const dims = (d: readonly number[]) => emit.constant('int64', [d.length], BigInt64Array.from(d.map(BigInt)));
    const [column, positions, updates] = [emit.temporary(), emit.temporary(), emit.temporary()];
    emit.node('Reshape', [inputs[0] ?? '', dims([count, ...inner.map(() => 1)])], [column]);
    emit.node('Expand', [column, dims([count, ...inner])], [positions]);
    emit.node('Reshape', [inputs[1] ?? '', dims([count, ...inner])], [updates]);
    // Not ScatterND: ONNX Runtime's CPU kernel adds rows from several threads at once and loses some of them.
    emit.node('ScatterElements', [zeros, positions, updates], outputs, { axis: 0, reduction: 'add' });
  },
  samples: [
    { inputs: [{ shape: [6], dtype: 'int32', high: 4 }, { shape: [6, 3] }], attributes: { rows: 4 } },
    { inputs: [{ shape: [2, 3], dtype: 'int32', high: 4 }, { shape: [2, 3, 2, 2] }], attributes: { rows: 5 } },
    { inputs: [{ shape: [], dtype: 'int32', high: 3 }, { shape: [2] }], attributes: { rows: 3 } },
    { inputs: [{ shape: [7], dtype: 'int64', high: 4 }, { shape: [7] }], attributes: { rows: 4 } },
  ],
});

/**
 * Rows added up at their indices: indices [i…], updates [i…, …] → [rows, …].
 * @example
 * ```ts
 * import { float32, int32, loadable, scatterAdd, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ at: int32(3), x: float32(3) }, ({ at, x }) => ({ y: scatterAdd(at, x, 2) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ at: Int32Array.of(0, 1, 0), x: Float32Array.of(1, 2, 3) })).y); // → Float32Array(2) [ 4, 2 ]
 * ```
 */
export const scatterAdd = (indices: Tensor, updates: Tensor, rows: number): Tensor =>
  single(updates.scope.apply('scatterAdd', [indices, updates], { rows }));
