import { type DecodedFile, digestOfBytes } from 'neurodex/browser-build';
import { rasterOf, translucent } from '../browser/pixels.ts';
import { squareOf } from '../browser/resize.ts';
import type { ChosenFile } from '../indexer.ts';

/** A chosen file as an index keeps it. @throws EngineError `not-a-picture`, `too-large` */
export async function decodePicture(
  { path, labels, file }: ChosenFile,
  { size, thumbnail, maxPixels }: { readonly size: number; readonly thumbnail: number; readonly maxPixels: number },
): Promise<DecodedFile> {
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
    ...(await digestOfBytes(new Uint8Array(await file.arrayBuffer()))),
  };
}
