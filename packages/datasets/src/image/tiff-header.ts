/** What the first directory of a TIFF file says (TIFF 6.0 §8, and BigTIFF). */
export interface TiffHeader {
  readonly width: number;
  readonly height: number;
  readonly photometric: number;
  readonly compression: number;
  /** Bits of each sample of a pixel. */
  readonly bits: readonly number[];
  /** 1 unsigned, 2 signed, 3 floating point, 4 undefined, 5 and 6 complex. */
  readonly sampleFormats: readonly number[];
  readonly samples: number;
  /** Kinds of the samples after the colours: 0 unspecified, 1 associated alpha, 2 unassociated alpha. */
  readonly extra: readonly number[];
  readonly planar: boolean;
  readonly inkSet: number;
  /** Width and height of a tile; undefined where the picture is in strips. */
  readonly tile: readonly [number, number] | undefined;
}

/** Bytes of a value of each field type. */
const WIDTHS: Readonly<Record<number, 1 | 2 | 4 | 8>> = { 1: 1, 3: 2, 4: 4, 13: 4, 16: 8 };
/** Values of one field that are read: more than any field needs that is asked for here. */
const MOST_VALUES = 64;
/** Fields of one directory; libtiff's own limit is of that order. */
const MOST_FIELDS = 4096;

class Reader {
  private readonly view: DataView;
  private readonly little: boolean;
  readonly big: boolean;

  constructor(bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.little = bytes[0] === 0x49;
    this.big = this.uint(2, 2) === 43;
  }

  /** @throws RangeError past the end of the file */
  uint(at: number, width: 1 | 2 | 4 | 8): number {
    if (width === 1) return this.view.getUint8(at);
    if (width === 2) return this.view.getUint16(at, this.little);
    if (width === 4) return this.view.getUint32(at, this.little);
    return Number(this.view.getBigUint64(at, this.little));
  }

  /** The fields of the first directory: tag → its whole numbers. Other types (text, fractions) are not asked for. */
  fields(): Map<number, number[]> {
    const offset = this.big ? 8 : 4;
    const start = this.big ? this.uint(8, 8) : this.uint(4, 4);
    const [counted, entry] = this.big ? ([8, 20] as const) : ([2, 12] as const);
    const fields = new Map<number, number[]>();
    const length = Math.min(this.uint(start, counted), MOST_FIELDS);
    for (let i = 0; i < length; i++) {
      const at = start + counted + i * entry;
      const width = WIDTHS[this.uint(at + 2, 2)];
      if (width === undefined) continue;
      const count = Math.min(this.uint(at + 4, offset), MOST_VALUES);
      const inline = at + 4 + offset;
      const from = count * width <= offset ? inline : this.uint(inline, offset);
      const values = Array.from({ length: count }, (_, k) => this.uint(from + k * width, width));
      fields.set(this.uint(at, 2), values);
    }
    return fields;
  }
}

/** Samples of a pixel that are colour, for each photometric interpretation. */
export const colourSamples = (photometric: number): number =>
  ({ 2: 3, 5: 4, 6: 3, 8: 3, 9: 3, 10: 3, 32845: 3 })[photometric] ?? 1;

/** The header of a TIFF file; undefined where its first directory cannot be read. */
export function readTiffHeader(bytes: Uint8Array): TiffHeader | undefined {
  let fields: Map<number, number[]>;
  try {
    fields = new Reader(bytes).fields();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  const one = (tag: number, otherwise: number): number => fields.get(tag)?.[0] ?? otherwise;
  const [width, height] = [one(256, 0), one(257, 0)];
  if (width < 1 || height < 1) return undefined;
  const photometric = one(262, 1);
  const samples = one(277, 1);
  const tile: readonly [number, number] = [one(322, 0), one(323, 0)];
  return {
    width,
    height,
    photometric,
    compression: one(259, 1),
    bits: fields.get(258) ?? [1],
    sampleFormats: fields.get(339) ?? [1],
    samples,
    extra: fields.get(338) ?? missingExtra(samples - colourSamples(photometric)),
    planar: one(284, 1) === 2,
    inkSet: one(332, 1),
    tile: tile[0] > 0 ? tile : undefined,
  };
}

/** A fourth sample that nothing is said of is alpha to every program; of more nothing is known. */
const missingExtra = (count: number): number[] => (count === 1 ? [2] : Array<number>(Math.max(0, count)).fill(0));
