import { libvips } from '@neurodex/datasets/image';
import type { TokenAttention } from '../dsi/search/attention-probe.ts';
import { strokeText } from './stroke-text.ts';

/** The maps of a token, in the order in which they are drawn. */
export const ATTENTION_MAPS = [
  ['lastLayer', 'last layer'],
  ['rollout', 'rollout'],
] as const satisfies readonly (readonly [keyof TokenAttention, string])[];

const MARGIN = 20;
const GAP = 14;
const HEADER = 34;
const ROW_HEAD = 26;
const PAPER = '#ffffff';
const INK = '#1f2328';
const FAINT = '#59636e';
const VEIL = '#0b0f14';
/** Opacity over a patch that nothing looked at. */
const DARKEST = 0.9;

/**
 * A veil over a picture, as SVG rectangles: clear over the patch that was looked at most, the darker the less a patch was
 * looked at.
 * @param patches shares, row by row of a square grid
 * @param edge of the picture, in the units of the drawing
 */
export function attentionVeil(patches: ArrayLike<number>, edge: number): string {
  const side = Math.round(Math.sqrt(patches.length));
  const largest = Math.max(...Array.from(patches));
  // Borders on whole units, so that no light falls through between two patches.
  const border = (i: number): number => Math.round((i * edge) / side);
  const cells = Array.from(patches, (share, i) => {
    const [x, y] = [border(i % side), border(Math.floor(i / side))];
    const [right, bottom] = [border((i % side) + 1), border(Math.floor(i / side) + 1)];
    const opacity = DARKEST * (1 - (largest > 0 ? share / largest : 0));
    return `<rect x="${x}" y="${y}" width="${right - x}" height="${bottom - y}" fill-opacity="${opacity.toFixed(3)}"/>`;
  });
  return `<g fill="${VEIL}" shape-rendering="crispEdges">${cells.join('')}</g>`;
}

/**
 * Which patches each token looked at, as a PNG: a column for each token, the last layer above the rollout, each a picture
 * under its veil.
 * @param picture uint8 RGB [edge, edge, 3]
 */
export async function attentionPicture(
  picture: Uint8Array,
  edge: number,
  tokens: readonly TokenAttention[],
): Promise<Uint8Array> {
  const column = (i: number): number => MARGIN + i * (edge + GAP);
  const row = (r: number): number => HEADER + r * (edge + ROW_HEAD) + ROW_HEAD;
  const width = column(tokens.length) - GAP + MARGIN;
  const height = row(ATTENTION_MAPS.length) - ROW_HEAD + MARGIN;
  const text = (words: string, x: number, y: number, size: number, colour: string): string =>
    strokeText(words, x, y, { size, colour, maxWidth: edge });
  const shapes = tokens.flatMap((token, i) => [
    text(`token ${token.token}, probability ${token.probability.toFixed(2)}`, column(i), 24, 15, INK),
    ...ATTENTION_MAPS.flatMap(([map, name], r) => [
      text(`${name}, ${Math.round(100 * token[map].onPicture)} % on the picture`, column(i), row(r) - 9, 12, FAINT),
      `<g transform="translate(${column(i)} ${row(r)})">${attentionVeil(token[map].patches, edge)}</g>`,
    ]),
  ]);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${shapes.join('')}</svg>`;
  const pictures = tokens.flatMap((_, i) =>
    ATTENTION_MAPS.map((_, r) => ({
      input: Buffer.from(picture.buffer, picture.byteOffset, picture.length),
      raw: { width: edge, height: edge, channels: 3 as const },
      left: column(i),
      top: row(r),
    })),
  );
  const png = await libvips()({ create: { width, height, channels: 3, background: PAPER } })
    .composite([...pictures, { input: Buffer.from(svg), left: 0, top: 0 }])
    .png({ compressionLevel: 9 })
    .toBuffer();
  return new Uint8Array(png.buffer, png.byteOffset, png.length);
}
