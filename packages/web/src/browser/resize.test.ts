import { decodePicture } from '@neurodex/datasets/image';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { squareOf } from './resize.ts';

const PHOTOGRAPHS = ['china', 'flower'] as const;
const photograph = (name: string) =>
  new URL(`../../../neurodex/src/models/bovw/fixtures/${name}.png`, import.meta.url).pathname;

/** A picture as a canvas gives it, and as the catalogue's pictures are made. */
async function both(name: string, width: number, height: number, size: number) {
  const whole = await sharp(photograph(name)).resize(width, height, { fit: 'fill' }).removeAlpha().png().toBuffer();
  const { data } = await sharp(whole).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  const catalogue = await sharp(whole)
    .resize(size, size, { fit: 'cover', position: 'centre', kernel: 'lanczos3' })
    .toColourspace('srgb')
    .raw()
    .toBuffer();
  return {
    have: squareOf({ width, height, data: new Uint8ClampedArray(data) }, size),
    want: new Uint8Array(catalogue),
  };
}

const distances = ({ have, want }: { have: Uint8Array; want: Uint8Array }): { mean: number; most: number } => {
  const apart = Array.from(want, (value, i) => Math.abs(value - (have[i] as number)));
  return { mean: apart.reduce((a, b) => a + b, 0) / apart.length, most: Math.max(...apart) };
};

describe('the centre square of a picture', () => {
  it('is the picture itself where it has that size', async () => {
    for (const name of PHOTOGRAPHS) {
      const { have, want } = await both(name, 48, 48, 48);
      expect(have).toEqual(want);
    }
  });

  it.each([
    [640, 480, 48],
    [481, 643, 48],
    [97, 61, 32],
    [333, 1000, 160],
    [1201, 1200, 32],
    [20, 20, 48],
    [28, 40, 32],
  ])('of %d × %d pixels at %d is that of libvips, but for rounding', async (width, height, size) => {
    for (const name of PHOTOGRAPHS) {
      const { mean, most } = distances(await both(name, width, height, size));
      expect(mean, `${name}: mean`).toBeLessThan(0.7);
      expect(most, `${name}: most`).toBeLessThanOrEqual(3);
    }
  });

  it('of a JPEG, which libvips decodes at a reduced scale, is within a few levels of it on average', async () => {
    for (const name of PHOTOGRAPHS) {
      const jpeg = await sharp(photograph(name)).resize(1200, 900, { fit: 'fill' }).jpeg({ quality: 90 }).toBuffer();
      const { data } = await sharp(jpeg).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
      const have = squareOf({ width: 1200, height: 900, data: new Uint8ClampedArray(data) }, 48);
      const { pixels } = await decodePicture(jpeg, { size: 48, maxPixels: 1e8, name });
      const { mean, most } = distances({ have, want: pixels });
      expect(mean, `${name}: mean`).toBeLessThan(4);
      expect(most, `${name}: most`).toBeLessThan(40);
    }
  });
});
