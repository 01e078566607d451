/** Element types that the engine moves; gradients exist for float32 only. */
export type DType = 'float32' | 'int32' | 'int64' | 'uint8' | 'bool';

/** Every dimension is known: shapes are static, one graph per batch shape. `[]` is a scalar. */
export type Shape = readonly number[];

export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** The array a host keeps elements of a type in; bool is one byte per element. */
export interface HostArrays {
  float32: Float32Array;
  int32: Int32Array;
  int64: BigInt64Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}
export type HostArray = HostArrays[DType];

export const isHostArray = (value: unknown): value is HostArray =>
  [Float32Array, Int32Array, BigInt64Array, Uint8Array].some((type) => value instanceof type);

export const elementCount = (shape: Shape): number => shape.reduce((product, d) => product * d, 1);

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((d, i) => d === b[i]);

export const showType = ({ dtype, shape }: TensorType): string => `${dtype}[${shape.join(',')}]`;

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

/** Types of inputs, in short: `float32(32, 10)`. */
export const float32 = (...shape: number[]): TensorType & { readonly dtype: 'float32' } => ({
  dtype: 'float32',
  shape,
});
export const int32 = (...shape: number[]): TensorType & { readonly dtype: 'int32' } => ({ dtype: 'int32', shape });
export const uint8 = (...shape: number[]): TensorType & { readonly dtype: 'uint8' } => ({ dtype: 'uint8', shape });
