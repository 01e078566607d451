import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { NeurodexError } from '../errors.ts';
import { decodePicture, decodeWhole, readDimensions, readPicture } from './decode.ts';

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
});
