import { Random } from '@neurodex/core/random';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../core/tensor.ts';
import type { TensorType } from '../core/types.ts';
import { add, mul, relu } from '../ops/elementwise.ts';
import { gemm } from '../ops/matmul.ts';
import { type Step, steps } from '../testing/expressions.ts';
import { evaluate, type Numbers } from '../testing/reference.ts';
import { checkGraph } from './check.ts';
import type { Graph } from './graph.ts';
import { simplify } from './simplify.ts';
import { trace } from './trace.ts';

const matrix: TensorType = { dtype: 'float32', shape: [3, 3] };
const row: TensorType = { dtype: 'float32', shape: [3] };
const MATRICES = { a: matrix, b: matrix, c: matrix };

function feeds(seed: number): Numbers {
  const random = Random.seeded(seed);
  const draw = (n: number) => Array.from({ length: n }, () => random.uniform(-1, 1));
  return { a: draw(9), b: draw(9), c: draw(9), bias: draw(3) };
}

const operations = (graph: Graph): string[] => graph.nodes.map((n) => n.op).filter((op) => op !== 'input');

function expectSameValues(graph: Graph, seed = 1): void {
  const simple = simplify(graph);
  checkGraph(simple);
  const [before, after] = [evaluate(graph, feeds(seed)), evaluate(simple, feeds(seed))];
  expect(Object.keys(after)).toEqual(Object.keys(before));
  for (const [name, { shape, data }] of Object.entries(before)) {
    expect(after[name]?.shape).toEqual(shape);
    data.forEach((x, i) => {
      expect(Math.abs(x - (after[name]?.data[i] ?? NaN))).toBeLessThanOrEqual(
        1e-12 * Math.max(1, ...data.map(Math.abs)),
      );
    });
  }
}

/** Programs of products and sums of square matrices, where every step fits every operand. */
function program(inputs: Readonly<Record<string, Tensor>>, list: readonly Step[]): Tensor[] {
  const bias = inputs.bias as Tensor;
  const pool = Object.values(inputs).filter((t) => t !== bias);
  for (const { op, a, b, choice } of list) {
    const [x, y] = [pool[a % pool.length] as Tensor, pool[b % pool.length] as Tensor];
    const transposed = { transposeA: choice % 2 === 1, transposeB: choice % 3 === 1 };
    const moves = [
      () => gemm(x, y, undefined, transposed),
      () => gemm(x, y, bias, transposed),
      () => add(x, y),
      () => add(gemm(x, y, undefined, transposed), pool.at(-1) as Tensor),
      () => add(pool.at(-1) as Tensor, gemm(x, y)),
      () => add(x, bias),
      () => relu(x),
    ];
    pool.push((moves[op % moves.length] as () => Tensor)());
  }
  return pool;
}

describe('simplify', () => {
  it('never changes a value', () => {
    fc.assert(
      fc.property(steps(1, 12), fc.array(fc.nat(), { minLength: 1, maxLength: 3 }), fc.nat(), (list, picks, seed) => {
        const graph = trace({ ...MATRICES, bias: row }, (inputs) => {
          const pool = program(inputs, list);
          return Object.fromEntries(picks.map((pick, i) => [`y${i}`, pool.at(-1 - (pick % pool.length)) as Tensor]));
        });
        expectSameValues(graph, seed);
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  const cases: Record<string, [(m: Record<'a' | 'b' | 'c', Tensor>) => Record<string, Tensor>, string[]]> = {
    'a product and what is added to it become one': [({ a, b, c }) => ({ y: add(gemm(a, b), c) }), ['gemm']],
    'in either order': [({ a, b, c }) => ({ y: add(c, gemm(a, b)) }), ['gemm']],
    'of two products the second takes the first': [
      ({ a, b, c }) => ({ y: add(gemm(a, b), gemm(b, c)) }),
      ['gemm', 'gemm'],
    ],
    'a chain of sums becomes a chain of products': [
      ({ a, b, c }) => ({ y: add(add(gemm(a, b), gemm(b, c)), gemm(c, a)) }),
      ['gemm', 'gemm', 'gemm'],
    ],
    'a product that is read twice stays': [
      ({ a, b, c }) => {
        const p = gemm(a, b);
        return { y: add(p, c), z: relu(p) };
      },
      ['gemm', 'add', 'relu'],
    ],
    'a product that is an output stays': [
      ({ a, b, c }) => {
        const p = gemm(a, b);
        return { y: add(p, c), p };
      },
      ['gemm', 'add'],
    ],
    'a product added to itself stays': [
      ({ a, b }) => {
        const p = gemm(a, b);
        return { y: add(p, p) };
      },
      ['gemm', 'add'],
    ],
    'what is unread goes, and takes nothing with it': [
      ({ a, b, c }) => {
        const p = gemm(a, b);
        add(p, c);
        mul(a, 2);
        return { y: relu(p) };
      },
      ['gemm', 'relu'],
    ],
  };
  for (const [name, [body, want]] of Object.entries(cases)) {
    it(name, () => {
      const graph = trace(MATRICES, body);
      expect(operations(simplify(graph))).toEqual(want);
      expectSameValues(graph);
    });
  }

  it('has the later of two products take the earlier one, in either order of the sum', () => {
    for (const turned of [false, true]) {
      const graph = trace(MATRICES, ({ a, b, c }) => {
        const [earlier, later] = [gemm(a, b), gemm(b, c)];
        return { y: turned ? add(later, earlier) : add(earlier, later) };
      });
      const last = simplify(graph).nodes.at(-1);
      const names = graph.inputs.map(({ name, value }) => [value, name] as const);
      // b·c, and the product before it.
      expect(last?.inputs.slice(0, 2).map((value) => new Map(names).get(value))).toEqual(['b', 'c']);
    }
  });

  it('keeps a sum that is larger than its product', () => {
    const graph = trace({ a: { dtype: 'float32', shape: [1, 3] }, b: matrix, c: matrix }, ({ a, b, c }) => ({
      y: add(gemm(a, b), c),
    }));
    expect(operations(simplify(graph))).toEqual(['gemm', 'add']);
  });

  it('keeps inputs that nothing reads', () => {
    const graph = trace(MATRICES, ({ a }) => ({ y: relu(a) }));
    expect(simplify(graph).inputs.map((i) => i.name)).toEqual(['a', 'b', 'c']);
    checkGraph(simplify(graph));
  });
});
