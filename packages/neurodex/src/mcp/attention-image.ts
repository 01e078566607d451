import { decodePicture, libvips } from '@neurodex/datasets/image';
import { attentionVeil } from '../report/attention-picture.ts';
import type { IdentifierToken } from '../server/api/schemas.ts';

/** Edge of the picture of each token, and the gap between two, in pixels. */
const [EDGE, GAP] = [200, 8];
/** Tokens that are drawn. */
const MOST_TOKENS = 6;

/**
 * Where the network looked, token by token from the left: the query, the darker the less a patch was looked at. JPEG.
 * @param file of the query
 * @throws NeurodexError `picture-*`
 */
export async function attentionImage(
  file: Uint8Array,
  tokens: readonly IdentifierToken[],
  maxPixels: number,
): Promise<Uint8Array> {
  const { pixels } = await decodePicture(file, { name: 'the picture', size: EDGE, maxPixels });
  const picture = await libvips()(pixels, { raw: { width: EDGE, height: EDGE, channels: 3 } })
    .png()
    .toBuffer();
  const drawn = tokens.slice(0, MOST_TOKENS);
  const left = (i: number): number => i * (EDGE + GAP);
  const width = left(Math.max(1, drawn.length)) - GAP;
  const layers = drawn.flatMap(({ attention }, i) => {
    const veil = `<svg xmlns="http://www.w3.org/2000/svg" width="${EDGE}" height="${EDGE}">${attentionVeil(attention, EDGE)}</svg>`;
    return [
      { input: picture, left: left(i), top: 0 },
      { input: Buffer.from(veil), left: left(i), top: 0 },
    ];
  });
  return await libvips()({ create: { width, height: EDGE, channels: 3, background: '#fff' } })
    .composite(layers)
    .jpeg({ quality: 85 })
    .toBuffer();
}
