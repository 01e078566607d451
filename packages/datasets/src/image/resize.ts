import type { Sharp } from 'sharp';
import { type Picture, pictureBytes } from '../picture.ts';
import { libvips } from './libvips.ts';

/** sRGB from here on, alpha over white, centre-cropped to a square and resized with Lanczos 3. */
export const resized = (image: Sharp, size: number): Sharp =>
  image
    .flatten({ background: '#ffffff' })
    .resize(size, size, { fit: 'cover', position: 'centre', kernel: 'lanczos3' })
    .toColourspace('srgb');

export async function rawPixels(image: Sharp, size: number): Promise<Picture> {
  const { data, info } = await image.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  if (info.channels !== 3 || data.length !== pictureBytes(size)) {
    throw new Error(`it has ${info.channels} channels where red, green and blue were expected`);
  }
  return { size, pixels: new Uint8Array(data.buffer, data.byteOffset, data.length) };
}

/**
 * A picture at that edge in pixels where it is smaller, by Lanczos 3; larger ones as they are.
 * @example
 * ```ts
 * import { enlarged } from '@neurodex/datasets/image';
 *
 * const red = { size: 1, pixels: Uint8Array.of(255, 0, 0) };
 * const larger = await enlarged(red, 2);
 * console.log(larger.size, (await enlarged(larger, 1)) === larger); // → 2 true
 * ```
 */
export const enlarged = async (picture: Picture, edge: number): Promise<Picture> =>
  picture.size >= edge ? picture : await atSize(picture, edge);

/**
 * A picture at that edge in pixels, by Lanczos 3.
 * @example
 * ```ts
 * import { atSize } from '@neurodex/datasets/image';
 *
 * const red = { size: 1, pixels: Uint8Array.of(255, 0, 0) };
 * console.log((await atSize(red, 2)).pixels.join(' ')); // → 255 0 0 255 0 0 255 0 0 255 0 0
 * ```
 */
export async function atSize(picture: Picture, edge: number): Promise<Picture> {
  const { size, pixels } = picture;
  if (size === edge) return picture;
  return await rawPixels(resized(libvips()(pixels, { raw: { width: size, height: size, channels: 3 } }), edge), edge);
}
