/**
 * Tensors of the Open Inference Protocol, and their bytes in the binary tensor data extension: little-endian, row by row, without
 * padding; an element of BYTES is its length in 4 bytes and what it holds. Pure: bytes in, bytes out, and nothing is copied that is read.
 */

/** Bytes or a shape that contradict each other. */
export class MalformedTensor extends Error {}

export type Datatype = 'BYTES' | 'FP32' | 'INT32' | 'BOOL';

/** A tensor that is sent: its elements row by row. */
export interface OutputTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: readonly (string | number | boolean)[];
}

const LENGTH_BYTES = 4;

/** Elements of a tensor of a shape; 1 without dimensions. @throws MalformedTensor where no array has so many */
export function elementCount(shape: readonly number[]): number {
  const count = shape.reduce((product, size) => product * size, 1);
  if (Number.isSafeInteger(count)) return count;
  throw new MalformedTensor(`the shape [${shape.join(', ')}] has more elements than can be counted`);
}

/**
 * The elements of a tensor of BYTES, as parts of its bytes.
 * @param count elements that its shape has
 * @throws MalformedTensor where the bytes are of more or of fewer, or end within one
 */
export function bytesElements(bytes: Uint8Array, count: number): Uint8Array[] {
  if (count > bytes.length / LENGTH_BYTES) {
    throw new MalformedTensor(`${bytes.length} bytes are too few for ${count} elements of BYTES`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const elements: Uint8Array[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (bytes.length - at < LENGTH_BYTES) throw endsWithin(i);
    const length = view.getUint32(at, true);
    at += LENGTH_BYTES;
    if (bytes.length - at < length) throw endsWithin(i);
    elements.push(bytes.subarray(at, at + length));
    at += length;
  }
  if (at < bytes.length) throw new MalformedTensor(`${bytes.length - at} bytes are left behind its ${count} elements`);
  return elements;
}

const endsWithin = (element: number): MalformedTensor =>
  new MalformedTensor(`its bytes end within element ${element}, before the length that it says`);

/** The bytes of a tensor. */
export function bytesOf({ datatype, data }: Pick<OutputTensor, 'datatype' | 'data'>): Buffer {
  if (datatype === 'BYTES') return lengthPrefixed(data.map(String));
  if (datatype === 'BOOL') return Buffer.from(data.map(Number));
  const bytes = Buffer.alloc(4 * data.length);
  for (const [i, value] of data.entries()) {
    if (datatype === 'FP32') bytes.writeFloatLE(Number(value), 4 * i);
    else bytes.writeInt32LE(Number(value), 4 * i);
  }
  return bytes;
}

/** Texts as UTF-8, each behind its length. */
function lengthPrefixed(texts: readonly string[]): Buffer {
  const lengths = texts.map((text) => Buffer.byteLength(text));
  const bytes = Buffer.alloc(lengths.reduce((sum, length) => sum + LENGTH_BYTES + length, 0));
  let at = 0;
  for (const [i, text] of texts.entries()) {
    at = bytes.writeUInt32LE(lengths[i] ?? NaN, at);
    at += bytes.write(text, at);
  }
  return bytes;
}
