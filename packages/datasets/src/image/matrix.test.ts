import { readFile } from 'node:fs/promises';
import { deflateSync } from 'node:zlib';
import { NeurodexError } from '@neurodex/core';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodePicture, decodeWhole, readDimensions, readPicture } from './decode.ts';
import { chunk } from './png.ts';

interface Expected {
  readonly refused?: string;
  readonly width?: number;
  readonly height?: number;
  readonly tolerance?: number;
  readonly pixels?: readonly (readonly [x: number, y: number, red: number, green: number, blue: number])[];
}

const fixture = (name: string): Promise<Buffer> => readFile(new URL(`fixtures/${name}`, import.meta.url));
const expected: Record<string, Expected> = JSON.parse((await fixture('expected.json')).toString());
const read = Object.entries(expected).filter(([, { refused }]) => refused === undefined);
const refused = Object.entries(expected).filter(([, { refused }]) => refused !== undefined);
const options = { maxPixels: 10_000, size: 32, name: 'a picture' };

describe('pictures of many kinds', () => {
  it.each(read)(
    '%s has the pixels that other programs find in it',
    async (name, { width, height, tolerance, pixels }) => {
      const bytes = await fixture(name);
      const whole = await decodeWhole(bytes, options);
      expect([whole.width, whole.height]).toEqual([width, height]);
      expect(await readDimensions(bytes, name)).toEqual({ width, height });
      const square = await decodePicture(bytes, options);
      const { picture, thumbnail } = await readPicture(bytes, { ...options, thumbnail: 32 });
      const fromThumbnail = await decodePicture(thumbnail, options);
      const left = Math.floor((whole.width - 32) / 2);
      const top = Math.floor((whole.height - 32) / 2);
      for (const [x, y, ...rgb] of pixels ?? []) {
        const near = (what: string, from: Uint8Array, at: number) => {
          const got = [...from.subarray(3 * at, 3 * at + 3)];
          const apart = Math.max(...got.map((value, i) => Math.abs(value - (rgb[i] ?? 0))));
          expect(apart, `${what} at ${x}, ${y}: ${got}, not ${rgb}`).toBeLessThanOrEqual(tolerance ?? 1);
        };
        near('whole', whole.pixels, y * whole.width + x);
        const [column, row] = [x - left, y - top];
        if (column < 0 || column >= 32 || row < 0 || row >= 32) continue;
        for (const { pixels } of [square, picture, fromThumbnail]) near('square', pixels, row * 32 + column);
      }
    },
  );

  it.each(refused)('%s is refused with its real reason', async (name, { refused }) => {
    const bytes = await fixture(name);
    for (const attempt of [
      () => decodePicture(bytes, options),
      () => decodeWhole(bytes, options),
      () => readDimensions(bytes, 'a picture'),
    ]) {
      const error = await attempt().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(NeurodexError);
      expect(error).toMatchObject({ code: 'picture-unsupported' });
      expect((error as NeurodexError).message).toMatch(
        new RegExp(`^a picture is an? .*${refused}.*, which is not supported$`),
      );
    }
  });

  it('passes over a profile that LittleCMS refuses, and converts by none of its own', async () => {
    // Display P3, 16 bits; the curve of red becomes a type that there is not.
    const icc = await profileIn('png-RGBA-16-p3.png');
    const broken = Buffer.from(icc);
    broken.write('zzzz', icc.readUInt32BE(icc.indexOf('rTRC') + 4), 'latin1');
    const rgb = Uint16Array.from([0x1e1e, 0xb4b4, 0x2828]);
    const decoded = async (profile: Buffer) => {
      const deep = sharp(rgb, { raw: { width: 1, height: 1, channels: 3 } })
        .toColourspace('rgb16')
        .png();
      const png = await deep.toBuffer();
      const chunkOf = chunk('iCCP', Buffer.concat([Buffer.from('p\0\0'), deflateSync(profile)]));
      // Behind the signature and IHDR.
      const bytes = Buffer.concat([png.subarray(0, 33), chunkOf, png.subarray(33)]);
      return [...(await decodeWhole(bytes, options)).pixels];
    };
    expect(await decoded(broken)).toEqual([30, 180, 40]);
    // The same numbers in Display P3 are beyond sRGB's gamut: no red at all.
    const [red, green] = await decoded(icc);
    expect([red, (green ?? 0) > 180]).toEqual([0, true]);
  });

  it('refuses HDR and wide colours that only code points speak of', async () => {
    const png = await sharp({ create: { width: 4, height: 4, channels: 3, background: '#1eb428' } })
      .png()
      .toBuffer();
    const signalled = (...codes: number[]) =>
      decodePicture(
        Buffer.concat([png.subarray(0, 33), chunk('cICP', Uint8Array.from([...codes, 0, 1])), png.subarray(33)]),
        { ...options, size: 4 },
      );
    expect([...(await signalled(1, 13)).pixels.subarray(0, 3)]).toEqual([30, 180, 40]);
    await expect(signalled(9, 16)).rejects.toMatchObject({
      code: 'picture-unsupported',
      message: expect.stringContaining('HDR picture (PQ)'),
    });
    await expect(signalled(9, 18)).rejects.toMatchObject({
      code: 'picture-unsupported',
      message: expect.stringContaining('HDR picture (HLG)'),
    });
    await expect(signalled(12, 13)).rejects.toMatchObject({
      code: 'picture-unsupported',
      message: expect.stringContaining('Display P3'),
    });
  });

  it('reads sound files with bytes behind their end', async () => {
    for (const name of ['png-RGB-8-adobe.png', 'jpeg-L-grey18.jpg', 'webp-RGB-p3.webp', 'tiff-RGBX-8.tif']) {
      const bytes = await fixture(name);
      const longer = Buffer.concat([bytes, Buffer.from('\0\0junk')]);
      expect(await decodePicture(longer, options), name).toEqual(await decodePicture(bytes, options));
    }
  });
});

/** The ICC profile of a PNG fixture. */
async function profileIn(name: string): Promise<Buffer> {
  const { icc } = await sharp(await fixture(name)).metadata();
  if (icc === undefined) throw new Error(`${name} has no profile`);
  return icc;
}
