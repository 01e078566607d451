import { elementCount, type Shape } from '../core/types.ts';
import { type Precision, restored, stored } from './precision.ts';

/** The safetensors format: u64 length, JSON header, then the elements little-endian, one tensor after another. */
export interface NamedArray {
  readonly shape: Shape;
  readonly data: Float32Array;
}

/** Integers are stored as they are, in whatever precision the others are. */
export interface NamedIntegers {
  readonly shape: Shape;
  readonly data: Int32Array;
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

const HEADER_ALIGNMENT = 8;
/** Behind the name of an int8 matrix: the float32 vector of what a step is worth in each column. */
const SCALES = '.scales';

/** As the format's own reader has it. */
const LARGEST_HEADER = 100_000_000;

/** Bytes of an element, by the format's names of types. */
const BYTES: Readonly<Record<string, number>> = { F32: 4, F16: 2, I8: 1, I32: 4 };

/** @param precision what the elements are stored in; see `stored` */
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
 */
export function readSafetensors(bytes: Uint8Array): {
  tensors: Record<string, NamedArray>;
  integers: Record<string, NamedIntegers>;
  metadata: Readonly<Record<string, string>>;
} {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length < 8 ? -1 : Number(view.getBigUint64(0, true));
  if (length < 2 || 8 + length > bytes.length) throw new RangeError('the header is cut off');
  if (length > LARGEST_HEADER)
    throw new RangeError(`the header has ${length} bytes; at most ${LARGEST_HEADER} are read`);
  let header: Record<string, unknown>;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length))) as Record<
      string,
      unknown
    >;
  } catch (error) {
    throw new RangeError('the header is not JSON', { cause: error });
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    throw new RangeError('the header is no object');
  const { __metadata__: metadata = {}, ...entries } = header;
  checkEntries(entries, bytes.length - 8 - length);
  checkMetadata(metadata);
  const base = bytes.byteOffset + 8 + length;
  const locate = (name: string) => {
    const entry = Object.hasOwn(entries, name) ? (entries[name] as Entry) : undefined;
    if (entry === undefined) throw new RangeError(`the tensor ${name} is missing`);
    const { dtype, shape, data_offsets } = entry;
    return { dtype, shape, start: data_offsets[0], end: data_offsets[1] };
  };
  const read = (name: string): NamedArray => {
    const { dtype, shape, start, end } = locate(name);
    if (dtype === 'F32' && (base + start) % Float32Array.BYTES_PER_ELEMENT === 0) {
      return { shape, data: new Float32Array(bytes.buffer, base + start, elementCount(shape)) };
    }
    // A copy of the range, aligned for its type; `slice` of a Node Buffer would share its memory.
    const range = bytes.buffer.slice(base + start, base + end) as ArrayBuffer;
    if (dtype === 'F32') return { shape, data: new Float32Array(range) };
    if (dtype === 'F16') return { shape, data: restored({ precision: 'float16', data: new Uint16Array(range) }) };
    const scales = read(`${name}${SCALES}`).data;
    if (shape.length !== 2 || scales.length !== shape[1])
      throw new RangeError(`the tensor ${name} is int8 and has not one scale for each column`);
    return { shape, data: restored({ precision: 'int8', data: new Int8Array(range), scales }) };
  };
  const isScales = (name: string): boolean =>
    name.endsWith(SCALES) && (entries[name.slice(0, -SCALES.length)] as Entry | undefined)?.dtype === 'I8';
  const readIntegers = (name: string): NamedIntegers => {
    const { shape, start, end } = locate(name);
    return { shape, data: new Int32Array(bytes.buffer.slice(base + start, base + end) as ArrayBuffer) };
  };
  const isInteger = (name: string): boolean => (entries[name] as Entry | undefined)?.dtype === 'I32';
  const names = Object.keys(entries).filter((name) => !isScales(name));
  const tensors = Object.fromEntries(names.filter((name) => !isInteger(name)).map((name) => [name, read(name)]));
  const integers = Object.fromEntries(names.filter(isInteger).map((name) => [name, readIntegers(name)]));
  return { tensors, integers, metadata: metadata as Readonly<Record<string, string>> };
}

/** That every entry is a tensor whose range has its size, and that the ranges fill the data, one after another. */
function checkEntries(entries: Readonly<Record<string, unknown>>, bytes: number): void {
  const isNatural = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
  const ranges: [number, number][] = [];
  for (const [name, entry] of Object.entries(entries)) {
    const { dtype, shape, data_offsets } = (entry ?? {}) as Readonly<Record<string, unknown>>;
    const size = typeof dtype === 'string' && Object.hasOwn(BYTES, dtype) ? BYTES[dtype] : undefined;
    const [start, end] = (Array.isArray(data_offsets) && data_offsets.length === 2 ? data_offsets : []) as unknown[];
    const sound =
      size !== undefined &&
      Array.isArray(shape) &&
      shape.every(isNatural) &&
      isNatural(start) &&
      isNatural(end) &&
      end <= bytes &&
      end - start === size * elementCount(shape);
    if (!sound) throw new RangeError(`the tensor ${name} is cut off, or not float32, float16, int8 or int32`);
    ranges.push([start, end]);
  }
  let filled = 0;
  for (const [start, end] of ranges.sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    if (start !== filled)
      throw new RangeError(`bytes ${Math.min(start, filled)} and on belong to no tensor, or to two`);
    filled = end;
  }
  if (filled !== bytes) throw new RangeError(`${bytes - filled} bytes belong to no tensor`);
}

function checkMetadata(metadata: unknown): void {
  const isText = typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata);
  if (!isText || !Object.values(metadata).every((value) => typeof value === 'string'))
    throw new RangeError('the metadata is not text by name');
}
