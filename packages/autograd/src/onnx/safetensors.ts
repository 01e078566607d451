import { defined } from '@neurodex/core';
import { elementCount, type Shape } from '../core/types.ts';
import { type Precision, restored, stored } from './precision.ts';
import { type Entry, readHeader } from './safetensors-header.ts';

/** The safetensors format: u64 length, JSON header, then the elements little-endian, one tensor after another. */
export interface NamedArray {
  /** Its dimensions. */
  readonly shape: Shape;
  /** Row by row. */
  readonly data: Float32Array;
}

/** Integers are stored as they are, in whatever precision the others are. */
export interface NamedIntegers {
  /** Its dimensions. */
  readonly shape: Shape;
  /** Row by row. */
  readonly data: Int32Array;
}

const HEADER_ALIGNMENT = 8;
/** Behind the name of an int8 matrix: the float32 vector of what a step is worth in each column. */
const SCALES = '.scales';

/**
 * The bytes of a safetensors file.
 * @param metadata texts that the file says of itself
 * @param precision what the elements are stored in, but for integers; see `stored`
 * @throws RangeError for a tensor that has not as many elements as its shape
 * @example
 * ```ts
 * import { readSafetensors, writeSafetensors } from '@neurodex/autograd';
 *
 * const weight = { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) };
 * const file = writeSafetensors({ weight }, { author: 'me' }, 'float16');
 * console.log(readSafetensors(file).tensors.weight?.data); // → Float32Array(4) [ 1, 2, 3, 4 ]
 * ```
 */
export function writeSafetensors(
  tensors: Readonly<Record<string, NamedArray | NamedIntegers>>,
  metadata: Readonly<Record<string, string>> = {},
  precision: Precision = 'float32',
): Uint8Array {
  const header: Record<string, unknown> = Object.keys(metadata).length > 0 ? { __metadata__: metadata } : {};
  const parts: ArrayBufferView[] = [];
  let offset = 0;
  const append = (name: string, dtype: string, shape: Shape, data: ArrayBufferView): void => {
    header[name] = { dtype, shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
    parts.push(data);
  };
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    if (data.length !== elementCount(shape))
      throw new RangeError(`${name} has ${data.length} elements, its shape [${shape.join(',')}] another number`);
    if (data instanceof Int32Array) {
      append(name, 'I32', shape, data);
      continue;
    }
    const kept = stored(data, shape, precision);
    append(name, { float32: 'F32', float16: 'F16', int8: 'I8' }[kept.precision], shape, kept.data);
    if (kept.precision === 'int8') append(`${name}${SCALES}`, 'F32', [kept.scales.length], kept.scales);
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(json.length / HEADER_ALIGNMENT) * HEADER_ALIGNMENT;
  const bytes = new Uint8Array(8 + length + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.fill(0x20, 8, 8 + length).set(json, 8);
  let position = 8 + length;
  for (const data of parts) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return bytes;
}

/**
 * All tensors of numbers as float32, whatever they are stored in, and the tensors of int32 as they are; those that are stored
 * as float32 share the memory of the bytes, where these are aligned for it.
 * @throws RangeError when the bytes are no safetensors file of float32, float16, scaled int8 or int32 tensors, are cut off, or
 *   hold what is no tensor's or that of two: what is read takes at most four times the memory of the file
 * @example
 * ```ts
 * import { readSafetensors, writeSafetensors } from '@neurodex/autograd';
 *
 * const bias = { shape: [2], data: Float32Array.of(0.5, 0.25) };
 * const ids = { shape: [3], data: Int32Array.of(7, 8, 9) };
 * const { tensors, integers, metadata } = readSafetensors(writeSafetensors({ bias, ids }, { author: 'me' }));
 * console.log(tensors.bias?.data, integers.ids?.data, metadata.author); // → Float32Array(2) [ 0.5, 0.25 ] Int32Array(3) [ 7, 8, 9 ] me
 * ```
 */
export function readSafetensors(bytes: Uint8Array): {
  tensors: Record<string, NamedArray>;
  integers: Record<string, NamedIntegers>;
  metadata: Readonly<Record<string, string>>;
} {
  const { entries, metadata, length } = readHeader(bytes);
  const base = bytes.byteOffset + length;
  const locate = (name: string): Entry => defined(entries.get(name), `the tensor ${name}`);
  // A copy of the range, aligned for its type; `slice` of a Node Buffer would share its memory.
  const copy = ({ start, end }: Entry) => bytes.buffer.slice(base + start, base + end);
  const read = (name: string): NamedArray => {
    const entry = locate(name);
    const { dtype, shape, start } = entry;
    if (dtype === 'F32' && (base + start) % Float32Array.BYTES_PER_ELEMENT === 0)
      return { shape, data: new Float32Array(bytes.buffer, base + start, elementCount(shape)) };
    if (dtype === 'F32') return { shape, data: new Float32Array(copy(entry)) };
    if (dtype === 'F16') return { shape, data: restored({ precision: 'float16', data: new Uint16Array(copy(entry)) }) };
    const scales = read(`${name}${SCALES}`).data;
    if (shape.length !== 2 || scales.length !== shape[1])
      throw new RangeError(`the tensor ${name} is int8 and has not one scale for each column`);
    return { shape, data: restored({ precision: 'int8', data: new Int8Array(copy(entry)), scales }) };
  };
  const readIntegers = (name: string): NamedIntegers => {
    const entry = locate(name);
    return { shape: entry.shape, data: new Int32Array(copy(entry)) };
  };
  const isScales = (name: string): boolean =>
    name.endsWith(SCALES) && entries.get(name.slice(0, -SCALES.length))?.dtype === 'I8';
  const isInteger = (name: string): boolean => entries.get(name)?.dtype === 'I32';
  const names = [...entries.keys()].filter((name) => !isScales(name));
  const tensors = Object.fromEntries(names.filter((name) => !isInteger(name)).map((name) => [name, read(name)]));
  const integers = Object.fromEntries(names.filter(isInteger).map((name) => [name, readIntegers(name)]));
  return { tensors, integers, metadata };
}
