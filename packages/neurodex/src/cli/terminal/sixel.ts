import { libvips } from '@neurodex/datasets/image';

/** Pixels that one character of Sixel stands for, one above the other. */
const BAND = 6;
/** Colour registers that terminals have, less one for what is transparent. */
const COLOURS = 255;
/** Pixels that are less opaque show what is behind them. */
const OPAQUE = 128;
/** The character of no pixel; the pixels of a band are bits above it. */
const NONE = 0x3f;

/** Pixels by colour: `indexes[y * width + x]` is a place in `palette`, or −1 where the picture is transparent. */
export interface IndexedPicture {
  readonly width: number;
  readonly height: number;
  /** Red, green and blue, 0 to 255. */
  readonly palette: readonly (readonly [number, number, number])[];
  readonly indexes: Int16Array;
}

/** A picture as DEC's Sixel graphics (VT330/VT340 Programmer Reference, chapter 14). @param picture encoded: PNG, JPEG … */
export async function sixelSequence(picture: Uint8Array): Promise<string> {
  return encodeSixel(await quantized(picture));
}

/** A picture in at most 255 colours. */
export async function quantized(picture: Uint8Array): Promise<IndexedPicture> {
  const few = await libvips()(picture).png({ palette: true, colours: COLOURS, effort: 4 }).toBuffer();
  const { data, info } = await libvips()(few)
    .toColourspace('srgb')
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const indexes = new Int16Array(width * height).fill(-1);
  const palette: [number, number, number][] = [];
  const known = new Map<number, number>();
  for (let i = 0; i < indexes.length; i++) {
    if ((data[4 * i + 3] ?? 0) < OPAQUE) continue;
    const [red, green, blue] = [data[4 * i] ?? NaN, data[4 * i + 1] ?? NaN, data[4 * i + 2] ?? NaN];
    const colour = (red << 16) | (green << 8) | blue;
    let index = known.get(colour);
    if (index === undefined) {
      index = palette.push([red, green, blue]) - 1;
      known.set(colour, index);
    }
    indexes[i] = index;
  }
  return { width, height, palette, indexes };
}

/** Pixels as a device control string; those that are transparent stay as they are on the screen. */
export function encodeSixel({ width, height, palette, indexes }: IndexedPicture): string {
  const registers = palette.map(
    (colour, i) => `#${i};2;${colour.map((value) => Math.round((value * 100) / 255)).join(';')}`,
  );
  const bands: string[] = [];
  for (let top = 0; top < height; top += BAND) bands.push(bandOf(indexes, width, top, Math.min(height, top + BAND)));
  // The second parameter keeps pixels of no colour; raster attributes: pixels are square, and there are width × height of them.
  return `\u001bP0;1;0q"1;1;${width};${height}${registers.join('')}${bands.join('-')}\u001b\\`;
}

/** Up to six rows: each colour that occurs in them, one over the other. */
function bandOf(indexes: Int16Array, width: number, top: number, bottom: number): string {
  const rows = new Map<number, Uint8Array>();
  for (let y = top; y < bottom; y++) {
    for (let x = 0; x < width; x++) {
      const index = indexes[y * width + x] ?? NaN;
      if (index < 0) continue;
      let bits = rows.get(index);
      if (bits === undefined) {
        bits = new Uint8Array(width);
        rows.set(index, bits);
      }
      bits[x] = (bits[x] ?? NaN) | (1 << (y - top));
    }
  }
  return [...rows].map(([index, bits]) => `#${index}${runs(bits)}`).join('$');
}

/** Characters, of which four or more alike are counted; none at the end of a row where nothing is drawn. */
function runs(bits: Uint8Array): string {
  let end = bits.length;
  while (end > 0 && bits[end - 1] === 0) end--;
  let text = '';
  for (let x = 0; x < end; ) {
    let next = x + 1;
    while (next < end && bits[next] === bits[x]) next++;
    const character = String.fromCharCode(NONE + (bits[x] ?? NaN));
    text += next - x > 3 ? `!${next - x}${character}` : character.repeat(next - x);
    x = next;
  }
  return text;
}
