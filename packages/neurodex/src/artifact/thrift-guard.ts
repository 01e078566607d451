/** Structures inside structures: Parquet has about six. */
const DEEPEST = 16;
/** Bytes of a variable-length integer of 64 bits. */
const LONGEST_INTEGER = 10;

/** Types of Thrift's compact protocol. */
const [STOP, TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, STRUCT] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12];

/**
 * Walks over one structure of Thrift's compact protocol. Whoever decodes it makes a list as long as it says, before its
 * elements are read; here, no list is longer than the bytes that are left.
 * @returns where it ends
 * @throws RangeError for bytes that are none, are cut off, or are nested more deeply than Parquet's
 */
export function thriftEnd(bytes: Uint8Array, start: number): number {
  return new Walk(bytes, start).struct(0);
}

/** A variable-length integer and where it ends. @throws RangeError when it is cut off, or is 2³¹ or more */
export function unsignedAt(bytes: Uint8Array, start: number): [number, number] {
  let value = 0;
  for (let i = 0; i < LONGEST_INTEGER; i++) {
    const byte = bytes[start + i];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) {
      if (value >= 2 ** 31) break;
      return [value, start + i + 1];
    }
  }
  throw new RangeError(`no length stands at byte ${start}`);
}

class Walk {
  private readonly bytes: Uint8Array;
  private at: number;

  constructor(bytes: Uint8Array, start: number) {
    this.bytes = bytes;
    this.at = start;
  }

  struct(depth: number): number {
    if (depth > DEEPEST) throw new RangeError('structures are nested too deeply');
    for (;;) {
      const header = this.byte();
      const type = header & 0x0f;
      if (type === STOP) return this.at;
      if (header >> 4 === 0) this.integer();
      this.element(type, depth);
    }
  }

  private element(type: number, depth: number): void {
    if (type === TRUE || type === FALSE) return;
    if (type === BYTE) this.skip(1);
    else if (type === I16 || type === I32 || type === I64) this.integer();
    else if (type === DOUBLE) this.skip(8);
    else if (type === BINARY) this.skip(this.length());
    else if (type === LIST) this.list(depth);
    else if (type === STRUCT) this.struct(depth + 1);
    else throw new RangeError(`there is no type ${type}`);
  }

  private list(depth: number): void {
    const header = this.byte();
    const type = header & 0x0f;
    const length = header >> 4 === 15 ? this.length() : header >> 4;
    if (length > this.bytes.length - this.at) throw new RangeError('a list is longer than what is left');
    if (depth >= DEEPEST) throw new RangeError('lists are nested too deeply');
    for (let i = 0; i < length; i++) {
      if (type === TRUE || type === FALSE) this.skip(1);
      else this.element(type, depth + 1);
    }
  }

  private length(): number {
    const [value, end] = unsignedAt(this.bytes, this.at);
    this.at = end;
    return value;
  }

  private integer(): void {
    for (let i = 0; i < LONGEST_INTEGER; i++) if (this.byte() < 0x80) return;
    throw new RangeError('an integer is too long');
  }

  private byte(): number {
    this.skip(1);
    return this.bytes[this.at - 1] as number;
  }

  private skip(bytes: number): void {
    this.at += bytes;
    if (this.at > this.bytes.length) throw new RangeError('it is cut off');
  }
}
