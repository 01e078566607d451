import { EngineError } from '../engine.ts';
import { squareOf } from './resize.ts';

/** Canvases larger than this on an edge are refused by some browsers; pictures are first brought to it. */
const LARGEST_EDGE = 4096;

/**
 * A picture file as the model sees it: upright, transparency over white, the centre square.
 * @param maxPixels width × height of the largest picture that is taken
 * @returns uint8 RGB [size, size, 3]
 * @throws EngineError `not-a-picture`, `too-large`
 */
export async function pixelsOf(file: Blob, name: string, size: number, maxPixels: number): Promise<Uint8Array> {
  const bitmap = await decoded(file, name);
  try {
    const { width, height } = bitmap;
    if (width * height > maxPixels) {
      throw new EngineError('too-large', `${name} has ${width} × ${height} pixels, and the limit is ${maxPixels}`, {
        hint: 'Scale it down and try again.',
      });
    }
    const scale = Math.min(1, LARGEST_EDGE / Math.max(width, height));
    return squareOf(drawn(bitmap, Math.round(width * scale), Math.round(height * scale)), size);
  } finally {
    bitmap.close();
  }
}

async function decoded(file: Blob, name: string): Promise<ImageBitmap> {
  const refused = (why: string, cause?: unknown) =>
    new EngineError('not-a-picture', `${name} ${why}`, { hint: 'Take a JPEG, PNG, WebP or GIF file.', cause });
  if (file.size === 0) throw refused('is empty');
  try {
    return await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch (error) {
    throw refused('is not a picture that this browser can read', error);
  }
}

function drawn(bitmap: ImageBitmap, width: number, height: number) {
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, width);
  canvas.height = Math.max(1, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new EngineError('internal', 'this browser gives no canvas to draw on');
  context.imageSmoothingQuality = 'high';
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}
