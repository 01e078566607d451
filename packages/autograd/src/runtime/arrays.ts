import { RuntimeError } from '../core/errors.ts';
import { allocate, elementCount, type HostArray, isHostArray } from '../core/types.ts';
import type { DeclaredValue, ShapedArray, ValueType } from './runtime.ts';

/** An array that holds the elements of a value. @throws RuntimeError where it is missing, or of another type or length */
export function fitting(
  { name, dtype, shape }: ValueType,
  data: ArrayLike<unknown> | undefined,
  what: 'input' | 'output',
): HostArray {
  if (data === undefined) throw new RuntimeError(`the ${what} ${name} is missing`);
  const wanted = allocate(dtype, 0).constructor;
  if (!isHostArray(data) || data.constructor !== wanted)
    throw new RuntimeError(
      `the ${what} ${name} is ${dtype} and takes a ${wanted.name}, not a ${data.constructor.name}`,
    );
  if (data.length !== elementCount(shape)) {
    throw new RuntimeError(
      `the ${what} ${name} has ${data.length} elements; [${shape.join(',')}] holds ${elementCount(shape)}`,
    );
  }
  return data;
}

/** The array that is fed to an input of a model that was made elsewhere. @throws RuntimeError where it is missing */
export function fed(feeds: Readonly<Record<string, ShapedArray>>, name: string): ShapedArray {
  const array = feeds[name];
  if (array === undefined) throw new RuntimeError(`the input ${name} is missing`);
  return array;
}

/** An output of such a model. @throws RuntimeError where it is not float32 */
export function floats(
  name: string,
  output: { readonly type: string; readonly dims: readonly number[]; readonly data: unknown } | undefined,
): ShapedArray<Float32Array> {
  if (!(output?.data instanceof Float32Array))
    throw new RuntimeError(`the output ${name} is ${output?.type}, not float32`);
  return { shape: output.dims, data: output.data };
}

/** The first line of what ONNX Runtime says, without the place in its sources. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split('\n', 1)[0] ?? text).replace(/^\/\S+\.(cc|h):\d+ .* was false\. /, '');
}

/** What ONNX Runtime says of an input or output, in Node and in browsers alike. */
type Metadata =
  | {
      readonly name: string;
      readonly isTensor: true;
      readonly type: string;
      readonly shape: readonly (number | string)[];
    }
  | { readonly name: string; readonly isTensor: false };

export const declared = (value: Metadata): DeclaredValue =>
  value.isTensor
    ? {
        name: value.name,
        dtype: value.type,
        shape: value.shape.map((size) => (typeof size === 'number' && size > 0 ? size : undefined)),
      }
    : { name: value.name, dtype: 'no tensor', shape: [] };
