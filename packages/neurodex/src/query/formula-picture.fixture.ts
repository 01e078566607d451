import type { WholePicture } from '@neurodex/datasets/image';

/** A picture that fixtures/make.py and models/encoder/fixtures/make_pixels.py draw as well. */
export function formulaPicture(width: number, height: number): WholePicture {
  const pixels = new Uint8Array(width * height * 3);
  let at = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) pixels[at++] = (x * 37 + y * 91 + c * 53 + x * y * 3 + ((x * x) >> 3)) & 255;
    }
  }
  return { width, height, pixels };
}
