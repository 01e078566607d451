import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NeurodexError } from '@neurodex/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePicture, decodeWhole, readDimensions, readPicture } from '../decode.ts';
import { sniffFormat } from '../formats.ts';
import { HeicDecoder } from './heic-decoder.ts';
import { NoStillPicture, readHeicHeader } from './heic-header.ts';

const folder = new URL('../fixtures/', import.meta.url);
const names = (await readdir(folder)).filter((name) => name.endsWith('.heic'));
const files = new Map(
  await Promise.all(names.map(async (name) => [name, await readFile(new URL(name, folder))] as const)),
);
const fixture = (name: string): Buffer => files.get(name) ?? Buffer.alloc(0);
const options = { maxPixels: 100_000, size: 32, name: 'IMG_1.HEIC' };

async function refusal(work: Promise<unknown>): Promise<NeurodexError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof NeurodexError)) throw error ?? new Error('it was decoded');
  return error;
}

/** A copy with a text of four characters replaced wherever it stands. */
function replaced(bytes: Buffer, from: string, to: string): Buffer {
  const copy = Buffer.from(bytes);
  for (let at = copy.indexOf(from); at >= 0; at = copy.indexOf(from, at + 4)) copy.write(to, at, 'latin1');
  return copy;
}

/** A copy whose pictures say that they have that edge. */
function withExtent(name: string, edge: number): Buffer {
  const copy = Buffer.from(fixture(name));
  for (let at = copy.indexOf('ispe'); at >= 0; at = copy.indexOf('ispe', at + 4)) {
    copy.writeUInt32BE(edge, at + 8);
    copy.writeUInt32BE(edge, at + 12);
  }
  return copy;
}

