import { ShapeError } from '../core/errors.ts';
import { defineOp, single } from '../core/op.ts';
import { expectCount } from '../core/shapes.ts';
import type { Tensor } from '../core/tensor.ts';
import { mul } from './elementwise.ts';

/** How many of the 256 byte values mean "dropped". */
const droppedBytes = (rate: number): number => Math.round(rate * 256);

/**
 * The rate that bytes can express: the nearest multiple of 1/256.
 * @param rate 0 … 1
 * @example
 * ```ts
 * import { effectiveRate } from '@neurodex/autograd';
 *
 * console.log(effectiveRate(0.5), effectiveRate(0.1), effectiveRate(0.001)); // → 0.5 0.1015625 0
 * ```
 */
export const effectiveRate = (rate: number): number => droppedBytes(rate) / 256;

/**
 * Inverted dropout mask (Srivastava et al. 2014) from uniform bytes: 0 with the effective rate r, else 1/(1−r). Two
 * cheap passes: (byte − dropped + 1)·scale is at most 0 for dropped bytes and at least the scale for kept ones, then clip.
 */
export const dropoutMaskOp = defineOp<{ readonly rate: number }>({
  name: 'dropoutMask',
  infer(inputs, { rate }) {
    expectCount('dropoutMask', inputs, 1);
    const dropped = droppedBytes(rate);
    if (inputs[0]?.dtype !== 'uint8' || !(dropped >= 1 && dropped <= 255)) {
      throw new ShapeError('dropoutMask', inputs, `takes uint8 noise and a rate of 1/256 … 255/256, not ${rate}`);
    }
    return [{ dtype: 'float32', shape: inputs[0]?.shape ?? [] }];
  },
  vjp: null,
  lower(emit, { inputs, outputs, attributes: { rate } }) {
    const dropped = droppedBytes(rate);
    const scale = emit.constant('float32', [], Float32Array.of(256 / (256 - dropped)));
    const ramp = emit.temporary();
    if (emit.contrib) {
      const zeroPoint = emit.constant('uint8', [], Uint8Array.of(dropped - 1));
      emit.node('DequantizeLinear', [inputs[0] ?? '', scale, zeroPoint], [ramp]);
    } else {
      // On WebGPU, ONNX Runtime's DequantizeLinear gives other numbers for bytes with a zero point (1.30).
      const [floats, shifted] = [emit.temporary(), emit.temporary()];
      emit.node('Cast', [inputs[0] ?? ''], [floats], { to: 1 });
      emit.node('Sub', [floats, emit.constant('float32', [], Float32Array.of(dropped - 1))], [shifted]);
      emit.node('Mul', [shifted, scale], [ramp]);
    }
    emit.node('Clip', [ramp, emit.constant('float32', [], Float32Array.of(0)), scale], outputs);
  },
  samples: [{ inputs: [{ shape: [4, 64], dtype: 'uint8', high: 256 }], attributes: { rate: 0.1 } }],
});

/**
 * Drops elements at random with the effective rate r, and multiplies the others by 1/(1−r); none below a rate of 1/512,
 * where bytes cannot tell. Each run has a mask of its own, from an input of bytes that `Trainer` feeds.
 * @param rate 0 … 255/256
 * @throws ShapeError for another rate
 * @example
 * ```ts
 * import { dropout, float32, loadable, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ x: float32(4) }, ({ x }) => ({ y: dropout(x, 0.5) }));
 * const session = await nodeRuntime().load(loadable(graph));
 * // Half of the 256 values of a byte drop an element.
 * const feeds = { x: Float32Array.of(1, 2, 3, 4), [graph.noise[0]?.name ?? '']: Uint8Array.of(0, 255, 127, 128) };
 * console.log((await session.run(feeds)).y); // → Float32Array(4) [ 0, 4, 0, 8 ]
 * ```
 */
export function dropout(x: Tensor, rate: number): Tensor {
  if (droppedBytes(rate) === 0) return x;
  const noise = x.scope.noise(x.shape);
  return mul(x, single(x.scope.apply('dropoutMask', [noise], { rate })));
}
