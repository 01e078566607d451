import { decodePicture, readPicture } from '@neurodex/datasets/image';
import type { Reading } from './hosted.ts';
import { DECODE_SECONDS, type Limits } from './limits.ts';
import type { PlainQuery } from './ranker.ts';

/**
 * The picture of a search, as systems look at it.
 * @param withThumbnail whether one of the systems looks at more than the network's pixels
 * @throws NeurodexError `picture-*`
 */
export async function decodeUpload(
  bytes: Uint8Array,
  { size, thumbnail: edge, maxPixels, needsFile }: Reading,
  limits: Pick<Limits, 'maxPixels'>,
  withThumbnail: boolean,
): Promise<PlainQuery> {
  const options = {
    size,
    thumbnail: edge,
    maxPixels: Math.min(limits.maxPixels, maxPixels),
    seconds: DECODE_SECONDS,
    name: 'the picture',
  };
  if (!withThumbnail) {
    const { pixels } = await decodePicture(bytes, options);
    return { pixels, thumbnail: undefined, row: undefined };
  }
  const { picture, thumbnail } = await readPicture(bytes, options);
  return { pixels: picture.pixels, thumbnail, file: needsFile ? bytes : undefined, row: undefined };
}
