import { libvips } from '@neurodex/datasets/image';

/** Edge of a picture in a page, in pixels: sharp enough on a screen with two dots to a pixel. */
const EDGE = 144;

/** A picture as pages show it: JPEG, whole, within a square. @param picture encoded: PNG, JPEG … */
export const smallJpeg = async (picture: Uint8Array): Promise<Uint8Array> =>
  await libvips()(picture)
    .resize(EDGE, EDGE, { fit: 'inside', withoutEnlargement: true })
    .flatten({ background: '#fff' })
    .jpeg({ quality: 80 })
    .toBuffer();
