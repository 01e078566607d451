import { libvips } from '@neurodex/datasets/image';
import { strokeText } from '../../report/stroke-text.ts';
import { iterm2Sequence, kittySequence } from './escape-sequences.ts';
import type { TerminalPictures } from './protocols.ts';
import { sixelSequence } from './sixel.ts';

/** Answers of a query that are drawn; a list has the others. */
export const MOST_DRAWN = 40;

/** Cells that a picture takes from one side to the other, of which one is a gap. */
const CELLS = 14;
/** Edge of a picture in pixels, where the terminal scales it. */
const EDGE = 144;
/** Width of a cell of a terminal that does not tell: that of the smallest usual font, so that no picture is cut off. */
const NARROW = 6;
/** Largest edge of a picture in pixels, however large a cell is. */
const LARGEST = 336;

export interface DrawnPictures {
  /** JPEG; null where there is no picture. */
  readonly query: Uint8Array | null;
  /** JPEG, best first. */
  readonly answers: readonly Uint8Array[];
}

interface Tile {
  readonly picture: Uint8Array;
  /** Drawn into a corner: the rank, as the list below has it. */
  readonly name: string;
}

/** A query and its first answers as a grid, line by line, each line with a newline behind it. */
export async function drawAnswers({ query, answers }: DrawnPictures, terminal: TerminalPictures): Promise<string> {
  const { protocol, cell, columns } = terminal;
  const tiles: Tile[] = [
    ...(query === null ? [] : [{ picture: query, name: 'query' }]),
    ...answers.slice(0, MOST_DRAWN).map((picture, i) => ({ picture, name: String(i + 1) })),
  ];
  // A character in the last column makes some terminals wrap.
  const across = Math.max(1, Math.floor((columns - 1) / CELLS));
  const edge = protocol === 'sixel' ? Math.min(LARGEST, CELLS * (cell?.width ?? NARROW)) : EDGE;
  let drawn = '';
  for (let at = 0; at < tiles.length; at += across) {
    const line = tiles.slice(at, at + across);
    const png = await strip(line, edge);
    const wide = Math.min(columns, line.length * CELLS);
    drawn += `${protocol === 'kitty' ? kittySequence(png, wide) : protocol === 'iterm2' ? iterm2Sequence(png, wide) : await sixelSequence(png)}\n`;
  }
  return drawn;
}

/** Pictures side by side on nothing, as PNG: edge pixels high. */
async function strip(tiles: readonly Tile[], edge: number): Promise<Uint8Array> {
  const inner = edge - Math.round(edge / CELLS);
  const layers = await Promise.all(
    tiles.map(async ({ picture }, i) => {
      const { data, info } = await libvips()(picture)
        .resize(inner, inner, { fit: 'inside' })
        .png()
        .toBuffer({ resolveWithObject: true });
      const [left, top] = [(inner - info.width) >> 1, (inner - info.height) >> 1];
      return { input: data, left: i * edge + left, top };
    }),
  );
  const size = { width: tiles.length * edge, height: edge };
  const names = tiles.map(({ name }, i) => badge(name, i * edge, inner)).join('');
  const overlay = `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}">${names}</svg>`;
  return await libvips()({ create: { ...size, channels: 4, background: '#00000000' } })
    .composite([...layers, { input: Buffer.from(overlay), left: 0, top: 0 }])
    .png()
    .toBuffer();
}

/** Dark letters on white ones that are bolder, which can be read on any picture. */
function badge(name: string, x: number, inner: number): string {
  const size = Math.max(10, inner / 8);
  const at = [x + size / 3, size] as const;
  const words = (colour: string, weight: number): string => strokeText(name, ...at, { size, colour, weight });
  return words('#ffffff', size / 2.5) + words('#1f2328', size / 8);
}