describe('HEIC', () => {
  it('is recognised by its brands, whatever the file is called', () => {
    const plain = fixture('heic-RGB-8-none-420.heic');
    expect(sniffFormat(plain)).toBe('HEIC');
    for (const brand of ['heix', 'hevc', 'msf1', 'mif1']) {
      const other = Buffer.from(plain);
      // All brands but the major one are of a kind that says nothing.
      other.fill('miaf', 16, other.readUInt32BE(0));
      other.write(brand, 8, 'latin1');
      expect(sniffFormat(other), brand).toBe('HEIC');
    }
    expect(sniffFormat(replaced(plain, 'heic', 'avif'))).toBe('AVIF');
  });

  it('joins the tiles of a grid, turned as the file says and not once more by its EXIF', async () => {
    const file = fixture('heic-grid-turned.heic');
    const whole = await decodeWhole(file, options);
    expect([whole.width, whole.height]).toEqual([96, 120]);
    expect(await readDimensions(file, 'it')).toEqual({ width: 96, height: 120 });
    // By pillow-heif.
    const expected = [
      [3, 2, 0, 246, 109],
      [70, 10, 20, 66, 40],
      [90, 60, 130, 9, 76],
      [20, 110, 234, 205, 223],
      [50, 70, 150, 123, 138],
    ] as const;
    for (const [x, y, ...rgb] of expected) {
      const got = [...whole.pixels.subarray(3 * (y * 96 + x), 3 * (y * 96 + x) + 3)];
      expect(Math.max(...got.map((value, i) => Math.abs(value - (rgb[i] ?? 0)))), `${x}, ${y}: ${got}`).toBeLessThan(5);
    }
  });

  it('gives a query the pixels that the catalogue gets, and many at a time the same', async () => {
    const file = fixture('heic-grid-turned.heic');
    const { picture } = await readPicture(file, { ...options, thumbnail: 64 });
    const queries = await Promise.all(Array.from({ length: 12 }, () => decodePicture(file, options)));
    for (const query of queries) expect(query).toEqual(picture);
  });

  it('leaves the file that it is given as it is, also where that is a part of a larger buffer', async () => {
    const file = fixture('heic-RGB-8-none-420.heic');
    const inside = Buffer.concat([Buffer.alloc(5000, 1), file, Buffer.alloc(300, 2)]);
    const part = inside.subarray(5000, 5000 + file.length);
    expect(await decodePicture(part, options)).toEqual(await decodePicture(file, options));
    expect(part.equals(file)).toBe(true);
  });

  it('goes on answering while it decodes', async () => {
    const file = fixture('heic-grid-turned.heic');
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await Promise.all(Array.from({ length: 8 }, () => decodePicture(file, options)));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(2);
  });

  it('checks sizes before it decodes', async () => {
    const small = { ...options, maxPixels: 1000 };
    expect(await refusal(decodePicture(fixture('heic-RGB-8-none-420.heic'), small))).toMatchObject({
      code: 'picture-too-large',
      message: 'IMG_1.HEIC has 40 × 32 = 1280 pixels, and the limit is 1000',
    });
    const huge = withExtent('heic-RGB-8-none-420.heic', 60_000);
    expect((await refusal(decodePicture(huge, { ...options, maxPixels: Number.POSITIVE_INFINITY }))).message).toMatch(
      /would take \d+ MiB of memory to decode, and the limit is 1024 MiB/,
    );
    // It says 64 × 64, and its data have 4096 × 4096.
    const small64 = withExtent('heic-4096.heic', 64);
    expect(await refusal(decodePicture(small64, options))).toMatchObject({
      code: 'picture-too-large',
      message: 'IMG_1.HEIC needs more memory to decode than its header says',
    });
  });

  it('says what to install where the decoder is not', async () => {
    const missing = new HeicDecoder(() => {
      throw Object.assign(new Error("Cannot find module 'libheif-js'"), { code: 'MODULE_NOT_FOUND' });
    });
    const decoding = missing.decode(fixture('heic-RGB-8-none-420.heic'), { ...options, memory: 1e6 });
    expect(await refusal(decoding)).toMatchObject({
      code: 'picture-unsupported',
      message: 'IMG_1.HEIC is a HEIC picture, and libheif-js, which decodes them, is not installed',
      hint: expect.stringContaining('npm install libheif-js'),
    });
  });

  it('says so where something else is installed in its place', async () => {
    const place = await mkdtemp(join(tmpdir(), 'neurodex-heic-'));
    try {
      await writeFile(join(place, 'libheif.js'), 'module.exports = 1;');
      const strange = new HeicDecoder(() => join(place, 'libheif.js'));
      const error = await refusal(
        strange.decode(fixture('heic-RGB-8-none-420.heic'), { name: 'a', maxPixels: 1e4, memory: 1e6 }),
      );
      expect([error.code, error.message]).toEqual([
        'picture-unsupported',
        expect.stringMatching(/^a is a HEIC picture, and libheif-js, which decodes them, cannot be used \(/),
      ]);
    } finally {
      await rm(place, { recursive: true, force: true });
    }
  });

  it('bounds the memory and the time of a picture, and decodes the next one', async () => {
    const decoder = new HeicDecoder();
    const file = fixture('heic-grid-turned.heic');
    const bounds = { name: 'it', maxPixels: 100_000, memory: 1e6 };
    expect(await refusal(decoder.decode(file, { ...bounds, maxPixels: 100 }))).toMatchObject({
      code: 'picture-too-large',
    });
    expect(await refusal(decoder.decode(file, { ...bounds, seconds: 0.001 }))).toMatchObject({
      message: 'it takes more than 0.001 seconds to decode',
    });
    expect((await decoder.decode(file, bounds)).length).toBeGreaterThan(96 * 120 * 3);
  });

  it('names other codecs, sequences and files that end too early', async () => {
    const plain = fixture('heic-RGB-8-none-420.heic');
    expect((await refusal(decodePicture(replaced(plain, 'hvc1', 'av01'), options))).message).toBe(
      'IMG_1.HEIC is a HEIF picture that is coded as AV1, which is not supported',
    );
    expect((await refusal(decodePicture(replaced(plain, 'meta', 'moov'), options))).message).toBe(
      'IMG_1.HEIC is a HEIC sequence without a still picture, which is not supported',
    );
    for (const length of [plain.length - 1, plain.length >> 1, 40]) {
      expect((await refusal(decodePicture(plain.subarray(0, length), options))).message, String(length)).toBe(
        'IMG_1.HEIC is a damaged HEIC file: it ends too early',
      );
    }
  });

  it('refuses coded data that are no HEVC', async () => {
    const file = Buffer.from(fixture('heic-grid-turned.heic'));
    file.fill(0, file.length - 4700);
    expect(await refusal(decodeWhole(file, options))).toMatchObject({
      code: 'picture-damaged',
      message: 'IMG_1.HEIC is a damaged HEIC file: its compressed data are corrupt',
    });
  });
});

describe('the boxes of a HEIC file', () => {
  it.each(names)('%s, cut at every byte, is a picture, a RangeError or no picture', (name) => {
    const file = fixture(name);
    const whole = readHeicHeader(file);
    let sound = 0;
    for (let length = 0; length < file.length; length++) {
      try {
        expect(readHeicHeader(file.subarray(0, length)), String(length)).toEqual(whole);
        sound++;
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
    }
    // Behind the picture lie others, or its EXIF.
    const others = /second-of-three/.test(name) ? 4000 : /orientation|turned/.test(name) ? 40 : 0;
    expect(sound).toBeLessThanOrEqual(others);
    expect(readHeicHeader(Buffer.concat([file, Buffer.from('\0\0\0\x05junk behind the end')]))).toEqual(whole);
  });

  it('are read in bounded time, whatever they say', () => {
    const change = fc.record({
      name: fc.constantFrom(...names),
      at: fc.array(fc.tuple(fc.nat(900), fc.constantFrom(0, 1, 2, 127, 128, 255)), { minLength: 1, maxLength: 8 }),
    });
    fc.assert(
      fc.property(change, ({ name, at }) => {
        const file = Buffer.from(fixture(name));
        for (const [offset, value] of at) file[offset] = value;
        try {
          const { width, height, coded } = readHeicHeader(file);
          expect(Math.min(width, height, coded.width, coded.height)).toBeGreaterThan(0);
        } catch (error) {
          if (!(error instanceof RangeError) && !(error instanceof NoStillPicture)) throw error;
        }
      }),
      { numRuns: 3000 },
    );
  });
});
