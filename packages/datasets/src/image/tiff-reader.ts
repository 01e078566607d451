/** Bytes of a value of each field type (TIFF 6.0 §2): text, fractions and floating point numbers are not asked for here. */
const WIDTHS: Readonly<Record<number, 1 | 2 | 4 | 8>> = { 1: 1, 3: 2, 4: 4, 7: 1, 13: 4, 16: 8 };
/** Values of one field that are read: more than any field needs that is asked for here. */
const MOST_VALUES = 64;
/** Fields of one directory; libtiff's own limit is of that order. */
const MOST_FIELDS = 4096;

/** A field of a directory. */
export interface TiffField {
  /** Values that it has. */
  readonly count: number;
  /** Offset of the first one. */
  readonly at: number;
  /** The first values, as far as they lie in the file. */
  readonly values: readonly number[];
  /** Whether values that would be read lie behind the end of the file. */
  readonly isCut: boolean;
}

export interface TiffDirectory {
  readonly fields: ReadonlyMap<number, TiffField>;
  /** Offset of the next directory; 0 where there is none. @throws RangeError where that lies past the end of the file */
  next(): number;
}

/** Whether the bytes begin like a TIFF: classic (42), BigTIFF (43), or as Olympus and Panasonic begin their raw files. */
export const beginsLikeTiff = (bytes: Uint8Array): boolean =>
  /^(II[*+U]\0|MM\0[*+]|IIR[OS]|MMOR)/.test(String.fromCharCode(...bytes.subarray(0, 4)));

/** Directories of a TIFF file, in either byte order. Offsets are relative to `base`, which is where the TIFF begins. */
export class TiffReader {
  readonly base: number;
  private readonly view: DataView;
  private readonly little: boolean;
  private readonly big: boolean;

  /** @param base for a TIFF within another file @param little where not the first byte says it */
  constructor(bytes: Uint8Array, base = 0, little = bytes[base] === 0x49) {
    this.base = base;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.little = little;
    this.big = base + 4 <= bytes.length && this.uint(2, 2) === 43;
  }

  /** @throws RangeError past the end of the file */
  uint(offset: number, width: 1 | 2 | 4 | 8): number {
    const at = this.base + offset;
    if (width === 1) return this.view.getUint8(at);
    if (width === 2) return this.view.getUint16(at, this.little);
    if (width === 4) return this.view.getUint32(at, this.little);
    return Number(this.view.getBigUint64(at, this.little));
  }

  /** Offset of the first directory. @throws RangeError past the end of the file */
  first(): number {
    return this.big ? this.uint(8, 8) : this.uint(4, 4);
  }

  /** @throws RangeError where it lies past the end of the file */
  directory(start: number): TiffDirectory {
    const offset = this.big ? 8 : 4;
    const [counted, entry] = this.big ? ([8, 20] as const) : ([2, 12] as const);
    const fields = new Map<number, TiffField>();
    const count = this.uint(start, counted);
    for (let i = 0; i < Math.min(count, MOST_FIELDS); i++) {
      const at = start + counted + i * entry;
      const width = WIDTHS[this.uint(at + 2, 2)];
      if (width === undefined) continue;
      const values = this.uint(at + 4, offset);
      const inline = at + 4 + offset;
      const from = values * width <= offset ? inline : this.uint(inline, offset);
      fields.set(this.uint(at, 2), this.field(from, values, width));
    }
    const behind = start + counted + count * entry;
    return { fields, next: () => (count > MOST_FIELDS ? 0 : this.uint(behind, offset)) };
  }

  /** Values are read when they are asked for: of most fields they never are. */
  private field(at: number, count: number, width: 1 | 2 | 4 | 8): TiffField {
    const there = Math.max(0, Math.floor((this.view.byteLength - this.base - at) / width));
    const wanted = Math.min(count, MOST_VALUES);
    const read = (): number[] =>
      Array.from({ length: Math.min(wanted, there) }, (_, k) => this.uint(at + k * width, width));
    return {
      count,
      at,
      isCut: there < wanted,
      get values() {
        return read();
      },
    };
  }
}
