import { Random } from '@neurodex/core/random';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../core/tensor.ts';
import { elementCount, type Shape, type TensorType } from '../core/types.ts';
import { gelu, stopGradient } from '../ops/activation.ts';
import { attention } from '../ops/attention.ts';
import { add, maximum, mul, relu, tanh } from '../ops/elementwise.ts';
import { max, sum } from '../ops/reduce.ts';
import { select } from '../ops/select.ts';
import { constant } from '../ops/source.ts';
import { loadable } from '../runtime/model.ts';
import { nodeRuntime } from '../runtime/node.ts';
import { difference, total } from '../testing/arrays.ts';
import { derivativeAtZero } from '../testing/derivative.ts';
import { plainNumbers } from '../testing/draw.ts';
import { runProgram, type Step, shapes, steps } from '../testing/expressions.ts';
import { evaluate } from '../testing/reference.ts';
import { gradients } from './backward.ts';
import type { Graph } from './graph.ts';
import { printGraph } from './print.ts';
import { trace } from './trace.ts';

const f = (...shape: number[]): TensorType => ({ dtype: 'float32', shape });
const typesOf = (operands: readonly Shape[]) => Object.fromEntries(operands.map((s, i) => [`x${i}`, f(...s)]));

/** The sum of all that a program makes, so that every step counts, and its gradients for the operands. */
function gradientGraph(operands: readonly Shape[], program: readonly Step[]): Graph {
  return trace(typesOf(operands), (inputs) => {
    const tensors = Object.values(inputs);
    const loss = runProgram(tensors, program)
      .map((t, i) => mul(sum(t), 1 / (i + 1)))
      .reduce(add);
    const found = gradients(loss, tensors);
    return { loss, ...Object.fromEntries(found.map((g, i) => [`d${i}`, g])) };
  });
}

const numbersFor = (operands: readonly Shape[], seed: number) => {
  const random = Random.seeded(seed);
  return Object.fromEntries(
    operands.map((shape, i) => [
      `x${i}`,
      Array.from({ length: elementCount(shape) }, () => Math.fround(random.uniform(-1, 1))),
    ]),
  );
};

