import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GraphError } from '../core/errors.ts';
import type { Tensor } from '../core/tensor.ts';
import type { TensorType } from '../core/types.ts';
import { lowerGraph, toOnnx } from '../onnx/lower.ts';
import { dropout } from '../ops/dropout.ts';
import { add, mul, relu } from '../ops/elementwise.ts';
import { unpack } from '../ops/pack.ts';
import { sum } from '../ops/reduce.ts';
import { reshape } from '../ops/shape.ts';
import { constant } from '../ops/source.ts';
import { runProgram, shapes, steps } from '../testing/expressions.ts';
import { GraphBuilder } from './builder.ts';
import { checkGraph } from './check.ts';
import type { Graph, GraphNode } from './graph.ts';
import { printGraph } from './print.ts';
import { trace } from './trace.ts';

const f = (...shape: number[]): TensorType => ({ dtype: 'float32', shape });

describe('trace', () => {
  it('of the same function is the same graph and the same file', () => {
    fc.assert(
      fc.property(shapes, steps(1, 10), (operands, program) => {
        const once = () =>
          trace(Object.fromEntries(operands.map((s, i) => [`x${i}`, f(...s)])), (inputs) => ({
            y: runProgram(Object.values(inputs), program)
              .map((t) => sum(t))
              .reduce(add),
          }));
        const [first, second] = [once(), once()];
        expect(printGraph(second)).toBe(printGraph(first));
        expect(toOnnx(second)).toEqual(toOnnx(first));
      }),
      { numRuns: 30, seed: 1 },
    );
  });

  it('makes one node of the same operation on the same operands', () => {
    const graph = trace({ x: f(2) }, ({ x }) => ({ y: add(relu(x), mul(relu(x), 2)), z: mul(relu(x), 2) }));
    expect(graph.nodes.map((n) => n.op).sort()).toEqual(['add', 'constant', 'input', 'mul', 'relu']);
  });

  it('keeps constants apart that only look alike', () => {
    const graph = trace({ x: f(1) }, ({ x }) => {
      const zero = (value: number) => constant(x.scope, 'float32', [1], Float32Array.of(value));
      return { y: zero(0), z: zero(-0), n: constant(x.scope, 'int32', [1], Int32Array.of(0)) };
    });
    expect(new Set(graph.outputs.map((o) => o.value)).size).toBe(3);
  });

  it('keeps large constants apart, through the file as well', () => {
    const graph = trace({ x: f(17) }, ({ x }) => {
      const filled = (value: number) => constant(x.scope, 'float32', [17], new Float32Array(17).fill(value));
      return { y: mul(x, filled(2)), z: mul(x, filled(3)) };
    });
    expect(lowerGraph(graph).initializers.map((t) => t.data[0])).toEqual([2, 3]);
  });

  it('draws new noise for every dropout', () => {
    const graph = trace({ x: f(2, 3) }, ({ x }) => ({ y: add(dropout(x, 0.5), dropout(x, 0.5)) }));
    expect(graph.noise.map((n) => n.name)).toEqual(['noise0', 'noise1']);
    expect(graph.inputs.map((n) => n.name)).toEqual(['x']);
  });

  it('refuses tensors of another graph', () => {
    trace({ x: f(2) }, ({ x: other }) => {
      expect(() => trace({ x: f(2) }, ({ x }) => ({ y: add(x, other) }))).toThrow('add mixes tensors of two graphs');
      return { y: other };
    });
  });

  it('refuses two inputs of one name', () => {
    const scope = new GraphBuilder();
    scope.input('x', 'float32', [2]);
    expect(() => scope.input('x', 'float32', [2])).toThrow('two inputs are called x');
    scope.noise([4]);
    expect(() => scope.input('noise0', 'uint8', [4])).toThrow('two inputs are called noise0');
  });

  it('refuses an output with the name of an input', () => {
    expect(() => trace({ x: f(2) }, ({ x }) => ({ x: relu(x) }))).toThrow('two inputs or outputs are called x');
  });

  it('prints one operation a line', () => {
    const graph = trace({ x: f(2, 3) }, ({ x }) => ({ y: sum(relu(x), 1) }));
    expect(printGraph(graph)).toBe(
      [
        '%0: float32[2,3] = input(name="x", shape=[2,3])',
        '%1: float32[2,3] = relu(%0)',
        '%2: float32[2] = sum(%1, axes=[1], keepDimensions=false)',
        'return y: %2',
      ].join('\n'),
    );
  });

  it('prints a constant without its numbers, whose type says the rest', () => {
    const graph = trace({ x: f(2) }, ({ x }) => ({
      y: mul(x, constant(x.scope, 'float32', [2], Float32Array.of(3, 5))),
    }));
    const line = printGraph(graph)
      .split('\n')
      .find((each) => each.includes('= constant('));
    expect(line).toMatch(/^%\d: float32\[2\] = constant\(shape=\[2\]\)$/);
  });

  it('prints all outputs of an operation, and several results', () => {
    const graph = trace({ x: f(3) }, ({ x }) => {
      const [a, b] = unpack(x, [[2], [1]]) as [Tensor, Tensor];
      return { a, b };
    });
    expect(printGraph(graph).split('\n').slice(1)).toEqual([
      '%1: float32[2], %2: float32[1] = unpack(%0, shapes=[[2],[1]])',
      'return a: %1, b: %2',
    ]);
    // A graph that is not sound is printed too: it is printed to see why.
    expect(printGraph({ ...graph, types: [] })).toContain('%0: ? = input');
  });
});

