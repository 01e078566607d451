import type { Random } from '@neurodex/core/random';
import type { SampleInput } from '../core/op.ts';
import { type DType, elementCount, type HostArray } from '../core/types.ts';

/**
 * Elements for the operands of a sample, all exact in float32. No two floats of one range are closer than ¾ of the
 * range divided by their number, and none is in the middle of its range: every kink (relu, maximum, max) stays away.
 */
export function drawOperands(inputs: readonly SampleInput[], random: Random): number[][] {
  const floats = inputs.filter((i) => (i.dtype ?? 'float32') === 'float32');
  const n = floats.reduce((sum, i) => sum + elementCount(i.shape), 0);
  const cells = random.shuffled(Array.from({ length: n }, (_, i) => i));
  return inputs.map(({ shape, dtype = 'float32', low = -2, high = 2 }) =>
    Array.from({ length: elementCount(shape) }, () =>
      dtype === 'float32'
        ? Math.fround(low + ((high - low) * ((cells.pop() ?? 0) + random.uniform(0.2, 0.45))) / n)
        : random.integer(high),
    ),
  );
}

/** Numbers in the array that a runtime takes. */
export function hostArray(dtype: DType, numbers: readonly number[]): HostArray {
  switch (dtype) {
    case 'float32':
      return Float32Array.from(numbers);
    case 'int32':
      return Int32Array.from(numbers);
    case 'int64':
      return BigInt64Array.from(numbers, BigInt);
    default:
      return Uint8Array.from(numbers);
  }
}

export const plainNumbers = (array: HostArray): number[] => Array.from(array as ArrayLike<number | bigint>, Number);
