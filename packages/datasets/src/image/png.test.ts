import * as fc from 'fast-check';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { encodePng } from './png.ts';

test('libvips reads every pixel back', async () => {
  const shape = fc.record({ width: fc.integer({ min: 1, max: 40 }), height: fc.integer({ min: 1, max: 40 }) });
  await fc.assert(
    fc.asyncProperty(
      shape,
      fc.constantFrom(1 as const, 3 as const),
      fc.nat(),
      async ({ width, height }, channels, n) => {
        const pixels = Uint8Array.from({ length: width * height * channels }, (_, i) => (i * i * 31 + n) & 255);
        const file = encodePng(pixels, width, height, channels);
        const { data, info } = await sharp(file)
          .toColourspace(channels === 1 ? 'b-w' : 'srgb')
          .raw()
          .toBuffer({ resolveWithObject: true });
        expect([info.width, info.height, info.channels]).toEqual([width, height, channels]);
        expect(new Uint8Array(data)).toEqual(pixels);
      },
    ),
    { numRuns: 40 },
  );
});

test('pixels that do not fill the picture are refused', () => {
  expect(() => encodePng(new Uint8Array(5), 2, 2, 1)).toThrow('2 × 2 × 1 pixels take 4 bytes, not 5');
});