describe('lowering', () => {
  it('cuts a vector into more than eight parts by slices, where only standard operations may be used', () => {
    const kinds = (parts: number, contrib: boolean) => {
      const graph = trace({ x: f(parts) }, ({ x }) =>
        Object.fromEntries(unpack(x, Array(parts).fill([1])).map((part, i) => [`y${i}`, part])),
      );
      return new Set(lowerGraph(graph, { contrib }).nodes.map(({ opType }) => opType));
    };
    expect([kinds(8, false), kinds(9, true)]).toEqual([new Set(['Split']), new Set(['Split'])]);
    expect(kinds(9, false)).toEqual(new Set(['Slice']));
  });

  it('writes a small constant once, whoever reads it, and one that differs in type, shape or value apart', () => {
    const graph = trace({ x: f(2, 2), y: f(2, 2) }, ({ x, y }) => {
      // The operations make the constants: [4] as int64 twice, and [1,4] once.
      return { a: relu(reshape(x, [4])), b: relu(reshape(y, [4])), c: relu(reshape(y, [1, 4])) };
    });
    const { initializers, nodes } = lowerGraph(graph);
    expect(initializers.map(({ dtype, data }) => [dtype, [...data].map(Number)])).toEqual([
      ['int64', [4]],
      ['int64', [1, 4]],
    ]);
    const reshapes = nodes.filter(({ opType }) => opType === 'Reshape').map(({ inputs }) => inputs[1]);
    expect(reshapes).toEqual([initializers[0]?.name, initializers[0]?.name, initializers[1]?.name]);
  });

  it('gives values of its own no name that an input or output has', () => {
    const types = { c0: f(2), t0: f(2), _v1: f(2), v0: f(2) };
    const graph = trace(types, ({ c0, t0, _v1, v0 }) => ({
      v1: mul(add(c0, t0), 3),
      v7: relu(add(add(_v1, v0), 2)),
    }));
    const model = lowerGraph(graph);
    const made = [...model.inputs, ...model.initializers]
      .map((v) => v.name)
      .concat(model.nodes.flatMap((n) => n.outputs));
    expect(new Set(made).size).toBe(made.length);
    expect(model.nodes.flatMap((n) => n.inputs).every((name) => made.includes(name))).toBe(true);
  });
});

describe('checkGraph', () => {
  const sound = trace({ x: f(2, 3) }, ({ x }) => ({ y: sum(relu(x), 1) }));
  const nodes = sound.nodes as readonly [GraphNode, GraphNode, GraphNode];
  const broken: Record<string, [Partial<Graph>, string]> = {
    'a value that is read before it is made': [
      { nodes: [nodes[0], nodes[2], nodes[1]] },
      'sum reads value 1 before it is made',
    ],
    'a value that is never made': [{ nodes: [nodes[0], nodes[1]] }, 'output y is never made'],
    'a value that is made twice': [{ nodes: [nodes[0], nodes[1], nodes[1], nodes[2]] }, 'value 1 is made twice'],
    'a shape that the operation does not make': [
      { types: [f(2, 3), f(2, 3), f(3)] },
      'sum makes float32[2], the graph says float32[3]',
    ],
    'an element type that the operation does not make': [
      { types: [f(2, 3), f(2, 3), { dtype: 'int32', shape: [2] }] },
      'sum makes float32[2], the graph says int32[2]',
    ],
    'a value that has no type': [{ types: [f(2, 3), f(2, 3)] }, 'sum makes float32[2], the graph says undefined'],
    'a node with too few outputs': [
      { nodes: [nodes[0], { ...nodes[1], outputs: [] }, nodes[2]] },
      'relu has 0 outputs, not 1',
    ],
    'two outputs of one name': [
      { outputs: [...sound.outputs, { name: 'y', value: 0 }] },
      'two inputs or outputs are called y',
    ],
    'operands that do not fit': [{ types: [{ dtype: 'int32', shape: [2, 3] }, f(2, 3), f(2)] }, 'input makes'],
  };
  it('accepts a sound graph', () => {
    expect(() => checkGraph(sound)).not.toThrow();
  });
  for (const [name, [change, message]] of Object.entries(broken)) {
    it(`refuses ${name}`, () => {
      expect(() => checkGraph({ ...sound, ...change })).toThrow(GraphError);
      expect(() => checkGraph({ ...sound, ...change })).toThrow(message);
    });
  }
});
