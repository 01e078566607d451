import { Random } from '@neurodex/core/random';
import { describe, expect, it } from 'vitest';
import type { Op, Sample } from '../core/op.ts';
import type { Tensor } from '../core/tensor.ts';
import { elementCount, type TensorType } from '../core/types.ts';
import { gradients } from '../graph/backward.ts';
import type { GraphBuilder } from '../graph/builder.ts';
import type { Graph } from '../graph/graph.ts';
import { trace } from '../graph/trace.ts';
import { lowerGraph } from '../onnx/lower.ts';
import { loadable } from '../runtime/model.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { difference, type Value } from '../testing/arrays.ts';
import { drawOperands, hostArray, plainNumbers } from '../testing/draw.ts';
import { evaluate, type Numbers } from '../testing/reference.ts';
import { add, mul } from './elementwise.ts';
import { sum } from './reduce.ts';
import { constant } from './source.ts';
import { OPS, type OpName } from './table.ts';

/** Their second output exists for the gradient of the first: only the first is differentiated. */
const FIRST_ONLY = new Set(['gelu', 'standardize', 'attention']);
export interface Case {
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
export const feedsOf = (c: Case): Numbers => Object.fromEntries(c.numbers.map((data, i) => [`x${i}`, data]));

const traceCase = (c: Case, outputs: (tensors: readonly Tensor[], scope: GraphBuilder) => Record<string, Tensor>) =>
  trace(inputTypes(c), (inputs, scope) => outputs(Object.values(inputs), scope));

/** What a user asks for: the operation alone. */
export const forwardGraph = (c: Case): Graph =>
  traceCase(c, (inputs, scope) => {
    const made = scope.apply(c.op, inputs, c.sample.attributes);
    return Object.fromEntries((FIRST_ONLY.has(c.op) ? made.slice(0, 1) : made).map((y, i) => [`y${i}`, y]));
  });

/** All outputs, a randomly weighted sum of those that are differentiated, and its gradients for the float operands. */
export const gradientGraph = (c: Case): Graph =>
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

async function outputsOf(c: Case, graph: Graph, runtime: Runtime): Promise<Record<string, Value>> {
  const model = loadable(graph, { contrib: runtime.contrib });
  const session = await runtime.load(model);
  const feeds = Object.fromEntries(c.numbers.map((data, i) => [`x${i}`, hostArray(operandType(c, i).dtype, data)]));
  const outputs = await session.run(feeds);
  await session.release();
  return Object.fromEntries(
    model.outputs.map(({ name, shape }) => [name, { shape, data: plainNumbers(outputs[name] ?? new Float32Array()) }]),
  );
}

/** The outputs of a graph on each runtime are those of its definition. @param tolerance of an output */
export async function expectAgreement(
  c: Case,
  graph: Graph,
  runtimes: readonly Runtime[],
  tolerance: (output: string) => number,
): Promise<void> {
  const want = evaluate(graph, feedsOf(c));
  expect(lowerGraph(graph, { contrib: false }).nodes.filter((n) => n.domain !== '')).toEqual([]);
  for (const runtime of runtimes) {
    const have = await outputsOf(c, graph, runtime);
    expect(Object.keys(have)).toEqual(Object.keys(want));
    for (const [name, value] of Object.entries(want)) {
      const apart = difference(have[name] as Value, value);
      expect(apart, `${name} with contrib ${runtime.contrib}`).toBeLessThanOrEqual(tolerance(name));
    }
  }
}

/** Every operation and its gradient give what their definitions say, on each runtime. @param alsoCheck of a graph with gradients */
export function operationsContract(
  name: string,
  runtimes: readonly Runtime[],
  alsoCheck: (c: Case, graph: Graph) => void = () => {},
): void {
  describe(`every operation ${name}`, () => {
    for (const [opName, op] of Object.entries(OPS) as [OpName, Op<object>][]) {
      it(`${opName} agrees with its definition`, async () => {
        expect(op.name).toBe(opName);
        if (opName === 'input' || opName === 'constant') return;
        expect(op.samples.length).toBeGreaterThan(0);
        for (const sample of op.samples) {
          const random = Random.stream(1, opName);
          const c: Case = { op: opName, sample, numbers: drawOperands(sample.inputs, random), random };
          await expectAgreement(c, forwardGraph(c), runtimes, () => 1e-5);
          if (op.vjp === null) continue;
          const graph = gradientGraph(c);
          await expectAgreement(c, graph, runtimes, (output) => (output.startsWith('y') ? 1e-5 : 1e-4));
          alsoCheck(c, graph);
        }
      });
    }
  });
}
