import { atSize } from '@neurodex/datasets/image';
import { preprocess } from '../../query/preprocess.ts';
import type { PictureQuery } from '../../query/query.ts';
import type { EncoderFacts } from './encoder.ts';

/**
 * A picture as an encoder takes it, uint8 RGB [size, size, 3]. An encoder that came with preprocessing gets what that makes of the
 * picture, or of its thumbnail where nothing more is stored; any other one the pixels of the network, or the thumbnail at its size.
 * @param size edge of `PictureQuery.pixels`
 */
export async function encoderPicture(
  facts: Pick<EncoderFacts, 'size' | 'preprocessing'>,
  size: number,
  { pixels, thumbnail, encoderPixels }: PictureQuery,
): Promise<Uint8Array> {
  const { preprocessing } = facts;
  if (preprocessing !== undefined) {
    if (encoderPixels !== undefined) return await encoderPixels();
    const { size: edge, pixels: small } = await thumbnail();
    return preprocess({ width: edge, height: edge, pixels: small }, preprocessing);
  }
  return facts.size === size ? pixels : (await atSize(await thumbnail(), facts.size)).pixels;
}
