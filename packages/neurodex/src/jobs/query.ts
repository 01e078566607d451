import { readPicture } from '@neurodex/datasets/image';
import { decodeThumbnail } from '../pictures/thumbnail.ts';
import type { PictureQuery } from '../query/query.ts';

/**
 * An encoded picture in the sizes that systems look at, made as those of the catalogue are.
 * @param name what it is called in messages
 * @throws NeurodexError `picture-*`
 */
export async function queryOf(
  bytes: Uint8Array,
  name: string,
  sizes: { readonly size: number; readonly thumbnail: number; readonly maxPixels: number },
): Promise<PictureQuery> {
  const { picture, thumbnail } = await readPicture(bytes, { ...sizes, name });
  return { kind: 'picture', pixels: picture.pixels, thumbnail: () => decodeThumbnail(thumbnail, name) };
}
