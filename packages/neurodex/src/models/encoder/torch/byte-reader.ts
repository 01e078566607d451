import { Damaged } from './damaged.ts';

/** Little-endian values out of bytes, one behind the other; each read is checked against the end. */
export class ByteReader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private position: number;

  constructor(bytes: Uint8Array, position = 0) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = position;
  }

  /** Bytes read so far. */
  get at(): number {
    return this.position;
  }

  /** The next bytes, not copied. @throws Damaged */
  take(count: number): Uint8Array {
    if (count > this.bytes.length - this.position) throw new Damaged('it is cut off');
    this.position += count;
    return this.bytes.subarray(this.position - count, this.position);
  }

  private skip(count: number): number {
    return this.take(count).byteOffset - this.bytes.byteOffset;
  }

  uint8(): number {
    return this.view.getUint8(this.skip(1));
  }

  uint16(): number {
    return this.view.getUint16(this.skip(2), true);
  }

  int32(): number {
    return this.view.getInt32(this.skip(4), true);
  }

  uint32(): number {
    return this.view.getUint32(this.skip(4), true);
  }

  /** An integer of 64 bits. @throws Damaged beyond 2⁵³, which no size is */
  int64(): number {
    const value = Number(this.view.getBigInt64(this.skip(8), true));
    if (!Number.isSafeInteger(value)) throw new Damaged('a size is out of range');
    return value;
  }

  /** Big-endian, as pickle writes floats. */
  float64(): number {
    return this.view.getFloat64(this.skip(8), false);
  }

  utf8(count: number): string {
    try {
      return UTF8.decode(this.take(count));
    } catch (error) {
      if (error instanceof TypeError) throw new Damaged('a text in it is not UTF-8');
      throw error;
    }
  }

  /** Up to the next newline, which is read but not part of it. */
  line(): string {
    const end = this.bytes.indexOf(0x0a, this.position);
    if (end < 0 || end - this.position > LONGEST_LINE) throw new Damaged('a name in it does not end');
    const text = this.utf8(end - this.position);
    this.position++;
    return text;
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });
/** Names of modules and classes are short. */
const LONGEST_LINE = 1000;
