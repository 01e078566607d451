/** Pixels of 8 bits a channel in memory: RGB or RGBA. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
  /** Whether the colours are multiplied by alpha already. */
  readonly premultiplied: boolean;
  readonly pixels: Uint8Array;
  /** Bytes from one row to the next. */
  readonly stride: number;
  readonly icc: Uint8Array | undefined;
}

/** Rows that a reader holds at a time. */
const ROWS = 64;
const HEADER = 8;
const SHORT = 3;
const LONG = 4;
const BYTES = 7;

type Field = readonly [tag: number, type: typeof SHORT | typeof LONG, values: readonly number[]];

/**
 * An uncompressed TIFF (TIFF 6.0): the form in which sharp takes pixels together with their colour profile, which it does not with
 * pixels alone. Writing and reading it is copying.
 */
export function rasterTiff({ width, height, channels, premultiplied, pixels, stride, icc }: Raster): Uint8Array {
  const row = width * channels;
  const strips = Math.ceil(height / ROWS);
  const rowsOf = (strip: number): number => Math.min(ROWS, height - strip * ROWS);
  const numbers = Array.from({ length: strips }, (_, strip) => strip);
  const fields: Field[] = [
    [256, LONG, [width]],
    [257, LONG, [height]],
    [258, SHORT, Array<number>(channels).fill(8)],
    [259, SHORT, [1]],
    [262, SHORT, [2]],
    [273, LONG, numbers.map((strip) => HEADER + strip * ROWS * row)],
    [277, SHORT, [channels]],
    [278, LONG, [ROWS]],
    [279, LONG, numbers.map((strip) => rowsOf(strip) * row)],
    [284, SHORT, [1]],
    // 1: associated alpha, 2: unassociated.
    ...(channels === 4 ? ([[338, SHORT, [premultiplied ? 1 : 2]]] satisfies Field[]) : []),
  ];
  const data = HEADER + height * row;
  // Offsets of a TIFF are even.
  const directory = data + (data % 2);
  const entries = fields.length + (icc === undefined ? 0 : 1);
  const sizes = fields.map(([, type, values]) => values.length * (type === SHORT ? 2 : 4));
  const outside = sizes.reduce((sum, size) => sum + (size > 4 ? size : 0), 0);
  const file = new Uint8Array(directory + 2 + entries * 12 + 4 + outside + (icc?.length ?? 0));
  for (let y = 0; y < height; y++) file.set(pixels.subarray(y * stride, y * stride + row), HEADER + y * row);
  const view = new DataView(file.buffer);
  view.setUint32(0, 0x002a4949, true);
  view.setUint32(4, directory, true);
  view.setUint16(directory, entries, true);
  let behind = directory + 2 + entries * 12 + 4;
  for (const [i, [tag, type, values]] of fields.entries()) {
    const at = directory + 2 + i * 12;
    const size = sizes[i] ?? 0;
    entry(view, at, tag, type, values.length);
    if (size > 4) view.setUint32(at + 8, behind, true);
    const from = size > 4 ? behind : at + 8;
    for (const [k, value] of values.entries()) {
      if (type === SHORT) view.setUint16(from + 2 * k, value, true);
      else view.setUint32(from + 4 * k, value, true);
    }
    if (size > 4) behind += size;
  }
  if (icc !== undefined) {
    const at = directory + 2 + fields.length * 12;
    entry(view, at, 34675, BYTES, icc.length);
    view.setUint32(at + 8, behind, true);
    file.set(icc, behind);
  }
  return file;
}

function entry(view: DataView, at: number, tag: number, type: number, count: number): void {
  view.setUint16(at, tag, true);
  view.setUint16(at + 2, type, true);
  view.setUint32(at + 4, count, true);
}
