/** How a value of a field lies in the file. */
interface ValueType {
  readonly width: 1 | 2 | 4 | 8;
  /** Reads one value; missing for types whose values are not asked for. */
  readonly read?: (view: DataView, at: number, little: boolean) => number;
}

const ratio = (above: number, below: number): number => (below === 0 ? Number.NaN : above / below);
const uint8: ValueType = { width: 1, read: (view, at) => view.getUint8(at) };
const uint32: ValueType = { width: 4, read: (view, at, little) => view.getUint32(at, little) };
const uint64: ValueType = { width: 8, read: (view, at, little) => Number(view.getBigUint64(at, little)) };

/** Types of fields (TIFF 6.0 §2; 13: offset of a directory; 16 to 18: BigTIFF; 129: UTF-8 of EXIF 3.0). */
const TYPES: Readonly<Record<number, ValueType>> = {
  1: uint8,
  2: { width: 1 },
  3: { width: 2, read: (view, at, little) => view.getUint16(at, little) },
  4: uint32,
  5: {
    width: 8,
    read: (view, at, little) => ratio(view.getUint32(at, little), view.getUint32(at + 4, little)),
  },
  6: { width: 1 },
  7: uint8,
  8: { width: 2 },
  9: { width: 4, read: (view, at, little) => view.getInt32(at, little) },
  10: {
    width: 8,
    read: (view, at, little) => ratio(view.getInt32(at, little), view.getInt32(at + 4, little)),
  },
  11: { width: 4 },
  12: { width: 8 },
  13: uint32,
  16: uint64,
  17: { width: 8 },
  18: uint64,
  129: { width: 1 },
};
/** Values of one field that are read: more than any field needs that is asked for here. */
const MOST_VALUES = 64;
/** Fields of one directory; libtiff's own limit is of that order. */
const MOST_FIELDS = 4096;

/** A field of a directory. */
export interface TiffField {
  readonly type: number;
  /** Values that it has. */
  readonly count: number;
  /** Offset of the first one. */
  readonly at: number;
  /** The first values, as far as they lie in the file: integers and fractions; NaN for a fraction of nothing. */
  readonly values: readonly number[];
  /** All values as they lie in the file; undefined where it is cut. */
  readonly bytes: Uint8Array | undefined;
  /** Whether values lie behind the end of the file. */
  readonly isCut: boolean;
}

export interface TiffDirectory {
  /** The first of each tag, as far as they lie in the file. */
  readonly fields: ReadonlyMap<number, TiffField>;
  /** Whether fields lie behind the end of the file. */
  readonly isCut: boolean;
  /** Offset of the next directory; 0 where there is none. @throws RangeError where that lies past the end of the file */
  next(): number;
}

/** Whether the bytes begin like a TIFF: classic (42), BigTIFF (43), or as Olympus and Panasonic begin their raw files. */
export const beginsLikeTiff = (bytes: Uint8Array): boolean =>
  /^(II[*+U]\0|MM\0[*+]|IIR[OS]|MMOR)/.test(String.fromCharCode(...bytes.subarray(0, 4)));

/** Directories of a TIFF file, in either byte order. Offsets are relative to `base`, which is where the TIFF begins. */
export class TiffReader {
  readonly base: number;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly little: boolean;
  private readonly big: boolean;

  /** @param base for a TIFF within another file @param little where not the first byte says it */
  constructor(bytes: Uint8Array, base = 0, little = bytes[base] === 0x49) {
    this.base = base;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.little = little;
    this.big = base + 4 <= bytes.length && this.uint(2, 2) === 43;
  }

  /** Offset of the first directory. @throws RangeError past the end of the file */
  first(): number {
    return this.big ? this.uint(8, 8) : this.uint(4, 4);
  }

  directory(start: number): TiffDirectory {
    const offset = this.big ? 8 : 4;
    const [counted, entry] = this.big ? ([8, 20] as const) : ([2, 12] as const);
    const fields = new Map<number, TiffField>();
    const end = this.bytes.length - this.base;
    if (start < 0 || start + counted > end) return { fields, isCut: true, next: () => 0 };
    const count = this.uint(start, counted);
    const there = Math.min(count, MOST_FIELDS, Math.floor((end - start - counted) / entry));
    for (let i = 0; i < there; i++) {
      const at = start + counted + i * entry;
      const [tag, type] = [this.uint(at, 2), this.uint(at + 2, 2)];
      const kind = TYPES[type];
      if (kind === undefined || fields.has(tag)) continue;
      const values = this.uint(at + 4, offset);
      const inline = at + 4 + offset;
      const from = values * kind.width <= offset ? inline : this.uint(inline, offset);
      fields.set(tag, this.field(type, kind, from, values));
    }
    const behind = start + counted + count * entry;
    const isCut = there < Math.min(count, MOST_FIELDS);
    return { fields, isCut, next: () => (count > MOST_FIELDS ? 0 : this.uint(behind, offset)) };
  }

  /** @throws RangeError past the end of the file */
  private uint(offset: number, width: 2 | 4 | 8): number {
    const at = this.base + offset;
    if (width === 2) return this.view.getUint16(at, this.little);
    if (width === 4) return this.view.getUint32(at, this.little);
    return Number(this.view.getBigUint64(at, this.little));
  }

  /** Values are read when they are asked for: of most fields they never are. */
  private field(type: number, { width, read }: ValueType, at: number, count: number): TiffField {
    const { bytes, view, little } = this;
    const start = this.base + at;
    const there = Math.max(0, Math.floor((bytes.length - start) / width));
    const shown = read === undefined ? 0 : Math.min(count, there, MOST_VALUES);
    const isCut = there < count;
    return {
      ...{ type, count, at, isCut },
      get values() {
        return Array.from({ length: shown }, (_, k) => read?.(view, start + k * width, little) ?? Number.NaN);
      },
      get bytes() {
        return isCut ? undefined : bytes.subarray(start, start + count * width);
      },
    };
  }
}
