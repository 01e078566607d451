import { Random } from '@neurodex/core/random';
import { describe, expect, it } from 'vitest';
import type { Sample } from '../core/op.ts';
import { elementCount, showType, type TensorType } from '../core/types.ts';
import type { Graph } from '../graph/graph.ts';
import { trace } from '../graph/trace.ts';
import { nodeRuntime } from '../runtime/node.ts';
import { difference, type Value } from '../testing/arrays.ts';
import { derivativeAtZero } from '../testing/derivative.ts';
import { drawOperands } from '../testing/draw.ts';
import { evaluate } from '../testing/reference.ts';
import { type Case, expectAgreement, feedsOf, forwardGraph, operationsContract } from './operations.contract.ts';
import { constant } from './source.ts';
import { type Attributes, type OpName, opNamed } from './table.ts';

const runtime = nodeRuntime({ threads: 1 });
const RUNTIMES = [runtime, { ...runtime, contrib: false }];

/** float32 operands that are declared to have no gradient. */
const NO_GRADIENT: Readonly<Record<string, number>> = { select: 0, attention: 3 };

function expectFiniteDifferences(c: Case, graph: Graph): void {
  const feeds = feedsOf(c);
  const traced = evaluate(graph, feeds);
  c.sample.inputs.forEach(({ dtype = 'float32', shape }, i) => {
    if (dtype !== 'float32') return;
    const gradient = traced[`d${i}`] as Value;
    if (NO_GRADIENT[c.op] === i) {
      expect(gradient).toEqual({ shape, data: new Array(elementCount(shape)).fill(0) });
      return;
    }
    const lossWith = (position: number, t: number): number => {
      const moved = (feeds[`x${i}`] ?? []).map((x, at) => (at === position ? x + t : x));
      return evaluate(graph, { ...feeds, [`x${i}`]: moved }, ['loss']).loss?.data[0] ?? NaN;
    };
    const data = gradient.data.map((_, position) => derivativeAtZero((t) => lossWith(position, t)));
    expect(difference(gradient, { shape, data }), `operand ${i}`).toBeLessThan(1e-6);
  });
}

operationsContract('in Node', RUNTIMES, expectFiniteDifferences);

/** Operands so large that the operation is lowered in another way; too many for finite differences. */
const LARGE: readonly (readonly [OpName, Sample<object>])[] = [
  [
    'gemm',
    {
      inputs: [{ shape: [3, 256] }, { shape: [300, 3] }, { shape: [300] }],
      attributes: { transposeA: true, transposeB: true },
    },
  ],
  [
    'gemm',
    {
      inputs: [{ shape: [256, 3] }, { shape: [3, 300] }, { shape: [256, 1] }],
      attributes: { transposeA: false, transposeB: false },
    },
  ],
];

it.each(LARGE)('%s agrees with its definition on large operands', async (op, sample) => {
  const random = Random.stream(2, op);
  const c: Case = { op, sample, numbers: drawOperands(sample.inputs, random), random };
  await expectAgreement(c, forwardGraph(c), RUNTIMES, () => 1e-5);
});

const f = (...shape: number[]): TensorType => ({ dtype: 'float32', shape });
const i = (...shape: number[]): TensorType => ({ dtype: 'int32', shape });

