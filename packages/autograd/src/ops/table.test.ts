import { Random } from '@neurodex/core/random';
import { describe, expect, it } from 'vitest';
import type { Op, Sample } from '../core/op.ts';
import type { Tensor } from '../core/tensor.ts';
import { elementCount, showType, type TensorType } from '../core/types.ts';
import { gradients } from '../graph/backward.ts';
import type { GraphBuilder } from '../graph/builder.ts';
import type { Graph } from '../graph/graph.ts';
import { trace } from '../graph/trace.ts';
import { lowerGraph } from '../onnx/lower.ts';
import { loadable } from '../runtime/model.ts';
import { nodeRuntime } from '../runtime/node.ts';
import { difference, type Value } from '../testing/arrays.ts';
import { derivativeAtZero } from '../testing/derivative.ts';
import { drawOperands, hostArray, plainNumbers } from '../testing/draw.ts';
import { evaluate, type Numbers } from '../testing/reference.ts';
import { add, mul } from './elementwise.ts';
import { sum } from './reduce.ts';
import { constant } from './source.ts';
import { type Attributes, OPS, type OpName, opNamed } from './table.ts';

const runtime = nodeRuntime({ threads: 1 });

/** Their second output exists for the gradient of the first: only the first is differentiated. */
const FIRST_ONLY = new Set(['gelu', 'standardize', 'attention']);
/** float32 operands that are declared to have no gradient. */
const NO_GRADIENT: Readonly<Record<string, number>> = { select: 0, attention: 3 };

interface Case {
  readonly op: string;
  readonly sample: Sample<object>;
  readonly numbers: readonly number[][];
  readonly random: Random;
}

const operandType = ({ sample }: Case, i: number): TensorType => ({
  dtype: sample.inputs[i]?.dtype ?? 'float32',
  shape: sample.inputs[i]?.shape ?? [],
});
const inputTypes = (c: Case) => Object.fromEntries(c.sample.inputs.map((_, i) => [`x${i}`, operandType(c, i)]));
const feedsOf = (c: Case): Numbers => Object.fromEntries(c.numbers.map((data, i) => [`x${i}`, data]));

const traceCase = (c: Case, outputs: (tensors: readonly Tensor[], scope: GraphBuilder) => Record<string, Tensor>) =>
  trace(inputTypes(c), (inputs, scope) => outputs(Object.values(inputs), scope));

/** What a user asks for: the operation alone. */
const forwardGraph = (c: Case): Graph =>
  traceCase(c, (inputs, scope) => {
    const made = scope.apply(c.op, inputs, c.sample.attributes);
    return Object.fromEntries((FIRST_ONLY.has(c.op) ? made.slice(0, 1) : made).map((y, i) => [`y${i}`, y]));
  });

/** All outputs, a randomly weighted sum of those that are differentiated, and its gradients for the float operands. */
const gradientGraph = (c: Case): Graph =>
  traceCase(c, (inputs, scope) => {
    const made = scope.apply(c.op, inputs, c.sample.attributes);
    const terms = (FIRST_ONLY.has(c.op) ? made.slice(0, 1) : made).map((y) => {
      const weights = Float32Array.from({ length: elementCount(y.shape) }, () => c.random.uniform(-1, 1));
      return sum(mul(y, constant(scope, 'float32', y.shape, weights)));
    });
    const loss = terms.reduce(add);
    const floats = inputs.flatMap((x, i) => (x.dtype === 'float32' ? [{ x, i }] : []));
    const found = gradients(
      loss,
      floats.map(({ x }) => x),
    );
    return {
      ...Object.fromEntries(made.map((y, i) => [`y${i}`, y])),
      ...Object.fromEntries(floats.map(({ i }, j) => [`d${i}`, found[j] as Tensor])),
      loss,
    };
  });

async function onnxRuntime(c: Case, graph: Graph, contrib: boolean): Promise<Record<string, Value>> {
  const model = loadable(graph, { contrib });
  const session = await runtime.load(model);
  const feeds = Object.fromEntries(c.numbers.map((data, i) => [`x${i}`, hostArray(operandType(c, i).dtype, data)]));
  const outputs = await session.run(feeds);
  await session.release();
  return Object.fromEntries(
    model.outputs.map(({ name, shape }) => [name, { shape, data: plainNumbers(outputs[name] ?? new Float32Array()) }]),
  );
}

async function expectAgreement(c: Case, graph: Graph, tolerance: (output: string) => number): Promise<void> {
  const want = evaluate(graph, feedsOf(c));
  expect(lowerGraph(graph, { contrib: false }).nodes.filter((n) => n.domain !== '')).toEqual([]);
  for (const contrib of [true, false]) {
    const have = await onnxRuntime(c, graph, contrib);
    expect(Object.keys(have)).toEqual(Object.keys(want));
    for (const [name, value] of Object.entries(want)) {
      const apart = difference(have[name] as Value, value);
      expect(apart, `${name} with contrib ${contrib}`).toBeLessThanOrEqual(tolerance(name));
    }
  }
}

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

describe('every operation', () => {
  for (const [name, op] of Object.entries(OPS) as [OpName, Op<object>][]) {
    it(`${name} agrees with its definition`, async () => {
      expect(op.name).toBe(name);
      if (name === 'input' || name === 'constant') return;
      expect(op.samples.length).toBeGreaterThan(0);
      for (const sample of op.samples) {
        const random = Random.stream(1, name);
        const c: Case = { op: name, sample, numbers: drawOperands(sample.inputs, random), random };
        await expectAgreement(c, forwardGraph(c), () => 1e-5);
        if (op.vjp === null) continue;
        const graph = gradientGraph(c);
        await expectAgreement(c, graph, (output) => (output.startsWith('y') ? 1e-5 : 1e-4));
        expectFiniteDifferences(c, graph);
      }
    });
  }
});

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
  await expectAgreement(c, forwardGraph(c), () => 1e-5);
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
