import { damaged } from '@neurodex/core/storage';
import { decodeWhole } from '@neurodex/datasets/image';
import type { Picture } from '@neurodex/datasets/picture';

/** Pixels of a stored thumbnail, at most: `pictures.thumbnail` squared, as large as it may be. */
const LARGEST_THUMBNAIL = 1024 ** 2;

/** The picture of a stored thumbnail. @param name what it is called in messages @throws NeurodexError `index-damaged` */
export async function decodeThumbnail(png: Uint8Array, name: string): Promise<Picture> {
  const { width, height, pixels } = await decodeWhole(png, { name, maxPixels: LARGEST_THUMBNAIL });
  if (width !== height) throw damaged(name, `is ${width}×${height}, where it should be square`);
  return { size: width, pixels };
}

/** Edge of a stored thumbnail in pixels, from its header (PNG specification §11.2.2). */
export const thumbnailEdge = (png: Uint8Array): number =>
  png.length < 24 ? 0 : new DataView(png.buffer, png.byteOffset, png.length).getUint32(16);
