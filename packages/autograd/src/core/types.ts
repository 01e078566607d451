/** Element types that the engine moves; gradients exist for float32 only. */
export type DType = 'float32' | 'int32' | 'int64' | 'uint8' | 'bool';

/** Every dimension is known: shapes are static, one graph per batch shape. `[]` is a scalar. */
export type Shape = readonly number[];

/** What is known of a tensor before it is computed. */
export interface TensorType {
  /** Of its elements. */
  readonly dtype: DType;
  /** Its dimensions; empty for a scalar. */
  readonly shape: Shape;
}

/** The array a host keeps elements of a type in; bool is one byte per element. */
export interface HostArrays {
  /** Numbers. */
  float32: Float32Array;
  /** Integers. */
  int32: Int32Array;
  /** Large integers. */
  int64: BigInt64Array;
  /** Bytes. */
  uint8: Uint8Array;
  /** 0 or 1. */
  bool: Uint8Array;
}

/** The elements of a tensor in JavaScript. */
export type HostArray = HostArrays[DType];

export const isHostArray = (value: unknown): value is HostArray =>
  [Float32Array, Int32Array, BigInt64Array, Uint8Array].some((type) => value instanceof type);

/**
 * How many elements a shape has.
 * @example
 * ```ts
 * import { elementCount } from '@neurodex/autograd';
 *
 * console.log(elementCount([2, 3])); // → 6
 * ```
 */
export const elementCount = (shape: Shape): number => shape.reduce((product, d) => product * d, 1);

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((d, i) => d === b[i]);

export const showType = ({ dtype, shape }: TensorType): string => `${dtype}[${shape.join(',')}]`;

/**
 * An array for so many elements of a type, of zeros.
 * @example
 * ```ts
 * import { allocate } from '@neurodex/autograd';
 *
 * console.log(allocate('float32', 2)); // → Float32Array(2) [ 0, 0 ]
 * ```
 */
export function allocate<D extends DType>(dtype: D, count: number): HostArrays[D];
export function allocate(dtype: DType, count: number): HostArray {
  switch (dtype) {
    case 'float32':
      return new Float32Array(count);
    case 'int32':
      return new Int32Array(count);
    case 'int64':
      return new BigInt64Array(count);
    default:
      return new Uint8Array(count);
  }
}

/** Copies elements to `target`, from its position `start` on. @throws TypeError where only one of the arrays is int64 */
export function copyElements(target: HostArray, source: HostArray, start = 0): void {
  if (target instanceof BigInt64Array && source instanceof BigInt64Array) target.set(source, start);
  else if (target instanceof BigInt64Array || source instanceof BigInt64Array)
    throw new TypeError(`elements of ${source.constructor.name} do not fit in ${target.constructor.name}`);
  else target.set(source, start);
}

/** All elements as text, −0 apart from 0: equal texts mean equal constants. */
export const showElements = (data: HostArray): string =>
  Array.from<number | bigint, string>(data, (x) => (Object.is(x, -0) ? '-0' : String(x))).join(',');

/**
 * Types of inputs, in short: `float32(32, 10)`.
 * @example
 * ```ts
 * import { float32 } from '@neurodex/autograd';
 *
 * console.log(float32(2, 3)); // → { dtype: 'float32', shape: [ 2, 3 ] }
 * ```
 */
export const float32 = (...shape: number[]): TensorType & { readonly dtype: 'float32' } => ({
  dtype: 'float32',
  shape,
});

/**
 * Types of inputs of integers: `int32(4)`.
 * @example
 * ```ts
 * import { int32 } from '@neurodex/autograd';
 *
 * console.log(int32(4)); // → { dtype: 'int32', shape: [ 4 ] }
 * ```
 */
export const int32 = (...shape: number[]): TensorType & { readonly dtype: 'int32' } => ({ dtype: 'int32', shape });

/**
 * Types of inputs of bytes: `uint8(4)`.
 * @example
 * ```ts
 * import { uint8 } from '@neurodex/autograd';
 *
 * console.log(uint8(4)); // → { dtype: 'uint8', shape: [ 4 ] }
 * ```
 */
export const uint8 = (...shape: number[]): TensorType & { readonly dtype: 'uint8' } => ({ dtype: 'uint8', shape });
