import { isRecord } from '@neurodex/core';
import { elementCount, type Shape } from '../core/types.ts';

/** A tensor's type, by the format's names, and its bytes start … end−1 behind the header. */
export interface Entry {
  readonly dtype: string;
  readonly shape: Shape;
  readonly start: number;
  readonly end: number;
}

export interface Header {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Bytes of the file before those of the tensors. */
  readonly length: number;
}

/** As the format's own reader has it. */
const LARGEST_HEADER = 100_000_000;

/** Bytes of an element, by the format's names of types. */
const BYTES: ReadonlyMap<string, number> = new Map([
  ['F32', 4],
  ['F16', 2],
  ['I8', 1],
  ['I32', 4],
]);

/** @throws RangeError for what `readSafetensors` refuses, but for the scales of int8 */
export function readHeader(bytes: Uint8Array): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length < 8 ? -1 : Number(view.getBigUint64(0, true));
  if (length < 2 || 8 + length > bytes.length) throw new RangeError('the header is cut off');
  if (length > LARGEST_HEADER)
    throw new RangeError(`the header has ${length} bytes; at most ${LARGEST_HEADER} are read`);
  const { __metadata__: metadata = {}, ...tensors } = parse(bytes.subarray(8, 8 + length));
  const size = bytes.length - 8 - length;
  const entries = new Map(Object.entries(tensors).map(([name, value]) => [name, entryOf(name, value, size)]));
  checkRanges(entries.values(), size);
  if (!isMetadata(metadata)) throw new RangeError('the metadata is not text by name');
  return { entries, metadata, length: 8 + length };
}

function parse(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new RangeError('the header is not JSON', { cause: error });
  }
  if (!isRecord(header)) throw new RangeError('the header is no object');
  return header;
}

const NO_FIELDS: Readonly<Record<string, unknown>> = {};
const isNatural = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const isShape = (value: unknown): value is Shape => Array.isArray(value) && value.every(isNatural);

/** A tensor whose range lies in the data and has its size. @param size bytes of the data */
function entryOf(name: string, value: unknown, size: number): Entry {
  const { dtype, shape, data_offsets } = isRecord(value) ? value : NO_FIELDS;
  const [start, end]: unknown[] = Array.isArray(data_offsets) && data_offsets.length === 2 ? data_offsets : [];
  if (
    typeof dtype !== 'string' ||
    !isShape(shape) ||
    !isNatural(start) ||
    !isNatural(end) ||
    end > size ||
    end - start !== (BYTES.get(dtype) ?? NaN) * elementCount(shape)
  )
    throw new RangeError(`the tensor ${name} is cut off, or not float32, float16, int8 or int32`);
  return { dtype, shape, start, end };
}

/** That the tensors fill the data, one after another. */
function checkRanges(entries: Iterable<Entry>, size: number): void {
  let filled = 0;
  for (const { start, end } of [...entries].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (start !== filled)
      throw new RangeError(`bytes ${Math.min(start, filled)} and on belong to no tensor, or to two`);
    filled = end;
  }
  if (filled !== size) throw new RangeError(`${size - filled} bytes belong to no tensor`);
}

const isMetadata = (value: unknown): value is Readonly<Record<string, string>> =>
  isRecord(value) && Object.values(value).every((text) => typeof text === 'string');
