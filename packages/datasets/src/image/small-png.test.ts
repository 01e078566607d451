import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { expect, it } from 'vitest';
import { decodePicture, readPicture } from './decode.ts';

const options = { maxPixels: 1_000_000, name: 'set/cat.png' };

it('decodes a small PNG with transparent pixels once, to the same pixels', async () => {
  const kinds = {
    rgba: (image: Sharp) => image.png(),
    'grey with alpha': (image: Sharp) => image.toColourspace('b-w').png(),
    palette: (image: Sharp) => image.png({ palette: true }),
  };
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 48 }),
      fc.constantFrom(...(Object.keys(kinds) as (keyof typeof kinds)[])),
      fc.uint8Array({ minLength: 4 * 40 * 40, maxLength: 4 * 40 * 40 }),
      async (edge, size, kind, noise) => {
        const image = sharp(noise.subarray(0, 4 * edge * edge), { raw: { width: edge, height: edge, channels: 4 } });
        const bytes = await kinds[kind](image).toBuffer();
        const { picture, thumbnail, dimensions } = await readPicture(bytes, { ...options, size, thumbnail: 40 });
        expect(picture).toEqual(await decodePicture(bytes, { ...options, size }));
        expect(dimensions).toEqual({ width: edge, height: edge });
        const drawn = await decodePicture(thumbnail, { ...options, size: edge });
        expect(drawn).toEqual(await decodePicture(bytes, { ...options, size: edge }));
      },
    ),
    { numRuns: 60 },
  );
});
