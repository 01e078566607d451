import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import type { Metadata } from 'sharp';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodePicture } from './decode.ts';
import { DECODE_MEMORY, decodingMemory, MemoryBudget } from './memory.ts';
import { chunk, SIGNATURE } from './png.ts';

const options = { size: 8, maxPixels: 250_000_000, name: 'set/bomb' };
const refusal = async (bytes: Uint8Array) =>
  await decodePicture(bytes, options).then(
    () => 'decoded',
    (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
  );

/** A PNG whose header announces so much; what follows is not enough of it. */
function announced(width: number, height: number, depth: number, colourType: number, interlaced: boolean): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colourType, 0, 0, interlaced ? 1 : 0], 8);
  const parts = [
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(64))),
    chunk('IEND', Buffer.alloc(0)),
  ];
  return Buffer.concat(parts);
}

const header = (facts: Partial<Metadata>): Metadata =>
  ({ width: 1000, height: 1000, channels: 3, depth: 'uchar', isProgressive: false, ...facts }) as Metadata;
const perPixel = (
  format: 'JPEG' | 'PNG' | 'WebP' | 'AVIF' | 'GIF' | 'TIFF',
  facts: Partial<Metadata>,
  more = {},
): number => decodingMemory({ format, header: header(facts), samples: false, whole: false, ...more }) / 1e6;

describe('limits of decoding', () => {
  it('refuses, from the header, what would take too much memory, and says how much', async () => {
    expect(await refusal(announced(13_000, 13_000, 16, 6, true))).toBe(
      'picture-too-large: set/bomb (13000 × 13000 pixels) would take 1290 MiB of memory to decode, and the limit is 1024 MiB',
    );
    // The same row by row takes next to nothing: it is looked at, and found to be cut short.
    expect(await refusal(announced(13_000, 13_000, 16, 6, false))).toMatch(
      /^picture-damaged: set\/bomb is a damaged PNG file/,
    );
  });

  it('refuses a row or a column that is longer than any picture', async () => {
    const message = /^picture-too-large: set\/bomb is \d+ × \d+ pixels, and the limit of an edge is 65535$/;
    expect(await refusal(announced(1, 2 ** 31 - 1, 8, 0, false))).toMatch(message);
    expect(await refusal(announced(70_000, 1, 8, 0, false))).toMatch(message);
  });

  it('reads a picture that is thousands of times as long as it is wide', async () => {
    const long = sharp({ create: { width: 3, height: 60_000, channels: 3, background: '#0a141e' } }).png();
    const { pixels } = await decodePicture(await long.toBuffer(), { ...options, size: 64 });
    expect(new Set(pixels)).toEqual(new Set([10, 20, 30]));
  });

  it('lets a photograph of 200 megapixels pass', () => {
    const photograph = { width: 16_384, height: 12_288, chromaSubsampling: '4:2:0' };
    for (const isProgressive of [false, true]) {
      const demand = {
        format: 'JPEG',
        header: header({ ...photograph, isProgressive }),
        samples: false,
        whole: false,
      } as const;
      expect(decodingMemory(demand)).toBeLessThan(DECODE_MEMORY);
    }
  });

  it('counts what each format holds while it is decoded, in bytes a pixel', () => {
    expect(perPixel('JPEG', {})).toBe(0);
    expect(perPixel('JPEG', { isProgressive: true })).toBe(6);
    expect(perPixel('PNG', { isProgressive: true, channels: 4, depth: 'ushort' })).toBe(8);
    expect(perPixel('TIFF', { channels: 4, depth: 'ushort' }, { planar: true })).toBe(10);
    expect(perPixel('TIFF', { channels: 4 }, { samples: true })).toBe(4);
    expect(perPixel('AVIF', { depth: 'ushort' })).toBeGreaterThan(perPixel('AVIF', {}));
    // Pages lie below one another, and one is decoded.
    expect(perPixel('GIF', { height: 50_000, pageHeight: 1000 })).toBe(perPixel('GIF', {}));
  });

  it('never runs tasks that together take more than there is, and runs all of them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(150), { minLength: 1, maxLength: 30 }), async (sizes) => {
        const budget = new MemoryBudget(100);
        let taken = 0;
        let done = 0;
        await Promise.all(
          sizes.map((size, i) =>
            budget
              .run(size, async () => {
                taken += Math.min(size, 100);
                expect(taken).toBeLessThanOrEqual(100);
                await new Promise<void>((resolve) => setImmediate(resolve));
                taken -= Math.min(size, 100);
                done++;
                if (i % 3 === 0) throw new Error('failed');
              })
              .catch(() => undefined),
          ),
        );
        expect([taken, done]).toEqual([0, sizes.length]);
      }),
    );
  });
});
