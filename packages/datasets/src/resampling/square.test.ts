import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { squareOf } from './square.ts';

/** By libvips, without alpha. */
async function wanted(data: Uint8Array, width: number, height: number, given: 1 | 3 | 4, size: number) {
  const channels = given === 4 ? 3 : given;
  const samples = given === 4 ? data.filter((_, i) => i % 4 !== 3) : data;
  const buffer = await sharp(samples, { raw: { width, height, channels } })
    .resize(size, size, { fit: 'cover', position: 'centre', kernel: 'lanczos3' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer();
  return new Uint8Array(buffer);
}

const samples = (count: number) => fc.uint8Array({ minLength: count, maxLength: count });
const picture = (most: number) =>
  fc
    .record({
      width: fc.integer({ min: 1, max: most }),
      height: fc.integer({ min: 1, max: most }),
      channels: fc.constantFrom(1 as const, 3 as const, 4 as const),
      size: fc.integer({ min: 1, max: 64 }),
    })
    .chain((shape) => samples(shape.width * shape.height * shape.channels).map((data) => ({ ...shape, data })));

describe('the square in the middle of a picture', () => {
  it('is that of libvips, to the last bit', async () => {
    await fc.assert(
      fc.asyncProperty(picture(96), async ({ width, height, channels, size, data }) => {
        const want = await wanted(data, width, height, channels, size);
        expect(squareOf({ width, height, data }, size)).toEqual(want);
      }),
      { numRuns: 300 },
    );
  });

  it.each([28, 32, 48, 64, 72, 96, 97, 160])('of %d pixels has every size as libvips makes it', async (edge) => {
    const data = Uint8Array.from({ length: edge * edge * 3 }, (_, i) => (i * i * 31 + 7 * i) % 256);
    for (let size = 1; size <= 64; size++) {
      expect(squareOf({ width: edge, height: edge, data }, size), `at ${size}`).toEqual(
        await wanted(data, edge, edge, 3, size),
      );
    }
  });

  it.each([
    [300, 200, 32],
    [261, 343, 48],
    [640, 480, 48],
    [481, 643, 160],
    [333, 1000, 160],
    [1201, 1200, 32],
  ])('of %d × %d at %d averages blocks first', async (width, height, size) => {
    for (const channels of [1, 3, 4] as const) {
      const data = Uint8Array.from({ length: width * height * channels }, (_, i) => (i * i * 31 + 7 * i) % 256);
      const want = await wanted(data, width, height, channels, size);
      const apart = squareOf({ width, height, data }, size).map((level, i) => Math.abs(level - (want[i] as number)));
      expect(Math.max(...apart)).toBeLessThanOrEqual(width * height > 2 ** 17 ? 3 : 0);
      expect(apart.reduce((sum, each) => sum + each, 0) / apart.length).toBeLessThan(1);
    }
  });

  it('does not look at alpha', () => {
    const data = Uint8Array.of(10, 20, 30, 0, 40, 50, 60, 255, 70, 80, 90, 9, 1, 2, 3, 4);
    expect([...squareOf({ width: 2, height: 2, data }, 2)]).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90, 1, 2, 3]);
  });
});
