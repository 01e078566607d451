import { elementCount, type Shape } from '../core/types.ts';

/** How weights are stored; they are computed with in float32. */
export const PRECISIONS = ['float32', 'float16', 'int8'] as const;

/** What weights are stored in. */
export type Precision = (typeof PRECISIONS)[number];

/** Weights as they are stored. */
export type Stored =
  | { readonly precision: 'float32'; readonly data: Float32Array }
  /** The bits of IEEE 754 half precision. */
  | { readonly precision: 'float16'; readonly data: Uint16Array }
  | { readonly precision: 'int8'; readonly data: Int8Array; readonly scales: Float32Array };

/** A matrix [in, out] as bytes, and what one step is worth in each column [out]. */
export interface Quantised {
  readonly data: Int8Array;
  readonly scales: Float32Array;
}

/**
 * Weights in a precision. int8 is symmetric and for each column of a matrix by itself (Jacob et al. 2018, §3;
 * Krishnamoorthi 2018, §3.1): w ≈ q·s, q from −127 to 127, s = max|w|/127. What is no matrix stays float32 in int8.
 * @example
 * ```ts
 * import { stored } from '@neurodex/autograd';
 *
 * // A column's largest weight is 127 steps: one step is worth 1 in the first column, 0.5 in the second.
 * const weights = stored(Float32Array.of(127, 63.5, -10, 1), [2, 2], 'int8');
 * console.log(weights.data); // → Int8Array(4) [ 127, 127, -10, 2 ]
 * if (weights.precision === 'int8') console.log(weights.scales); // → Float32Array(2) [ 1, 0.5 ]
 * ```
 */
export function stored(data: Float32Array, shape: Shape, precision: Precision): Stored {
  if (precision === 'float16') return { precision, data: Uint16Array.from(data, toFloat16) };
  if (precision === 'int8' && shape.length === 2) return { precision, ...quantise(data, shape) };
  return { precision: 'float32', data };
}

/**
 * The float32 numbers that stored weights stand for.
 * @example
 * ```ts
 * import { restored, stored } from '@neurodex/autograd';
 *
 * // Half precision has 11 bits of mantissa: 2049 is rounded to 2048.
 * console.log(restored(stored(Float32Array.of(0.5, 2049), [2], 'float16'))); // → Float32Array(2) [ 0.5, 2048 ]
 * ```
 */
export function restored(weights: Stored): Float32Array {
  switch (weights.precision) {
    case 'float32':
      return weights.data;
    case 'float16':
      return Float32Array.from(weights.data, fromFloat16);
    case 'int8':
      return dequantise(weights);
  }
}

/** @param shape [in, out] */
export function quantise(data: Float32Array, shape: Shape): Quantised {
  const columns = shape[1] ?? 1;
  if (data.length !== elementCount(shape)) throw new RangeError(`${data.length} elements are no [${shape.join(',')}]`);
  const scales = new Float32Array(columns);
  data.forEach((x, i) => {
    scales[i % columns] = Math.max(scales[i % columns] ?? NaN, Math.abs(x) / 127);
  });
  // A column of zeros has nothing to scale.
  scales.forEach((scale, i) => {
    if (scale === 0) scales[i] = 1;
  });
  return {
    data: Int8Array.from(data, (x, i) => Math.max(-127, Math.min(127, Math.round(x / (scales[i % columns] ?? NaN))))),
    scales,
  };
}

export const dequantise = ({ data, scales }: Quantised): Float32Array =>
  Float32Array.from(data, (q, i) => q * (scales[i % scales.length] ?? NaN));

const word = new DataView(new ArrayBuffer(4));

/** The nearest half precision number, ties to the even one; beyond its range the largest there is. */
function toFloat16(value: number): number {
  word.setFloat32(0, value);
  const bits = word.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return sign | 0x7e00;
  if (magnitude >= 65520) return sign | (magnitude === Number.POSITIVE_INFINITY ? 0x7c00 : 0x7bff);
  // Below the smallest normal number one step is 2⁻²⁴; adding 2⁻¹⁴ · 2¹⁰ steps would lose nothing, so count steps.
  if (magnitude < 2 ** -14) return sign | halfEven(magnitude * 2 ** 24);
  const exponent = ((bits >>> 23) & 0xff) - 127;
  // A mantissa that rounds up to the next power of two carries into the exponent.
  return sign | (((exponent + 15) << 10) + halfEven((magnitude / 2 ** exponent - 1) * 1024));
}

function halfEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down;
}

function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
