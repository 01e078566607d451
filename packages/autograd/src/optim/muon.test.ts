import { Random } from '@neurodex/core/random';
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../core/tensor.ts';
import { glorot, type ParameterSpecs, zeros } from '../nn/parameters.ts';
import { add, mul } from '../ops/elementwise.ts';
import { pack } from '../ops/pack.ts';
import { sum } from '../ops/reduce.ts';
import { trainingGraph } from '../runtime/trainer.ts';
import { evaluate } from '../testing/reference.ts';
import { adamW } from './adamw.ts';
import { type MuonSettings, muon } from './muon.ts';
import type { Optimizer } from './optimizer.ts';

type Matrix = number[][];

const product = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => (b[0] ?? []).map((_, j) => row.reduce((total, x, k) => total + x * (b[k]?.[j] ?? NaN), 0)));
const transposed = (a: Matrix): Matrix => (a[0] ?? []).map((_, j) => a.map((row) => row[j] ?? NaN));
const combined = (terms: readonly (readonly [number, Matrix])[]): Matrix =>
  (terms[0]?.[1] ?? []).map((row, i) =>
    row.map((_, j) => terms.reduce((total, [factor, m]) => total + factor * (m[i]?.[j] ?? NaN), 0)),
  );

/** The listing of Jordan et al. 2024, in plain numbers. */
function plainNewtonSchulz(matrix: Matrix, steps: number): Matrix {
  const tall = matrix.length > (matrix[0] ?? []).length;
  const norm = Math.hypot(...matrix.flat());
  let x = combined([[1 / (norm + 1e-7), tall ? transposed(matrix) : matrix]]);
  for (let i = 0; i < steps; i++) {
    const a = product(x, transposed(x));
    const b = combined([
      [-4.775, a],
      [2.0315, product(a, a)],
    ]);
    x = combined([
      [3.4445, x],
      [1, product(b, x)],
    ]);
  }
  return tall ? transposed(x) : x;
}

const specs = {
  square: glorot(3, 3),
  bias: zeros(4),
  tall: glorot(5, 3),
  pair: { ...glorot(3, 3), shape: [3, 6], matrices: 2 },
} satisfies ParameterSpecs;
const N = 9 + 4 + 15 + 18;
const vector = { dtype: 'float32', shape: [N] } as const;

/** The gradient of the loss is `slope`. */
const definition = (optimizer: Optimizer) => ({
  parameters: specs,
  inputs: { slope: vector },
  loss: (parameters: Record<keyof typeof specs, Tensor>, { slope }: Record<'slope', Tensor>) => ({
    loss: sum(mul(slope, pack(Object.keys(specs).map((name) => parameters[name as keyof typeof specs])))),
  }),
  optimizer,
});

/** What two steps without decay add to parameters of 0, by `rates`. */
function updates(optimizer: Optimizer, slopes: readonly (readonly number[])[], rate: number): number[][] {
  const graph = trainingGraph(definition(optimizer));
  let state = { parameters: new Array(N).fill(0), moment1: new Array(N).fill(0), moment2: new Array(N).fill(0) };
  return slopes.map((slope, i) => {
    const out = evaluate(graph, { ...state, slope: [...slope], learningRate: [rate], step: [i + 1] });
    const read = (name: string): number[] => [...(out[`next.${name}`]?.data ?? [])];
    const before = state.parameters;
    state = { parameters: read('parameters'), moment1: read('moment1'), moment2: read('moment2') };
    return state.parameters.map((x, at) => x - before[at]);
  });
}

const drawn = (seed: number): number[] => {
  const random = Random.seeded(seed);
  return Array.from({ length: N }, () => random.normal());
};
const matrixAt = (values: readonly number[], start: number, rows: number, columns: number, stride = columns): Matrix =>
  Array.from({ length: rows }, (_, i) => values.slice(start + i * stride, start + i * stride + columns));

describe('muon', () => {
  const settings: MuonSettings = { weightDecay: 0, momentum: 0.9, iterations: 3 };
  const slopes = [drawn(1), drawn(2)];
  const steps = updates(muon(settings), slopes, 0.5);
  /** Momentum after both slopes, and the look ahead that is orthogonalised. */
  const [one = [], two = []] = slopes;
  const ahead = one.map((g, i) => {
    const first = 0.9 * 0.1 * g + 0.1 * (two[i] ?? NaN);
    return 0.9 * first + 0.1 * (two[i] ?? NaN);
  });

  it.each([
    ['a square matrix', 0, 3, 3, 3],
    ['a tall matrix', 13, 5, 3, 3],
    ['the first of two matrices side by side', 28, 3, 3, 6],
    ['the second of two matrices side by side', 31, 3, 3, 6],
  ])('moves %s as Jordan et al. 2024 do, in the size of Liu et al. 2025', (_, start, rows, columns, stride) => {
    const expected = plainNewtonSchulz(matrixAt(ahead, start, rows, columns, stride), 3).flat();
    const got = matrixAt(steps[1] ?? [], start, rows, columns, stride).flat();
    const scale = -0.5 * 0.2 * Math.sqrt(Math.max(rows, columns));
    got.forEach((x, i) => void expect(x).toBeCloseTo(scale * (expected[i] ?? NaN), 6));
  });

  it('moves what is no matrix as AdamW does', () => {
    const adam = updates(adamW({ weightDecay: 0 }), slopes, 0.5);
    for (const [i, update] of steps.entries()) {
      update.slice(9, 13).forEach((x, at) => void expect(x).toBeCloseTo(adam[i]?.[9 + at] ?? NaN, 7));
    }
  });

  it('makes updates whose singular values are near 1 of any slope, once scaled back', () => {
    const [first = []] = updates(
      muon({ weightDecay: 0, iterations: 5 }),
      [drawn(7).map((g, i) => (i < 3 ? 50 * g : g))],
      1,
    );
    const update = combined([[-1 / (0.2 * Math.sqrt(3)), matrixAt(first, 0, 3, 3)]]);
    const gram = product(update, transposed(update));
    // Jordan et al. 2024: between 0.7 and 1.2, so that squares add up to between 3·0.49 and 3·1.44.
    const trace = gram.reduce((total, row, i) => total + (row[i] ?? NaN), 0);
    expect(trace).toBeGreaterThan(3 * 0.45);
    expect(trace).toBeLessThan(3 * 1.5);
  });

  it('decays matrices alone', () => {
    const graph = trainingGraph(definition(muon({ weightDecay: 0.1 })));
    const zero = new Array(N).fill(0);
    const out = evaluate(graph, {
      parameters: new Array(N).fill(1),
      moment1: zero,
      moment2: zero,
      slope: zero,
      learningRate: [0.5],
      step: [1],
    });
    const after = [...(out['next.parameters']?.data ?? [])];
    expect(after[0]).toBeCloseTo(0.95, 6);
    expect(after[9]).toBeCloseTo(1, 6);
  });

  it('works where nothing, and where everything, is a matrix', () => {
    for (const parameters of [
      { bias: zeros(2) },
      { square: glorot(2, 2) },
    ] as const satisfies readonly ParameterSpecs[]) {
      const graph = trainingGraph({
        parameters: parameters as ParameterSpecs,
        inputs: {},
        loss: (tensors: Readonly<Record<string, Tensor>>) => ({
          loss: Object.values(tensors)
            .map((t) => sum(mul(t, t)))
            .reduce((a, b) => add(a, b)),
        }),
        optimizer: muon(),
      });
      expect(graph.outputs.map(({ name }) => name)).toContain('next.moment2');
    }
  });
});
