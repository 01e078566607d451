import sharp from 'sharp';
import { expect, it } from 'vitest';
import { decodeThumbnail } from './thumbnail.ts';

it('a thumbnail is the square picture of its PNG', async () => {
  const pixels = Uint8Array.from({ length: 5 * 5 * 3 }, (_, i) => 3 * i);
  const png = await sharp(pixels, { raw: { width: 5, height: 5, channels: 3 } })
    .png()
    .toBuffer();
  expect(await decodeThumbnail(png, 'a thumbnail')).toEqual({ size: 5, pixels });
});

it.each([
  [3, 2],
  [2, 3],
])('one of %i × %i pixels is refused', async (width, height) => {
  const raw = { width, height, channels: 3 as const };
  const png = await sharp(new Uint8Array(18), { raw }).png().toBuffer();
  await expect(decodeThumbnail(png, 'the thumbnail of row 7')).rejects.toMatchObject({
    code: 'index-damaged',
    message: `the thumbnail of row 7 is ${width}×${height}, where it should be square`,
  });
});

it('one with an edge of 1024 pixels is decoded, and a larger one is not', async () => {
  const blank = (edge: number) =>
    sharp({ create: { width: edge, height: edge, channels: 3, background: '#000' } })
      .png()
      .toBuffer();
  expect((await decodeThumbnail(await blank(1024), 'a thumbnail')).size).toBe(1024);
  await expect(decodeThumbnail(await blank(1025), 'the thumbnail of row 7')).rejects.toMatchObject({
    code: expect.stringMatching(/^picture-/),
    message: expect.stringContaining('the thumbnail of row 7'),
  });
});
