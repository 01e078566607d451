import { crc32, inflateSync } from 'node:zlib';
import type { Raster } from '../picture.ts';
import type { PngHeader } from './formats.ts';
import { opaqueSamples, type PngColours, SAMPLES, separated } from './png-samples.ts';

/** Behind the signature. */
const FIRST_CHUNK = 8;
/** In the file: methods of compression and filtering, and whether it is interlaced; 0, 0, 0 in what is read here. */
const METHODS = { from: 26, to: 29 } as const;

interface PngChunks extends PngColours {
  /** Compressed rows. */
  readonly data: Uint8Array;
}

export interface PngPixels extends Raster {
  readonly data: Uint8Array;
}

/**
 * The pixels of a PNG file of at most 8 bits a sample (ISO/IEC 15948), those that can be seen through over white, as libvips decodes
 * them: small pictures take libvips many times as long.
 * @returns grey or RGB; undefined for interlaced files and for any that is not wholly sound: libvips says what is wrong with it
 */
export function pngPixels(bytes: Uint8Array, header: PngHeader): PngPixels | undefined {
  const { width, height, bitDepth, colourType } = header;
  const samples = SAMPLES.get(colourType);
  const isPlain = bytes.subarray(METHODS.from, METHODS.to).every((method) => method === 0);
  if (samples === undefined || !isPlain || ![1, 2, 4, 8].includes(bitDepth)) return undefined;
  const chunks = chunksOf(bytes);
  if (chunks === undefined) return undefined;
  const stride = Math.ceil((width * samples * bitDepth) / 8);
  const rows = inflated(chunks.data, height * (stride + 1));
  if (rows === undefined) return undefined;
  const bytesOfRows = unfiltered(rows, stride, Math.ceil((samples * bitDepth) / 8));
  if (bytesOfRows === undefined) return undefined;
  const data = opaqueSamples(separated(bytesOfRows, { stride, width: width * samples, bitDepth }), header, chunks);
  return data === undefined ? undefined : { width, height, data };
}

function chunksOf(bytes: Uint8Array): PngChunks | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const parts: Uint8Array[] = [];
  const others = new Map<string, Uint8Array>();
  for (let at = FIRST_CHUNK; at + 12 <= bytes.length; ) {
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > bytes.length || crc32(bytes.subarray(at + 4, end)) !== view.getUint32(end)) return undefined;
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const data = bytes.subarray(at + 8, end);
    at = end + 4;
    if (type === 'IEND') {
      return { data: Buffer.concat(parts), palette: others.get('PLTE'), transparency: others.get('tRNS') };
    }
    if (type === 'IDAT') {
      parts.push(data);
      continue;
    }
    // There is one of each; what says how samples are to be read comes before them, and a palette first.
    if (others.has(type) || parts.length > 0 || (type === 'PLTE' && others.has('tRNS'))) return undefined;
    others.set(type, data);
  }
  return undefined;
}

/** undefined unless that many bytes come out. */
function inflated(data: Uint8Array, length: number): Uint8Array | undefined {
  try {
    const rows = inflateSync(data, { maxOutputLength: length });
    return rows.length === length ? rows : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Undoes the filters of all rows (§9.2).
 * @param rows uint8 [height, 1 + stride]: each behind the number of its filter
 * @param pixel bytes from one to what the filters call the one to its left
 * @returns uint8 [height, stride]; undefined for a filter that there is not
 */
function unfiltered(rows: Uint8Array, stride: number, pixel: number): Uint8Array | undefined {
  const height = rows.length / (stride + 1);
  const out = new Uint8Array(height * stride);
  for (let y = 0; y < height; y++) {
    const from = y * (stride + 1);
    const to = y * stride;
    out.set(rows.subarray(from + 1, from + 1 + stride), to);
    const undo = FILTERS[rows[from] ?? NaN];
    if (undo === undefined) return undefined;
    undo(out, { start: to, end: to + stride, pixel, above: y === 0 ? undefined : stride });
  }
  return out;
}

interface Row {
  readonly start: number;
  readonly end: number;
  readonly pixel: number;
  /** Bytes back to the row above; undefined for the first one, above which all is 0. */
  readonly above: number | undefined;
}

const FILTERS: readonly ((out: Uint8Array, row: Row) => void)[] = [
  function none() {},
  function sub(out, { start, end, pixel }) {
    for (let i = start + pixel; i < end; i++) out[i] = (out[i] ?? NaN) + (out[i - pixel] ?? NaN);
  },
  function up(out, { start, end, above }) {
    if (above === undefined) return;
    for (let i = start; i < end; i++) out[i] = (out[i] ?? NaN) + (out[i - above] ?? NaN);
  },
  function average(out, { start, end, pixel, above }) {
    for (let i = start; i < end; i++) {
      const left = i < start + pixel ? 0 : (out[i - pixel] ?? NaN);
      const over = above === undefined ? 0 : (out[i - above] ?? NaN);
      out[i] = (out[i] ?? NaN) + ((left + over) >> 1);
    }
  },
  function paeth(out, { start, end, pixel, above }) {
    for (let i = start; i < end; i++) {
      const left = i < start + pixel ? 0 : (out[i - pixel] ?? NaN);
      const over = above === undefined ? 0 : (out[i - above] ?? NaN);
      const corner = above === undefined || i < start + pixel ? 0 : (out[i - above - pixel] ?? NaN);
      out[i] = (out[i] ?? NaN) + nearest(left, over, corner);
    }
  },
];

/** Of the three, the one nearest to left + over − corner; of equals the first. */
function nearest(left: number, over: number, corner: number): number {
  const [toLeft, toOver] = [Math.abs(over - corner), Math.abs(left - corner)];
  const toCorner = Math.abs(left + over - 2 * corner);
  if (toLeft <= toOver && toLeft <= toCorner) return left;
  return toOver <= toCorner ? over : corner;
}
