import { elementCount, type Shape } from '../core/types.ts';

/** The safetensors format: u64 length, JSON header, then the elements little-endian, one tensor after another. */
export interface NamedArray {
  readonly shape: Shape;
  readonly data: Float32Array;
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

const HEADER_ALIGNMENT = 8;

export function writeSafetensors(
  tensors: Readonly<Record<string, NamedArray>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const header: Record<string, unknown> = Object.keys(metadata).length > 0 ? { __metadata__: metadata } : {};
  let offset = 0;
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    if (data.length !== elementCount(shape))
      throw new RangeError(`${name} has ${data.length} elements, its shape [${shape.join(',')}] another number`);
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(json.length / HEADER_ALIGNMENT) * HEADER_ALIGNMENT;
  const bytes = new Uint8Array(8 + length + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.fill(0x20, 8, 8 + length).set(json, 8);
  let position = 8 + length;
  for (const { data } of Object.values(tensors)) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return bytes;
}

/** @throws RangeError when the bytes are no safetensors file of float32 tensors, or are cut off */
export function readSafetensors(bytes: Uint8Array): {
  tensors: Record<string, NamedArray>;
  metadata: Readonly<Record<string, string>>;
} {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length < 8 ? -1 : Number(view.getBigUint64(0, true));
  if (length < 2 || 8 + length > bytes.length) throw new RangeError('the header is cut off');
  let header: Record<string, unknown>;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length))) as Record<
      string,
      unknown
    >;
  } catch (error) {
    throw new RangeError('the header is not JSON', { cause: error });
  }
  const { __metadata__: metadata = {}, ...entries } = header;
  const tensors: Record<string, NamedArray> = {};
  for (const [name, value] of Object.entries(entries)) {
    const { dtype, shape, data_offsets } = value as Entry;
    const [start, end] = data_offsets;
    const sound =
      dtype === 'F32' && start >= 0 && end - start === 4 * elementCount(shape) && 8 + length + end <= bytes.length;
    if (!sound) throw new RangeError(`the tensor ${name} is cut off or not float32`);
    // A copy of the range, aligned for float32; `slice` of a Node Buffer would share its memory.
    const base = bytes.byteOffset + 8 + length;
    tensors[name] = { shape, data: new Float32Array(bytes.buffer.slice(base + start, base + end) as ArrayBuffer) };
  }
  return { tensors, metadata: metadata as Readonly<Record<string, string>> };
}
