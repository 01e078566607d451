import { Random } from '@neurodex/core/random';
import { describe, expect, it } from 'vitest';
import type { Op } from '../core/op.ts';
import { float32, int32 } from '../core/types.ts';
import { add } from '../ops/elementwise.ts';
import { gather } from '../ops/gather.ts';
import { reshape } from '../ops/shape.ts';
import { constant } from '../ops/source.ts';
import { OPS } from '../ops/table.ts';
import { loadable } from '../runtime/model.ts';
import { drawOperands, hostArray } from '../testing/draw.ts';
import { evaluate } from '../testing/reference.ts';
import { checkGraph } from './check.ts';
import { foldConstants } from './fold.ts';
import type { Graph } from './graph.ts';
import { trace } from './trace.ts';

const operations = (graph: Graph): string[] => graph.nodes.map((n) => n.op);
const foldable = (Object.entries(OPS) as [string, Op<object>][]).filter(([, op]) => op.fold !== undefined);

describe('constants', () => {
  it.each(foldable)('that %s moves are moved before the graph runs, to the same values', (name, { samples }) => {
    for (const { inputs, attributes } of samples) {
      const drawn = drawOperands(inputs, Random.stream(1, name));
      const graph = trace({}, (_, scope) => {
        const operands = inputs.map(({ shape, dtype = 'float32' }, i) =>
          constant(scope, dtype, shape, hostArray(dtype, drawn[i] ?? [])),
        );
        return Object.fromEntries(scope.apply(name, operands, attributes).map((y, i) => [`y${i}`, y]));
      });
      const folded = foldConstants(graph);
      checkGraph(folded);
      expect(new Set(operations(folded))).toEqual(new Set(['constant']));
      expect(evaluate(folded, {})).toEqual(evaluate(graph, {}));
    }
  });

  it('that were moved can be moved again', () => {
    const graph = trace({ x: float32(2, 1) }, ({ x }, scope) => {
      const table = constant(scope, 'float32', [6], Float32Array.of(1, 2, 3, 4, 5, 6));
      const rows = gather(reshape(table, [3, 2]), constant(scope, 'int32', [2], Int32Array.of(2, 0)));
      return { y: add(x, rows) };
    });
    const folded = foldConstants(graph);
    checkGraph(folded);
    expect(operations(folded)).not.toContain('gather');
    expect(evaluate(folded, { x: [10, 20] }).y?.data).toEqual([15, 16, 21, 22]);
  });

  it('stay where they meet what is not known', () => {
    const graph = trace({ rows: int32(2) }, ({ rows }, scope) => ({
      y: gather(constant(scope, 'float32', [3], Float32Array.of(1, 2, 3)), rows),
    }));
    expect(foldConstants(graph)).toEqual(graph);
  });

  it('of a row that a table has not are refused', () => {
    for (const index of [-1, 3]) {
      const graph = trace({}, (_, scope) => ({
        y: gather(
          constant(scope, 'float32', [3], new Float32Array(3)),
          constant(scope, 'int32', [1], Int32Array.of(index)),
        ),
      }));
      expect(() => foldConstants(graph)).toThrow(`float32[3] has no row ${index}`);
    }
  });

  it('leave a large table out of a model that reads a few rows of it', () => {
    const { bytes } = loadable(
      trace({ x: float32(2) }, ({ x }, scope) => {
        const table = constant(scope, 'float32', [10_000, 2], new Float32Array(20_000));
        return { y: add(x, gather(table, constant(scope, 'int32', [1], Int32Array.of(7)))) };
      }),
    );
    expect(bytes.length).toBeLessThan(1000);
  });
});
