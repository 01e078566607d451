import { expect, it } from 'vitest';
import { attention } from '../ops/attention.ts';
import { gemm, matmul } from '../ops/matmul.ts';
import { matrixOperations } from './cost.ts';
import { trace } from './trace.ts';

const f32 = (...shape: number[]) => ({ dtype: 'float32', shape }) as const;

it('counts two operations for every product of two elements', () => {
  const operations = (graph: Parameters<typeof matrixOperations>[0]) => matrixOperations(graph);
  expect(operations(trace({ a: f32(3, 5), b: f32(5, 7) }, ({ a, b }) => ({ y: gemm(a, b) })))).toBe(2 * 3 * 5 * 7);
  expect(
    operations(
      trace({ a: f32(5, 3), b: f32(7, 5) }, ({ a, b }) => ({
        y: gemm(a, b, undefined, { transposeA: true, transposeB: true }),
      })),
    ),
  ).toBe(2 * 3 * 5 * 7);
  // [rows, batch, columns] operands: 4 products of [3,5] and [5,7].
  expect(
    operations(
      trace({ a: f32(3, 4, 5), b: f32(5, 4, 7) }, ({ a, b }) => ({
        y: matmul(a, b, { rowsFirstA: true, rowsFirstB: true }),
      })),
    ),
  ).toBe(4 * 2 * 3 * 5 * 7);
  expect(
    operations(
      trace({ a: f32(5, 4, 3), b: f32(5, 4, 7) }, ({ a, b }) => ({
        y: matmul(a, b, { transposeA: true, rowsFirstA: true, rowsFirstB: true }),
      })),
    ),
  ).toBe(4 * 2 * 3 * 5 * 7);
  // 2 pictures, 3 heads of width 4, 6 queries, 8 keys; scores and sums.
  expect(
    operations(trace({ q: f32(6, 2, 12), k: f32(8, 2, 12) }, ({ q, k }) => ({ y: attention(q, k, k, 3)[0] }))),
  ).toBe(2 * (2 * 2 * 3 * 6 * 8 * 4));
});
