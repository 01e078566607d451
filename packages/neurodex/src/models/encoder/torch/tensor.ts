import { Damaged } from './damaged.ts';
import type { Storage } from './storage.ts';

/** A tensor in row-major order. */
export type TorchTensor =
  | { readonly dtype: 'float32'; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: 'int64'; readonly shape: readonly number[]; readonly data: BigInt64Array };

/** How a tensor looks at its storage: element i₀, i₁ … is at offset + Σ i·stride. */
export interface View {
  readonly kind: 'view';
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/**
 * A view's elements in row-major order, copied. A view may permute its storage, as PyTorch's permute does, but not repeat
 * elements: so a tensor is never larger than the file.
 * @throws Damaged
 */
export function tensorOf({ storage, offset, shape, strides }: View, name: string): TorchTensor {
  const { bytes, type, count } = storage;
  if (bytes === undefined || shape.length !== strides.length)
    throw new Damaged(`its tensor ${name} has no sound shape`);
  const length = elementCount(shape);
  const last = shape.reduce((at, size, i) => at + (size - 1) * (strides[i] ?? NaN), offset);
  if (length > count || (length > 0 && last >= count))
    throw new Damaged(`its tensor ${name} is larger than its storage`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (type.dtype === 'int64') {
    const data = new BigInt64Array(length);
    forEachPlace({ offset, shape, strides }, length, (i, at) => {
      data[i] = view.getBigInt64(8 * at, true);
    });
    return { dtype: 'int64', shape, data };
  }
  const data = new Float32Array(length);
  forEachPlace({ offset, shape, strides }, length, (i, at) => {
    data[i] = view.getFloat32(4 * at, true);
  });
  return { dtype: 'float32', shape, data };
}

export const elementCount = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Tells of each element, in row-major order, where it is in its storage. */
function forEachPlace(
  { offset, shape, strides }: Pick<View, 'offset' | 'shape' | 'strides'>,
  length: number,
  take: (i: number, at: number) => void,
): void {
  const index = new Array<number>(shape.length).fill(0);
  let at = offset;
  for (let i = 0; i < length; i++) {
    take(i, at);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const [size, stride] = [shape[axis] ?? NaN, strides[axis] ?? NaN];
      const next = (index[axis] ?? NaN) + 1;
      if (next < size) {
        index[axis] = next;
        at += stride;
        break;
      }
      index[axis] = 0;
      at -= (size - 1) * stride;
    }
  }
}
