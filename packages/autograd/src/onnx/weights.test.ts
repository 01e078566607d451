import { describe, expect, it } from 'vitest';
import { float32 } from '../core/types.ts';
import { trace } from '../graph/trace.ts';
import { linear } from '../nn/layers.ts';
import { constant } from '../ops/source.ts';
import { nodeRuntime } from '../runtime/node.ts';
import { lowerGraph } from './lower.ts';
import { PRECISIONS, restored, stored } from './precision.ts';
import { encodeModel } from './protobuf.ts';
import { storeWeights } from './weights.ts';

const SHAPE = [40, 30] as const;
const weight = Float32Array.from({ length: 1200 }, (_, i) => Math.sin(i) / (1 + (i % 7)));
const bias = Float32Array.from({ length: 30 }, (_, i) => Math.cos(i));
const model = (values: Float32Array) =>
  lowerGraph(
    trace({ x: float32(2, 40) }, ({ x }, scope) => ({
      y: linear(x, {
        weight: constant(scope, 'float32', SHAPE, values),
        bias: constant(scope, 'float32', [30], bias),
      }),
    })),
  );

describe.each(PRECISIONS)('weights stored as %s', (precision) => {
  const kept = stored(weight, SHAPE, precision);
  const small = storeWeights(model(weight), new Map([[weight, { name: 'fc.weight', stored: kept }]]));

  it('compute what the numbers that they stand for compute, to the bit', async () => {
    const x = Float32Array.from({ length: 80 }, (_, i) => Math.sin(3 * i));
    const runtime = nodeRuntime({ threads: 1 });
    const [have, want] = await Promise.all(
      [small, model(restored(kept))].map(async (each) => {
        const { inputs, outputs } = model(weight);
        const session = await runtime.load({ bytes: encodeModel(each), inputs, outputs });
        const { y } = await session.run({ x });
        await session.release();
        return y;
      }),
    );
    expect(have).toEqual(want);
  });

  it('go by their names, and take the room of their type', () => {
    const bytes = { float32: 4800, float16: 2400, int8: 1200 }[precision];
    const found = small.initializers.find(({ name }) => name.startsWith('fc.weight') && !name.endsWith('.scales'));
    expect(found?.data.byteLength).toBe(bytes);
    expect(small.nodes.some(({ inputs }) => inputs.includes('fc.weight'))).toBe(true);
    // The bias was not named, and stays.
    expect(small.initializers.some(({ data }) => data === bias)).toBe(true);
  });
});
