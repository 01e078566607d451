import { defined } from '@neurodex/core';
import { libvips } from '@neurodex/datasets/image';
import { strokeText, wrapText } from './stroke-text.ts';

/** A region of the picture as published, in its pixels. */
export interface SheetBox {
  readonly label: string;
  readonly box: readonly [left: number, top: number, width: number, height: number];
  /** A group that was not taken apart: drawn dashed. */
  readonly crowd: boolean;
}

export interface SheetExample {
  /** Encoded: PNG, JPEG … */
  readonly picture: Uint8Array;
  readonly label: string;
  /** Shown below the label. */
  readonly caption?: string;
  readonly boxes?: readonly SheetBox[];
}

export interface ExamplesSheetOptions {
  readonly title: string;
  readonly examples: readonly SheetExample[];
  /** Pictures side by side; 6 by default. */
  readonly columns?: number;
  /** Longest edge of a picture in pixels; 180 by default. */
  readonly edge?: number;
}

const MARGIN = 24;
const GAP = 18;
const HEADER = 60;
const LABEL = 14;
const CAPTION = 12;
const CAPTION_LINES = 3;
const INK = '#1f2328';
const FAINT = '#59636e';
const BACKGROUND = '#f6f8fa';
/** Colours of the boxes, by turns. */
const COLOURS = ['#e6194b', '#3cb44b', '#4363d8', '#f58231', '#911eb4', '#008080'];

/** One PNG with pictures in a grid, whole and in their own shape, with labels, captions and boxes of objects. */
export async function examplesSheet(options: ExamplesSheetOptions): Promise<Uint8Array> {
  const { title, examples, columns = 6, edge = 180 } = options;
  if (examples.length === 0) throw new RangeError('a sheet of examples needs one');
  const hasCaptions = examples.some(({ caption }) => caption !== undefined);
  const cellHeight = edge + 26 + (hasCaptions ? CAPTION_LINES * 16 : 0) + GAP;
  const across = Math.min(columns, examples.length);
  const width = 2 * MARGIN + across * edge + (across - 1) * GAP;
  const height = HEADER + Math.ceil(examples.length / across) * cellHeight + MARGIN / 2;

  const layers = await Promise.all(
    examples.map(async (example, i) => {
      const left = MARGIN + (i % across) * (edge + GAP);
      const top = HEADER + Math.floor(i / across) * cellHeight;
      const drawn = await fitted(example.picture, edge);
      const x = left + Math.floor((edge - drawn.width) / 2);
      const y = top + Math.floor((edge - drawn.height) / 2);
      return {
        layer: {
          input: drawn.data,
          raw: { width: drawn.width, height: drawn.height, channels: 3 as const },
          left: x,
          top: y,
        },
        svg: boxes(example.boxes ?? [], x, y, drawn.scale) + words(example, left, top, edge),
      };
    }),
  );
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">`,
    strokeText(title, MARGIN, 36, { size: 19, colour: INK, weight: 2, maxWidth: width - 2 * MARGIN }),
    ...layers.map((each) => each.svg),
    '</svg>',
  ].join('');
  const png = await libvips()({ create: { width, height, channels: 3, background: BACKGROUND } })
    .composite([...layers.map(({ layer }) => layer), { input: Buffer.from(svg), left: 0, top: 0 }])
    .png({ compressionLevel: 9 })
    .toBuffer();
  return new Uint8Array(png.buffer, png.byteOffset, png.length);
}

/** The whole picture within a square; small ones are enlarged without smoothing, so that their pixels can be seen. */
async function fitted(picture: Uint8Array, edge: number) {
  const image = libvips()(picture).autoOrient();
  const header = await image.metadata();
  const longest = Math.max(header.autoOrient.width, header.autoOrient.height);
  const { data, info } = await image
    .flatten({ background: '#ffffff' })
    .resize(edge, edge, { fit: 'inside', kernel: longest < edge / 2 ? 'nearest' : 'lanczos3' })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, scale: info.width / header.autoOrient.width };
}

function boxes(objects: readonly SheetBox[], x: number, y: number, scale: number): string {
  return objects
    .map(({ label, box: [left, top, width, height], crowd }, i) => {
      const colour = defined(COLOURS[i % COLOURS.length], 'a colour');
      const at = { x: x + left * scale, y: y + top * scale };
      const style = { size: 11, maxWidth: Math.max(40, width * scale) };
      const dashes = crowd ? ' stroke-dasharray="4 3"' : '';
      return (
        `<rect x="${at.x.toFixed(1)}" y="${at.y.toFixed(1)}" width="${(width * scale).toFixed(1)}" height="${(height * scale).toFixed(1)}" fill="none" stroke="${colour}" stroke-width="1.5"${dashes}/>` +
        // White under the letters, so that they can be read on any picture.
        strokeText(label, at.x + 4, at.y + 12, { ...style, colour: '#ffffff', weight: 4.5 }) +
        strokeText(label, at.x + 4, at.y + 12, { ...style, colour, weight: 1.4 })
      );
    })
    .join('');
}

function words({ label, caption }: SheetExample, left: number, top: number, edge: number): string {
  const lines = caption === undefined ? [] : wrapText(caption, CAPTION, edge, CAPTION_LINES);
  return [
    strokeText(label, left, top + edge + 18, { size: LABEL, colour: INK, weight: 1.5, maxWidth: edge }),
    ...lines.map((line, i) =>
      strokeText(line, left, top + edge + 36 + i * 16, { size: CAPTION, colour: FAINT, weight: 1.2 }),
    ),
  ].join('');
}
