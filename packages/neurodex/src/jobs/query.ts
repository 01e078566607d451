import { readPicture } from '@neurodex/datasets/image';
import { encoderPixels } from '../pictures/encoder-pixels.ts';
import { decodeThumbnail } from '../pictures/thumbnail.ts';
import type { Preprocessing } from '../query/preprocessing.ts';
import type { PictureQuery } from '../query/query.ts';

/**
 * An encoded picture in the sizes that systems look at, made as those of the catalogue are.
 * @param name what it is called in messages
 * @param preprocessing of the encoder of the index, where it came with one
 * @throws NeurodexError `picture-*`
 */
export async function queryOf(
  bytes: Uint8Array,
  name: string,
  sizes: { readonly size: number; readonly thumbnail: number; readonly maxPixels: number },
  preprocessing?: Preprocessing,
): Promise<PictureQuery> {
  const { picture, thumbnail } = await readPicture(bytes, { ...sizes, name });
  return {
    kind: 'picture',
    pixels: picture.pixels,
    thumbnail: () => decodeThumbnail(thumbnail, name),
    ...(preprocessing === undefined
      ? {}
      : { encoderPixels: () => encoderPixels(bytes, preprocessing, { ...sizes, name }) }),
  };
}
