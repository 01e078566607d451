import { type Raster, squareOf } from '@neurodex/datasets/picture';
import { type ExportedEncoder, preprocess } from 'neurodex/browser';
import { EngineError } from '../engine.ts';

/** Some browsers refuse canvases with a longer edge than this; larger pictures are scaled down first. */
const LARGEST_EDGE = 4096;

/**
 * A picture file as the network sees it: upright, transparency over white, the centre square.
 * @param maxPixels width × height of the largest picture that is accepted
 * @returns uint8 RGB [size, size, 3]
 * @throws EngineError `not-a-picture`, `too-large`
 */
export async function pixelsOf(file: Blob, name: string, size: number, maxPixels: number): Promise<Uint8Array> {
  return squareOf(await rasterOf(file, name, maxPixels), size);
}

/**
 * A picture file as an image encoder takes it: what its preprocessing makes of the whole picture, or the centre square.
 * @returns uint8 RGB [size, size, 3]
 * @throws EngineError `not-a-picture`, `too-large`
 */
export async function encoderPixelsOf(
  file: Blob,
  name: string,
  { input: { size }, preprocessing, square }: ExportedEncoder,
  maxPixels: number,
): Promise<Uint8Array> {
  const raster = await rasterOf(file, name, maxPixels);
  const { width, height } = raster;
  if (preprocessing !== null) return preprocess({ width, height, pixels: opaque(raster) }, preprocessing);
  const edge = Math.min(square?.thumbnail ?? size, width, height);
  if (square?.thumbnail == null || edge === size) return squareOf(raster, size);
  return squareOf(translucent(squareOf(raster, edge), edge), size);
}

/** RGBA → RGB; the canvas was white below. */
function opaque({ width, height, data }: Raster): Uint8Array {
  return Uint8Array.from({ length: 3 * width * height }, (_, i) => data[4 * Math.floor(i / 3) + (i % 3)] ?? 0);
}

/** RGB → RGBA. @param pixels uint8 [size, size, 3] */
export function translucent(pixels: Uint8Array, size: number): Raster {
  const at = (i: number): number => (i % 4 === 3 ? 255 : (pixels[3 * Math.floor(i / 4) + (i % 4)] ?? 0));
  return { width: size, height: size, data: Uint8ClampedArray.from({ length: 4 * size * size }, (_, i) => at(i)) };
}

/** The picture upright, transparency over white. @throws EngineError `not-a-picture`, `too-large` */
export async function rasterOf(file: Blob, name: string, maxPixels: number): Promise<Raster> {
  const bitmap = await decode(file, name);
  try {
    const { width, height } = bitmap;
    refuseLarge(name, width, height, maxPixels);
    const scale = Math.min(1, LARGEST_EDGE / Math.max(width, height));
    return draw(bitmap, Math.round(width * scale), Math.round(height * scale));
  } finally {
    bitmap.close();
  }
}

/** @throws EngineError `too-large` */
export function refuseLarge(name: string, width: number, height: number, maxPixels: number): void {
  const pixels = width * height;
  if (pixels <= maxPixels) return;
  throw new EngineError(
    'too-large',
    `${name} has ${width} × ${height} = ${pixels} pixels, and the limit is ${maxPixels}`,
    {
      hint: 'Scale the picture down and try again.',
    },
  );
}

async function decode(file: Blob, name: string): Promise<ImageBitmap> {
  const refusal = (why: string, cause?: unknown) =>
    new EngineError('not-a-picture', `${name} ${why}`, {
      hint: 'Use a JPEG, PNG, WebP or GIF file; few browsers read HEIC, and none reads camera raw files.',
      cause,
    });
  if (file.size === 0) throw refusal('is empty');
  try {
    return await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch (error) {
    throw refusal('is not a picture that this browser can read', error);
  }
}

function draw(bitmap: ImageBitmap, width: number, height: number): Raster {
  // A thread has no document.
  const canvas = new OffscreenCanvas(Math.max(1, width), Math.max(1, height));
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new EngineError('internal', 'this browser provides no 2D canvas');
  context.imageSmoothingQuality = 'high';
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}
