import { describe, expect, it } from 'vitest';
import { float32, int32 } from '../core/types.ts';
import { trace } from '../graph/trace.ts';
import { linear } from '../nn/layers.ts';
import { attention } from '../ops/attention.ts';
import { add } from '../ops/elementwise.ts';
import { gather } from '../ops/gather.ts';
import { broadcastTo, concat, reshape } from '../ops/shape.ts';
import { constant } from '../ops/source.ts';
import { nodeRuntime } from '../runtime/node.ts';
import { lowerGraph } from './lower.ts';
import { encodeModel, type OnnxModel } from './protobuf.ts';
import { withSymbols } from './symbols.ts';

const BATCH = 10007;
const SLOTS = 20011;
const WIDTH = 4;

/** Everything that decoding does with shapes: rows of two open dimensions, heads, a concatenation, an expansion. */
const graph = (slots: number, batch: number) =>
  trace(
    { memory: float32(3, batch, WIDTH), tokens: int32(slots, batch), mask: float32(slots, 3 + slots) },
    ({ memory, tokens, mask }, scope) => {
      const table = constant(
        scope,
        'float32',
        [5, WIDTH],
        Float32Array.from({ length: 20 }, (_, i) => Math.sin(i)),
      );
      const weight = constant(
        scope,
        'float32',
        [WIDTH, WIDTH],
        Float32Array.from({ length: 16 }, (_, i) => i / 16),
      );
      const bias = constant(scope, 'float32', [WIDTH], Float32Array.of(1, 2, 3, 4));
      const x = linear(gather(table, tokens), { weight, bias });
      const keys = concat([memory, x], 0);
      const repeated = broadcastTo(
        reshape(constant(scope, 'float32', [WIDTH], Float32Array.of(5, 6, 7, 8)), [1, 1, WIDTH]),
        [1, batch, WIDTH],
      );
      return { y: add(add(x, repeated), attention(x, keys, keys, 2, mask)[0]), repeated };
    },
  );

const runtime = nodeRuntime({ threads: 1 });
const feedsOf = (slots: number, batch: number) => ({
  memory: Float32Array.from({ length: 3 * batch * WIDTH }, (_, i) => Math.cos(i)),
  tokens: Int32Array.from({ length: slots * batch }, (_, i) => i % 5),
  mask: Float32Array.from({ length: slots * (3 + slots) }, (_, i) => (i % 3 === 0 ? -1e9 : 0)),
});

async function run(model: OnnxModel, slots: number, batch: number) {
  const { inputs, outputs } = lowerGraph(graph(slots, batch), { contrib: false });
  const session = await runtime.load({ bytes: encodeModel(model), inputs, outputs });
  try {
    return await session.run(feedsOf(slots, batch));
  } finally {
    await session.release();
  }
}

describe('named dimensions', () => {
  const symbols = { batch: BATCH, slots: SLOTS };
  const open = withSymbols(lowerGraph(graph(SLOTS, BATCH), { contrib: false }), symbols);

  it('stand in inputs and outputs', () => {
    expect(Object.fromEntries([...open.inputs, ...open.outputs].map(({ name, shape }) => [name, shape]))).toEqual({
      memory: [3, 'batch', 4],
      tokens: ['slots', 'batch'],
      mask: ['slots', '3 + slots'],
      y: ['slots', 'batch', 4],
      repeated: [1, 'batch', 4],
    });
  });

  it('give what the graph of each size gives', async () => {
    for (const [slots, batch] of [
      [1, 1],
      [2, 3],
      [7, 32],
    ] as const) {
      const fixed = lowerGraph(graph(slots, batch), { contrib: false });
      expect(await run(open, slots, batch)).toEqual(await run(fixed, slots, batch));
    }
  });

  it('are refused where a constant other than a shape depends on them', () => {
    const filled = trace({ x: float32(BATCH) }, ({ x }, scope) => ({
      y: add(x, constant(scope, 'float32', [BATCH], new Float32Array(BATCH))),
    }));
    expect(() => withSymbols(lowerGraph(filled), symbols)).toThrow('depends on one of batch, slots');
  });

  it('are refused where no input says how long they are', () => {
    const repeated = trace({ x: float32(1, 2) }, ({ x }) => ({ y: broadcastTo(x, [BATCH, 2]) }));
    expect(() => withSymbols(lowerGraph(repeated), symbols)).toThrow('no input says how long');
    const crossed = trace({ x: float32(BATCH * 2, SLOTS * 3) }, ({ x }) => ({ y: reshape(x, [SLOTS, 6, BATCH]) }));
    expect(() => withSymbols(lowerGraph(crossed), symbols)).toThrow('no input says how long');
  });
});