/** One or more wrong calls of each operation: operands and attributes. */
type WrongCall<A> = readonly [operands: readonly TensorType[], attributes: A];
const PLAIN = { transposeA: false, transposeB: false, rowsFirstA: false, rowsFirstB: false, alpha: 1 };
const NO_TRANSPOSE = { transposeA: false, transposeB: false };
const WRONG_CALLS: {
  readonly [K in Exclude<OpName, 'input' | 'constant'>]: readonly [
    WrongCall<Attributes<K>>,
    ...WrongCall<Attributes<K>>[],
  ];
} = {
  add: [
    [[f(2, 3), f(2)], {}],
    [[f(2)], {}],
  ],
  sub: [[[f(2), f(3)], {}]],
  mul: [[[f(2), i(2)], {}]],
  div: [[[f(4, 2), f(3, 2)], {}]],
  maximum: [[[f(2), f(3)], {}]],
  neg: [[[i(2)], {}]],
  exp: [[[i(2)], {}]],
  log: [[[i(2)], {}]],
  sqrt: [[[i(2)], {}]],
  erf: [[[i(2)], {}]],
  tanh: [[[i(2)], {}]],
  sigmoid: [[[f(2), f(2)], {}]],
  relu: [[[i(2)], {}]],
  greaterMask: [[[f(2), f(3)], {}]],
  cast: [[[f(2), f(2)], { to: 'int32' }]],
  equalMask: [
    [[f(2), i(2)], {}],
    [[i(2), i(3)], {}],
  ],
  select: [
    [[f(2), f(3), f(2)], {}],
    [[i(2), f(2), f(2)], {}],
  ],
  sum: [[[f(2, 3)], { axes: [2], keepDimensions: false }]],
  mean: [[[i(2, 3)], { axes: [0], keepDimensions: true }]],
  max: [[[f(2, 3)], { axes: [-1], keepDimensions: false }]],
  argMax: [[[f(2, 3)], { axis: 2 }]],
  topK: [
    [[f(2, 3)], { k: 4 }],
    [[f(2, 3)], { k: 0 }],
    [[i(2, 3)], { k: 1 }],
  ],
  reshape: [
    [[f(2, 3)], { shape: [4] }],
    [[f(5)], { shape: [2, 2.5] }],
    [[f(4)], { shape: [-1, -4] }],
  ],
  transpose: [[[f(2, 3)], { permutation: [0, 0] }]],
  broadcastTo: [[[f(2, 3)], { shape: [2, 4] }]],
  slice: [
    [[f(2, 3)], { axis: 1, start: 1, end: 4 }],
    [[f(2, 3)], { axis: 1, start: 0.5, end: 2 }],
    [[f(2, 3)], { axis: 2, start: 0, end: 1 }],
  ],
  pad: [
    [[f(2, 3)], { axis: 2, before: 1, after: 0 }],
    [[f(2, 3)], { axis: 1, before: -1, after: 0 }],
  ],
  concat: [
    [[f(2, 3), f(3, 3)], { axis: 1 }],
    [[f(2), f(2)], { axis: 1 }],
  ],
  pack: [[[f(2), i(2)], {}]],
  unpack: [[[f(5)], { shapes: [[2, 2]] }]],
  gather: [
    [[f(5, 2), f(3)], {}],
    [[f(), i(3)], {}],
  ],
  scatterAdd: [
    [[i(3), f(2, 4)], { rows: 5 }],
    [[i(3), i(3, 4)], { rows: 5 }],
  ],
  matmul: [
    [[f(2, 3), f(4, 2)], PLAIN],
    [[f(3), f(3, 2)], PLAIN],
    [[f(2, 3, 4), f(3, 4, 5)], PLAIN],
    [[f(5, 2, 3), f(7, 2, 3, 4)], { ...PLAIN, rowsFirstA: true }],
  ],
  gemm: [
    [[f(2, 3), f(2, 3)], NO_TRANSPOSE],
    [[f(2, 3), f(3, 4), f(3)], NO_TRANSPOSE],
    [[f(1, 3), f(3, 4), f(2, 4)], NO_TRANSPOSE],
    [[f(2, 2, 3), f(3, 4)], NO_TRANSPOSE],
  ],
  gelu: [[[i(2)], {}]],
  softmax: [
    [[i(2)], {}],
    [[f()], {}],
  ],
  logSoftmax: [
    [[i(2)], {}],
    [[f()], {}],
  ],
  standardize: [
    [[i(2)], { epsilon: 1e-5 }],
    [[f()], { epsilon: 1e-5 }],
  ],
  stopGradient: [[[i(2)], {}]],
  attention: [
    [[f(4, 2, 6), f(4, 2, 6), f(4, 2, 6)], { heads: 4 }],
    [[f(4, 2, 6), f(4, 3, 6), f(4, 3, 6)], { heads: 2 }],
    [[f(4, 2, 6), f(5, 2, 6), f(5, 2, 6), f(4, 4)], { heads: 2 }],
    [[f(4, 2, 6), f(4, 2, 6)], { heads: 2 }],
  ],
  dropoutMask: [
    [[f(4)], { rate: 0.5 }],
    [[{ dtype: 'uint8', shape: [4] }], { rate: 1 }],
    [[{ dtype: 'uint8', shape: [4] }], { rate: Number.NaN }],
  ],
};

describe('a wrong call', () => {
  for (const [name, calls] of Object.entries(WRONG_CALLS) as [OpName, readonly WrongCall<object>[]][]) {
    it(`of ${name} is answered with the operation and its operands`, () => {
      for (const [operands, attributes] of calls) {
        const start = `${name}(${operands.map(showType).join(', ')}): `;
        expect(() => opNamed(name).infer(operands, attributes), start).toThrow(
          expect.objectContaining({ name: 'ShapeError', message: expect.stringContaining(start) }),
        );
      }
    });
  }

  it('of constant says how many elements it got', () => {
    expect(() => trace({}, (_, scope) => ({ c: constant(scope, 'float32', [2], new Float32Array(3)) }))).toThrow(
      'constant(float32[2]): holds 3 elements',
    );
  });

  it('of no known operation is refused', () => {
    for (const name of ['convolution', 'toString'])
      expect(() => opNamed(name)).toThrow(`no operation is called ${name}`);
  });
});
