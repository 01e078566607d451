/** An entry of a directory: the bytes of its value, which are all there. */
export interface TiffEntry {
  readonly type: number;
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** Entries of a directory, by their tags. */
export type TiffDirectory = ReadonlyMap<number, TiffEntry>;

/** Bytes of a value by its type (TIFF 6.0 §2; 129: UTF-8 of EXIF 3.0); 0 for none. */
const VALUE_BYTES: Readonly<Record<number, number>> = {
  ...{ 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 129: 1 },
};
/** Entries of a directory: EXIF has about 60 of its own. */
const MOST_ENTRIES = 1000;

/**
 * Reads directories of a TIFF file, or of EXIF, which is one: only those that are asked for, and nothing that their entries point to
 * but values. What leads out of the bytes is left out.
 */
export class TiffReader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly little: boolean;
  /** Where the first directory lies. */
  readonly first: number;
  /** Whether an entry, or a directory, lies outside of the bytes. */
  isCutOff = false;

  /** @throws RangeError for bytes that are no TIFF */
  constructor(bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const order = bytes.length < 8 ? 0 : view.getUint16(0);
    if (order !== 0x4949 && order !== 0x4d4d) throw new RangeError('it has no byte order');
    this.bytes = bytes;
    this.view = view;
    this.little = order === 0x4949;
    if (view.getUint16(2, this.little) !== 42) throw new RangeError('it is no TIFF of version 42');
    this.first = view.getUint32(4, this.little);
  }

  /** @param wanted tags; others are passed over */
  directory(offset: number, wanted: ReadonlySet<number>): TiffDirectory {
    const [view, little, bytes] = [this.view, this.little, this.bytes];
    const entries = new Map<number, TiffEntry>();
    if (offset < 8 || offset + 2 > bytes.length) {
      this.isCutOff = true;
      return entries;
    }
    const count = view.getUint16(offset, little);
    for (let i = 0; i < Math.min(count, MOST_ENTRIES); i++) {
      const at = offset + 2 + 12 * i;
      if (at + 12 > bytes.length) {
        this.isCutOff = true;
        break;
      }
      const tag = view.getUint16(at, little);
      if (!wanted.has(tag) || entries.has(tag)) continue;
      const type = view.getUint16(at + 2, little);
      const values = view.getUint32(at + 4, little);
      const length = values * (VALUE_BYTES[type] ?? 0);
      if (length === 0) continue;
      const start = length <= 4 ? at + 8 : view.getUint32(at + 8, little);
      if (start + length > bytes.length) this.isCutOff = true;
      else entries.set(tag, { type, count: values, bytes: bytes.subarray(start, start + length) });
    }
    return entries;
  }

  /** The first number of an entry; undefined where there is none. */
  number(entry: TiffEntry | undefined, at = 0): number | undefined {
    if (entry === undefined || at >= entry.count) return undefined;
    const { type, bytes } = entry;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const [little, from] = [this.little, at * (VALUE_BYTES[type] ?? 1)];
    if (type === 1) return view.getUint8(from);
    if (type === 3) return view.getUint16(from, little);
    if (type === 4 || type === 13) return view.getUint32(from, little);
    if (type === 9) return view.getInt32(from, little);
    if (type === 5) return ratio(view.getUint32(from, little), view.getUint32(from + 4, little));
    if (type === 10) return ratio(view.getInt32(from, little), view.getInt32(from + 4, little));
    return undefined;
  }
}

const ratio = (above: number, below: number): number | undefined => (below === 0 ? undefined : above / below);

const utf8 = new TextDecoder('utf-8', { fatal: true });
const western = new TextDecoder('windows-1252');

/** Text of bytes: UTF-8, as the Metadata Working Group wants it, and where it is none, what European cameras wrote before. */
export function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return western.decode(bytes);
  }
}

/** The text of an entry up to its first NUL. */
export function entryText(entry: TiffEntry | undefined): string | undefined {
  if (entry === undefined || ![2, 7, 129].includes(entry.type)) return undefined;
  const end = entry.bytes.indexOf(0);
  return textOf(entry.bytes.subarray(0, end < 0 ? undefined : end));
}
