import { ShapeError } from '../core/errors.ts';
import { defineOp, single } from '../core/op.ts';
import { expectCount } from '../core/shapes.ts';
import type { Tensor } from '../core/tensor.ts';
import { mul } from './elementwise.ts';

/** How many of the 256 byte values mean "dropped". */
const droppedBytes = (rate: number): number => Math.round(rate * 256);

/** The rate that bytes can express: a multiple of 1/256. */
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

/** Drops elements at random with the given rate; none below 1/512, where bytes cannot tell. */
export function dropout(x: Tensor, rate: number): Tensor {
  if (droppedBytes(rate) === 0) return x;
  const noise = x.scope.noise(x.shape);
  return mul(x, single(x.scope.apply('dropoutMask', [noise], { rate })));
}
