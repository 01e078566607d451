import type { PngHeader } from './formats.ts';

/** Samples of a pixel by colour type (ISO/IEC 15948 §11.2.2). */
export const SAMPLES: ReadonlyMap<number, number> = new Map([
  [0, 1], // grey
  [2, 3], // RGB
  [3, 1], // palette
  [4, 2], // grey with alpha
  [6, 4], // RGBA
]);
const WHITE = 255;

/** The chunks that say what samples mean. */
export interface PngColours {
  readonly palette: Uint8Array | undefined;
  readonly transparency: Uint8Array | undefined;
}

/**
 * One byte for each sample.
 * @param rows uint8 [height, stride], the first sample in the highest bits
 * @param layout.width samples of a row
 * @returns uint8 [height, width], values as they are
 */
export function separated(
  rows: Uint8Array,
  { stride, width, bitDepth }: { readonly stride: number; readonly width: number; readonly bitDepth: number },
): Uint8Array {
  if (bitDepth === 8) return rows;
  const height = rows.length / stride;
  const out = new Uint8Array(height * width);
  const [perByte, most] = [8 / bitDepth, 2 ** bitDepth - 1];
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to++) {
      const byte = rows[y * stride + Math.floor(x / perByte)] ?? NaN;
      out[to] = (byte >> (8 - bitDepth * ((x % perByte) + 1))) & most;
    }
  }
  return out;
}

/**
 * What is seen over white: grey or RGB.
 * @param values as `separated` gives them
 * @returns undefined where palette, transparency and colour type do not fit together
 */
export function opaqueSamples(values: Uint8Array, header: PngHeader, chunks: PngColours): Uint8Array | undefined {
  const { colourType } = header;
  if (colourType === 0) return opaqueGrey(values, header, chunks);
  if (colourType === 2) return opaqueColours(values, chunks);
  if (colourType === 3) return fromPalette(values, header, chunks);
  if (chunks.transparency !== undefined) return undefined;
  return overWhite(values, colourType === 4 ? 1 : 3);
}

/** A single value may be transparent. */
function opaqueGrey(values: Uint8Array, { bitDepth }: PngHeader, chunks: PngColours): Uint8Array | undefined {
  const { palette, transparency } = chunks;
  if (palette !== undefined || (transparency !== undefined && !isKey(transparency, 1))) return undefined;
  const seenThrough = transparency?.[1];
  const step = WHITE / (2 ** bitDepth - 1);
  return values.map((value) => (value === seenThrough ? WHITE : value * step));
}

/** A single colour may be transparent. */
function opaqueColours(values: Uint8Array, { transparency }: PngColours): Uint8Array | undefined {
  if (transparency === undefined) return values;
  if (!isKey(transparency, 3)) return undefined;
  const [, red, , green, , blue] = transparency;
  const out = values.slice();
  for (let i = 0; i < out.length; i += 3) {
    if (out[i] === red && out[i + 1] === green && out[i + 2] === blue) out.fill(WHITE, i, i + 3);
  }
  return out;
}

/** Values of 16 bits, of which eight are used at most. */
const isKey = (transparency: Uint8Array, samples: number): boolean =>
  transparency.length === 2 * samples && transparency.every((byte, i) => i % 2 === 1 || byte === 0);

function fromPalette(values: Uint8Array, { bitDepth }: PngHeader, chunks: PngColours): Uint8Array | undefined {
  const { palette = new Uint8Array(), transparency = new Uint8Array() } = chunks;
  const entries = palette.length / 3;
  if (!Number.isInteger(entries) || entries > 2 ** bitDepth || transparency.length > entries) return undefined;
  const colours = palette.map((level, i) => seen(level, transparency[Math.floor(i / 3)] ?? WHITE));
  const out = new Uint8Array(3 * values.length);
  for (let i = 0; i < values.length; i++) {
    const entry = values[i] ?? NaN;
    if (entry >= entries) return undefined;
    out[3 * i] = colours[3 * entry] ?? NaN;
    out[3 * i + 1] = colours[3 * entry + 1] ?? NaN;
    out[3 * i + 2] = colours[3 * entry + 2] ?? NaN;
  }
  return out;
}

/** @param values [pixels, colours + 1] @returns [pixels, colours] */
function overWhite(values: Uint8Array, colours: number): Uint8Array {
  const out = new Uint8Array((values.length / (colours + 1)) * colours);
  for (let from = 0, to = 0; from < values.length; from++) {
    const alpha = values[from + colours] ?? NaN;
    for (let i = 0; i < colours; i++, from++, to++) out[to] = seen(values[from] ?? NaN, alpha);
  }
  return out;
}

/** libvips rounds down. */
const seen = (level: number, alpha: number): number => Math.floor((level * alpha + WHITE * (WHITE - alpha)) / WHITE);
