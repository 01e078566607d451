import { EngineError } from '../engine.ts';
import { type Raster, squareOf } from './resize.ts';

/** Some browsers refuse canvases with a longer edge than this; larger pictures are scaled down first. */
const LARGEST_EDGE = 4096;

/**
 * A picture file as the network sees it: upright, transparency over white, the centre square.
 * @param maxPixels width × height of the largest picture that is accepted
 * @returns uint8 RGB [size, size, 3]
 * @throws EngineError `not-a-picture`, `too-large`
 */
export async function pixelsOf(file: Blob, name: string, size: number, maxPixels: number): Promise<Uint8Array> {
  const bitmap = await decode(file, name);
  try {
    const { width, height } = bitmap;
    if (width * height > maxPixels) {
      throw new EngineError('too-large', `${name} has ${width} × ${height} pixels, and the limit is ${maxPixels}`, {
        hint: 'Scale the picture down and try again.',
      });
    }
    const scale = Math.min(1, LARGEST_EDGE / Math.max(width, height));
    return squareOf(draw(bitmap, Math.round(width * scale), Math.round(height * scale)), size);
  } finally {
    bitmap.close();
  }
}

async function decode(file: Blob, name: string): Promise<ImageBitmap> {
  const refusal = (why: string, cause?: unknown) =>
    new EngineError('not-a-picture', `${name} ${why}`, { hint: 'Use a JPEG, PNG, WebP or GIF file.', cause });
  if (file.size === 0) throw refusal('is empty');
  try {
    return await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch (error) {
    throw refusal('is not a picture that this browser can read', error);
  }
}

function draw(bitmap: ImageBitmap, width: number, height: number): Raster {
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, width);
  canvas.height = Math.max(1, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new EngineError('internal', 'this browser provides no 2D canvas');
  context.imageSmoothingQuality = 'high';
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}