describe('gradients', () => {
  it('of random programs are their directional derivatives', () => {
    fc.assert(
      fc.property(shapes, steps(1, 12), fc.nat(), (operands, program, seed) => {
        const graph = gradientGraph(operands, program);
        const at = numbersFor(operands, seed);
        const towards = numbersFor(operands, seed + 1);
        const moved = (t: number) =>
          Object.fromEntries(
            Object.entries(at).map(([name, x]) => [name, x.map((v, i) => v + t * (towards[name]?.[i] ?? NaN))]),
          );
        const loss = (t: number) => evaluate(graph, moved(t), ['loss']).loss?.data[0] ?? NaN;
        const traced = evaluate(graph, at);
        // A program that blows up has no finite difference worth the name.
        fc.pre(Math.abs(loss(0)) < 1e4);
        const products = operands.flatMap((_, i) =>
          (traced[`d${i}`]?.data ?? [NaN]).map((g, j) => g * (towards[`x${i}`]?.[j] ?? NaN)),
        );
        const scale = Math.max(1, total(products.map(Math.abs)));
        const apart = Math.abs(total(products) - derivativeAtZero(loss, 3e-4));
        expect(apart / scale).toBeLessThan(1e-6);
      }),
      { numRuns: 150, seed: 1 },
    );
  });

  it('of random programs are the same in ONNX Runtime', async () => {
    const runtime = nodeRuntime({ threads: 1 });
    await fc.assert(
      fc.asyncProperty(shapes, steps(1, 10), fc.nat(), fc.boolean(), async (operands, program, seed, contrib) => {
        const graph = gradientGraph(operands, program);
        const numbers = numbersFor(operands, seed);
        const want = evaluate(graph, numbers);
        fc.pre(Object.values(want).every(({ data }) => data.every((x) => Math.abs(x) < 1e3)));
        const session = await runtime.load(loadable(graph, { contrib }));
        const feeds = Object.fromEntries(Object.entries(numbers).map(([name, x]) => [name, Float32Array.from(x)]));
        const have = await session.run(feeds);
        await session.release();
        for (const [name, value] of Object.entries(want)) {
          const data = plainNumbers(have[name] ?? new Float32Array());
          const largest = Math.max(1, ...value.data.map(Math.abs));
          const apart = Math.max(...value.data.map((x, i) => Math.abs(x - (data[i] ?? NaN))));
          expect(apart / largest, name).toBeLessThan(1e-4);
        }
      }),
      { numRuns: 40, seed: 2 },
    );
  });

  const gradientOf = (body: (x: Tensor) => Tensor, x: number[]) => {
    const graph = trace({ x: f(x.length) }, (inputs) => ({
      gradient: gradients(body(inputs.x), [inputs.x])[0] as Tensor,
    }));
    return evaluate(graph, { x }).gradient?.data;
  };

  it('add up where a value is used several times', () => {
    expect(gradientOf((x) => sum(add(mul(x, x), mul(x, 3))), [2, -1])).toEqual([7, 1]);
  });

  it('stop where they are told to', () => {
    expect(gradientOf((x) => sum(mul(stopGradient(x), x)), [2, -1])).toEqual([2, -1]);
  });

  it('are zero for what the loss does not depend on', () => {
    expect(gradientOf((x) => sum(constant(x.scope, 'float32', [2], Float32Array.of(1, 2))), [5, 6])).toEqual([0, 0]);
  });

  it('at a kink go where the declarations say', () => {
    expect(gradientOf((x) => sum(relu(x)), [0, 1, -1])).toEqual([0, 1, 0]);
    expect(gradientOf((x) => sum(maximum(x, 1)), [1, 2, 0])).toEqual([0, 1, 0]);
    expect(gradientOf((x) => sum(maximum(1, x)), [1, 2, 0])).toEqual([1, 1, 0]);
    expect(gradientOf((x) => max(x), [3, 3, 1])).toEqual([1, 1, 0]);
    expect(
      gradientOf((x) => sum(select(constant(x.scope, 'float32', [2], Float32Array.of(1, 0)), mul(x, 2), x)), [1, 1]),
    ).toEqual([2, 1]);
  });

  it('of gradients are second derivatives', () => {
    const x = [0.3, -0.7];
    const second = gradientOf((t) => sum(gradients(sum(tanh(t)), [t])[0] as Tensor), x);
    const want = x.map((v) => -2 * Math.tanh(v) * (1 - Math.tanh(v) ** 2));
    expect(difference({ shape: [2], data: second ?? [] }, { shape: [2], data: want })).toBeLessThan(1e-6);
  });

  it('are refused where an operation has none, instead of being wrong', () => {
    expect(() => gradientOf((x) => sum(gradients(sum(gelu(x)), [x])[0] as Tensor), [1])).toThrow(
      'only the first output of gelu has a gradient',
    );
    const three = { q: f(2, 1, 2), k: f(2, 1, 2), v: f(2, 1, 2) };
    expect(() =>
      trace(three, ({ q, k, v }) => ({ d: gradients(sum(attention(q, k, v, 1)[1]), [q])[0] as Tensor })),
    ).toThrow('only the first output of attention has a gradient');
  });

  it('are refused for a loss that is no scalar', () => {
    expect(() => gradientOf((x) => x, [1, 2])).toThrow('gradients(float32[2]): the loss must be a scalar');
  });

  it('are taken only towards the targets', () => {
    const graph = trace({ x: f(2), w: f(2) }, ({ x, w }) => ({
      d: gradients(sum(mul(tanh(x), w)), [w])[0] as Tensor,
    }));
    // tanh's own gradient would need 1 − tanh², which nobody asked for.
    expect(printGraph(graph)).not.toContain('sub(');
  });
});
