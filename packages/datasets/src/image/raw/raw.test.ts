import { readdir, readFile } from 'node:fs/promises';
import { NeurodexError } from '@neurodex/core';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodePicture, decodeWhole, readDimensions, readPicture } from '../decode.ts';
import { sniffFormat } from '../formats.ts';
import { rawPreview } from './raw-preview.ts';

interface Expected {
  /** exiftool's name of the preview; null where there is none. */
  readonly preview: string | null;
  readonly width: number;
  readonly height: number;
  readonly pixels: readonly (readonly [x: number, y: number, red: number, green: number, blue: number])[];
}

const folder = new URL('fixtures/', import.meta.url);
const names = (await readdir(folder)).filter((name) => !/json$|md$/.test(name));
const files = new Map(
  await Promise.all(names.map(async (name) => [name, await readFile(new URL(name, folder))] as const)),
);
const fixture = (name: string): Buffer => files.get(name) ?? Buffer.alloc(0);
const expected: Record<string, Expected> = JSON.parse((await readFile(new URL('expected.json', folder))).toString());
const options = { maxPixels: 10_000, size: 16, name: 'DSC_1' };
const withPreview = names.filter((name) => expected[name]?.preview !== null);

function refusal(bytes: Uint8Array): NeurodexError | undefined {
  try {
    rawPreview(bytes, 'DSC_1');
    return undefined;
  } catch (error) {
    if (error instanceof NeurodexError) return error;
    throw error;
  }
}

describe('camera raw files', () => {
  it.each(withPreview)('%s is its largest preview, turned as the file says', async (name) => {
    const bytes = fixture(name);
    const { width, height, pixels } = expected[name] ?? { width: 0, height: 0, pixels: [] };
    expect(sniffFormat(bytes)).toBe('camera raw');
    expect(await readDimensions(bytes, name)).toEqual({ width, height });
    const whole = await decodeWhole(bytes, options);
    expect([whole.width, whole.height]).toEqual([width, height]);
    for (const [x, y, ...rgb] of pixels) {
      const got = [...whole.pixels.subarray(3 * (y * width + x), 3 * (y * width + x) + 3)];
      expect(Math.max(...got.map((value, i) => Math.abs(value - (rgb[i] ?? 0)))), `${x}, ${y}: ${got}`).toBeLessThan(3);
    }
    const read = await readPicture(bytes, { ...options, thumbnail: 24 });
    expect(read.dimensions).toEqual({ width, height });
    expect(await decodePicture(bytes, options)).toEqual(read.picture);
  });

  it('without a preview is refused, and so are the kinds that are not read', async () => {
    await expect(decodePicture(fixture('raspberry-1.dng'), options)).rejects.toMatchObject({
      code: 'picture-unsupported',
      message: 'DSC_1 is a file of raw sensor data without an embedded JPEG preview, which is not supported',
      hint: expect.stringContaining('JPEG'),
    });
    const kinds = {
      'FOVb\0\0\x03\0': 'a Sigma X3F',
      '\0MRM\0\0\x01\x01': 'a Minolta MRW',
      'II\x1a\0\0\0HEAPCCDR': 'a Canon CRW',
    };
    for (const [head, kind] of Object.entries(kinds)) {
      await expect(decodePicture(Buffer.from(head.padEnd(64, '\0'), 'latin1'), options)).rejects.toMatchObject({
        code: 'picture-unsupported',
        message: `DSC_1 is ${kind} file, which is not supported`,
      });
    }
  });

  it('holds the preview to the limits of any picture', async () => {
    await expect(decodePicture(fixture('nikon-8.nef'), { ...options, maxPixels: 3000 })).rejects.toMatchObject({
      code: 'picture-too-large',
    });
  });

  it('is not what any other TIFF is', async () => {
    const tiff = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#357' } })
      .tiff()
      .withExif({ IFD0: { Make: 'NIKON CORPORATION' } })
      .toBuffer();
    expect(sniffFormat(tiff)).toBe('TIFF');
  });

  it.each(withPreview)('%s, cut at every byte, is the same picture, or damaged', (name) => {
    const bytes = fixture(name);
    const whole = Buffer.from(rawPreview(bytes, name));
    for (let length = 200; length < bytes.length; length++) {
      const cut = bytes.subarray(0, length);
      if (sniffFormat(cut) !== 'camera raw') continue;
      const error = refusal(cut);
      if (error === undefined) expect(whole.equals(rawPreview(cut, name)), String(length)).toBe(true);
      else expect(error.code).toMatch(/^picture-(damaged|unsupported)$/);
    }
  });

  it('end where directories lead in a circle, or say that they are endless', () => {
    const circle = Buffer.from(fixture('sony-3.arw'));
    const first = circle.readUInt32LE(4);
    const behind = first + 2 + 12 * circle.readUInt16LE(first);
    circle.writeUInt32LE(first, behind);
    // The later directories are out of reach; the preview of the first one is still there.
    expect(refusal(circle)).toBeUndefined();
    const endless = Buffer.from(fixture('sony-3.arw'));
    endless.writeUInt16LE(0xffff, first);
    expect(refusal(endless)?.code ?? 'picture').toMatch(/^picture/);
  });

  it('give a preview or a NeurodexError, whatever their bytes say', async () => {
    const change = fc.record({
      name: fc.constantFrom(...names),
      at: fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), fc.nat(255)), {
        minLength: 1,
        maxLength: 12,
      }),
      end: fc.double({ min: 0.02, max: 1, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ name, at, end }) => {
        const bytes = Buffer.from(fixture(name));
        for (const [place, value] of at) bytes[Math.floor(place * bytes.length)] = value;
        const cut = bytes.subarray(0, Math.ceil(bytes.length * end));
        try {
          await decodePicture(cut, options);
        } catch (error) {
          if (!(error instanceof NeurodexError)) throw error;
          expect(error.code).toMatch(/^picture-/);
          expect(error.message).not.toMatch(/vips|sharp|Input buffer|undefined|RangeError/i);
        }
      }),
      { numRuns: 400 },
    );
  }, 120_000);
});
