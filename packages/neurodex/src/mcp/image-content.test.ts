import { Random } from '@neurodex/core/random';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { viewed } from './image-content.ts';

const noise = (edge: number): Promise<Buffer> => {
  const random = Random.seeded(7);
  const pixels = Uint8Array.from({ length: edge * edge * 3 }, () => random.integer(256));
  return sharp(pixels, { raw: { width: edge, height: edge, channels: 3 } })
    .png()
    .toBuffer();
};

it('a picture is shown as it is, and where it has too many bytes as a smaller JPEG of enough of them', async () => {
  const small = await noise(64);
  expect(await viewed(small)).toEqual({ bytes: small, mimeType: 'image/png', width: 64, height: 64 });
  const { bytes, mimeType, width, height } = await viewed(await noise(1400));
  expect([mimeType, width, height]).toEqual(['image/jpeg', 1024, 1024]);
  expect(bytes.length).toBeLessThanOrEqual(640 * 1024);
  expect((await sharp(bytes).metadata()).format).toBe('jpeg');
});
