import { squareOf } from '@neurodex/datasets/picture';
import { jpegFrame, sniffFormat } from '@neurodex/datasets/skipped';
import { type DecodedFile, digestOfBytes } from 'neurodex/browser-build';
import { rasterOf, refuseLarge, translucent } from '../browser/pixels.ts';
import type { ChosenFile } from '../indexer.ts';

/** A chosen file as an index keeps it. @throws EngineError `not-a-picture`, `too-large` */
export async function decodePicture(
  { path, labels, file }: ChosenFile,
  { size, thumbnail, maxPixels }: { readonly size: number; readonly thumbnail: number; readonly maxPixels: number },
): Promise<DecodedFile> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const { width, height } = announcedSize(bytes);
  refuseLarge(path, width, height, maxPixels);
  const raster = await rasterOf(file, path, maxPixels);
  // A thumbnail is never larger than its picture.
  const edge = Math.min(thumbnail, raster.width, raster.height);
  const canvas = new OffscreenCanvas(edge, edge);
  const { data } = translucent(squareOf(raster, edge), edge);
  canvas
    .getContext('2d', { alpha: false })
    ?.putImageData(new ImageData(Uint8ClampedArray.from(data), edge, edge), 0, 0);
  const png = await canvas.convertToBlob({ type: 'image/png' });
  return {
    path,
    labels,
    pixels: squareOf(raster, size),
    thumbnail: new Uint8Array(await png.arrayBuffer()),
    ...(await digestOfBytes(bytes)),
  };
}

/** As its header says: what is too large is never decoded. Nothing where it is of a format whose header is not looked at. */
function announcedSize(bytes: Uint8Array): { readonly width: number; readonly height: number } {
  const format = sniffFormat(bytes);
  if (format === 'PNG' && bytes.length >= 24) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return { width: view.getUint32(16), height: view.getUint32(20) };
  }
  return (format === 'JPEG' ? jpegFrame(bytes) : undefined) ?? { width: 0, height: 0 };
}
