import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { NeurodexError } from '@neurodex/core';
import fc from 'fast-check';
import sharp, { type CreateRaw, type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeFile, decodePicture, readPicture, readPictureFile } from './decode.ts';

const SIZE = 16;
const options = { size: SIZE, maxPixels: 1_000_000, name: 'set/cat.jpg' };

/** uint8 RGB [height, width, 3]: the left half red, the right half blue, the top quarter green. */
function raw(width: number, height: number): { data: Buffer; info: CreateRaw } {
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data[(y * width + x) * 3 + (y < height / 4 ? 1 : x < width / 2 ? 0 : 2)] = 255;
  }
  return { data, info: { width, height, channels: 3 } };
}
const picture = (width = 64, height = 64): Sharp => {
  const { data, info } = raw(width, height);
  return sharp(data, { raw: info });
};

const at = (pixels: Uint8Array, x: number, y: number, size = SIZE): number[] => [
  ...pixels.subarray((y * size + x) * 3, (y * size + x) * 3 + 3),
];
const near = (actual: number[], expected: number[], tolerance = 12): void => {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of actual.entries()) {
    expect(Math.abs(value - (expected[i] as number)), `${actual} is not ${expected}`).toBeLessThanOrEqual(tolerance);
  }
};
const RED = [255, 0, 0];
const GREEN = [0, 255, 0];
const BLUE = [0, 0, 255];

async function failure(promise: Promise<unknown>): Promise<NeurodexError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(NeurodexError);
  return error as NeurodexError;
}

const CRC = Int32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});
/** A PNG chunk (PNG specification §5.3). */
function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  let crc = -1;
  for (const byte of body) crc = (CRC[(crc ^ byte) & 255] as number) ^ (crc >>> 8);
  const frame = Buffer.alloc(8 + body.length);
  frame.writeUInt32BE(data.length, 0);
  body.copy(frame, 4);
  frame.writeInt32BE(crc ^ -1, 4 + body.length);
  return frame;
}
/** A valid 1-bit grayscale PNG, white, of any size: a few kilobytes on disk. */
function whitePng(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 1;
  const row = Buffer.alloc(1 + Math.ceil(width / 8), 0xff);
  row[0] = 0;
  const rows = Buffer.alloc(row.length * height);
  for (let y = 0; y < height; y++) row.copy(rows, y * row.length);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

describe('decodePicture', () => {
  const formats: Record<string, () => Promise<Buffer>> = {
    JPEG: () => picture().jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer(),
    PNG: () => picture().png().toBuffer(),
    'palette PNG': () => picture().png({ palette: true }).toBuffer(),
    '16-bit PNG': () => picture().toColourspace('rgb16').png().toBuffer(),
    WebP: () => picture().webp({ lossless: true }).toBuffer(),
    AVIF: () => picture().avif({ quality: 90, chromaSubsampling: '4:4:4' }).toBuffer(),
    GIF: () => picture().gif().toBuffer(),
    TIFF: () => picture().tiff({ compression: 'lzw' }).toBuffer(),
    'CMYK TIFF': () => picture().toColourspace('cmyk').tiff({ compression: 'lzw' }).toBuffer(),
    '16-bit TIFF': () => picture().toColourspace('rgb16').tiff({ compression: 'lzw' }).toBuffer(),
  };
  for (const [name, make] of Object.entries(formats)) {
    it(`reads ${name}`, async () => {
      const { size, pixels } = await decodePicture(await make(), options);
      expect(size).toBe(SIZE);
      expect(pixels).toHaveLength(SIZE * SIZE * 3);
      // CMYK cannot hold the primaries: the hue must be right.
      const dominant = (rgb: number[]): number => rgb.indexOf(Math.max(...rgb));
      expect([at(pixels, 2, 10), at(pixels, 13, 10), at(pixels, 8, 1)].map(dominant)).toEqual([0, 2, 1]);
      if (!name.startsWith('CMYK')) {
        near(at(pixels, 2, 10), RED);
        near(at(pixels, 13, 10), BLUE);
        near(at(pixels, 8, 1), GREEN);
      }
    });
  }

  it('reads a CMYK JPEG', async () => {
    const bytes = await picture().toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer();
    expect((await sharp(bytes).metadata()).space).toBe('cmyk');
    const { pixels } = await decodePicture(bytes, options);
    const [red, , blue] = at(pixels, 2, 10) as [number, number, number];
    expect(red).toBeGreaterThan(blue + 80);
  });

  it('reads grayscale, 8-bit and 16-bit', async () => {
    const grey = Buffer.alloc(32 * 32, 128);
    const input = sharp(grey, { raw: { width: 32, height: 32, channels: 1 } });
    for (const bytes of [
      await input.clone().png().toBuffer(),
      await input.clone().toColourspace('grey16').png().toBuffer(),
      await input.clone().toColourspace('b-w').jpeg().toBuffer(),
    ]) {
      near(at((await decodePicture(bytes, options)).pixels, 5, 5), [128, 128, 128], 3);
    }
  });

  it('lays transparency over white', async () => {
    const clear = { width: 32, height: 32, channels: 4 as const, background: { r: 0, g: 0, b: 0, alpha: 0 } };
    for (const bytes of [
      await sharp({ create: clear }).png().toBuffer(),
      await sharp({ create: clear }).webp().toBuffer(),
    ]) {
      expect(new Set((await decodePicture(bytes, options)).pixels)).toEqual(new Set([255]));
    }
    const half = await sharp({ create: { ...clear, background: { r: 0, g: 0, b: 255, alpha: 0.5 } } })
      .png()
      .toBuffer();
    near(at((await decodePicture(half, options)).pixels, 8, 8), [127, 127, 255], 2);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('turns a picture with EXIF orientation %i upright', async (orientation) => {
    // The stored pixels are the upright ones, transformed the other way round; sharp itself is not asked for that.
    const { data } = raw(SIZE, SIZE);
    const stored = Buffer.alloc(data.length);
    const last = SIZE - 1;
    const place: Record<number, (x: number, y: number) => [number, number]> = {
      1: (x, y) => [x, y],
      2: (x, y) => [last - x, y],
      3: (x, y) => [last - x, last - y],
      4: (x, y) => [x, last - y],
      5: (x, y) => [y, x],
      6: (x, y) => [y, last - x],
      7: (x, y) => [last - y, last - x],
      8: (x, y) => [last - y, x],
    };
    for (let y = 0; y < SIZE; y++) {
      for (let x = 0; x < SIZE; x++) {
        const [sx, sy] = (place[orientation] as (x: number, y: number) => [number, number])(x, y);
        data.copy(stored, (sy * SIZE + sx) * 3, (y * SIZE + x) * 3, (y * SIZE + x) * 3 + 3);
      }
    }
    const bytes = await sharp(stored, { raw: { width: SIZE, height: SIZE, channels: 3 } })
      .png()
      .withMetadata({ orientation })
      .toBuffer();
    expect((await sharp(bytes).metadata()).orientation).toBe(orientation);
    expect(Buffer.from((await decodePicture(bytes, options)).pixels)).toEqual(data);
  });

  it('takes the first frame of an animated GIF and the first page of a TIFF', async () => {
    const frame = (background: string) => sharp({ create: { width: 20, height: 20, channels: 3, background } });
    const frames = await Promise.all(['#ff0000', '#0000ff'].map((colour) => frame(colour).png().toBuffer()));
    const join = { join: { animated: true } } as const;
    const gif = await sharp(frames, join).gif().toBuffer();
    const webp = await sharp(frames, join).webp({ lossless: true }).toBuffer();
    const tiff = await sharp(frames, join).tiff({ compression: 'lzw' }).toBuffer();
    expect((await sharp(gif).metadata()).pages).toBe(2);
    for (const bytes of [gif, webp, tiff]) near(at((await decodePicture(bytes, options)).pixels, 8, 8), RED, 4);
  });

  it('crops the centre square of a wide and of a tall picture', async () => {
    const wide = Buffer.alloc(30 * 10 * 3);
    for (let i = 0; i < 300; i++) wide[i * 3 + (i % 30 < 10 ? 0 : i % 30 < 20 ? 1 : 2)] = 255;
    const bytes = await sharp(wide, { raw: { width: 30, height: 10, channels: 3 } })
      .png()
      .toBuffer();
    const turned = await sharp(bytes).rotate(90).png().toBuffer();
    for (const input of [bytes, turned]) {
      const { pixels } = await decodePicture(input, { ...options, size: 10 });
      for (let y = 0; y < 10; y++) for (let x = 0; x < 10; x++) expect(at(pixels, x, y, 10)).toEqual(GREEN);
    }
  });

  it('reads a 1×1 picture', async () => {
    const bytes = await sharp({ create: { width: 1, height: 1, channels: 3, background: '#0a141e' } })
      .png()
      .toBuffer();
    const { pixels } = await decodePicture(bytes, options);
    expect(new Set(pixels)).toEqual(new Set([10, 20, 30]));
  });

  it('refuses an empty file', async () => {
    const error = await failure(decodePicture(new Uint8Array(0), options));
    expect(error.code).toBe('picture-empty');
    expect(error.message).toBe('set/cat.jpg is empty (0 bytes)');
  });

  it.each([
    ['text', 'just some text\n'],
    ['one byte', 'x'],
    ['SVG', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'],
    ['XML with SVG in it', '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'],
    ['PDF', '%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n'],
    ['PPM, which libvips would read', 'P6\n1 1\n255\nabc'],
  ])('refuses %s renamed .jpg', async (_, text) => {
    const error = await failure(decodePicture(Buffer.from(text, 'latin1'), options));
    expect(error.code).toBe('picture-not-an-image');
    expect(error.message).toContain('set/cat.jpg');
    expect(error.hint).toBeTruthy();
  });

  it.each([
    ['JPEG', (s: Sharp) => s.jpeg()],
    ['PNG', (s: Sharp) => s.png()],
    ['WebP', (s: Sharp) => s.webp()],
    ['AVIF', (s: Sharp) => s.avif({ effort: 0 })],
    ['GIF', (s: Sharp) => s.gif()],
    ['TIFF', (s: Sharp) => s.tiff({ compression: 'lzw' })],
  ] as const)('refuses a truncated %s', async (format, encode) => {
    const noise = Buffer.alloc(96 * 96 * 3);
    for (let i = 0; i < noise.length; i++) noise[i] = (i * 2654435761) >>> 13;
    const bytes = await encode(sharp(noise, { raw: { width: 96, height: 96, channels: 3 } })).toBuffer();
    await decodePicture(bytes, options);
    for (const share of [0.02, 0.5, 0.9]) {
      const error = await failure(decodePicture(bytes.subarray(0, Math.max(12, bytes.length * share)), options));
      // A header that is cut within its first bytes may no longer say what it is.
      expect(share > 0.1 ? [error.code] : ['picture-damaged', 'picture-not-an-image']).toContain(error.code);
      if (share > 0.1) {
        expect(error.code).toBe('picture-damaged');
        expect(error.message).toMatch(new RegExp(`^set/cat\\.jpg is a damaged ${format} file: .+`));
      }
    }
  });

  it('refuses a 20,000 × 20,000 PNG by its header, without decoding it', async () => {
    const bytes = whitePng(20_000, 20_000);
    expect(bytes.length).toBeLessThan(100_000);
    const before = process.memoryUsage().rss;
    const error = await failure(decodePicture(bytes, { ...options, maxPixels: 100_000_000 }));
    expect(error.code).toBe('picture-too-large');
    expect(error.message).toContain('20000 × 20000 = 400000000 pixels, and the limit is 100000000');
    expect(process.memoryUsage().rss - before).toBeLessThan(60_000_000);
  });

  it('counts pixels exactly at the limit', async () => {
    const bytes = whitePng(100, 50);
    await decodePicture(bytes, { ...options, maxPixels: 5000 });
    expect((await failure(decodePicture(bytes, { ...options, maxPixels: 4999 }))).code).toBe('picture-too-large');
  });

  it('never throws anything but a NeurodexError that names the file, whatever the bytes', async () => {
    const jpeg = await picture(24, 24).jpeg().toBuffer();
    const png = await picture(24, 24).png().toBuffer();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(jpeg, png),
        fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        async (original, changes) => {
          const bytes = Buffer.from(original);
          for (const [position, value] of changes) bytes[position % bytes.length] = value;
          try {
            expect((await decodePicture(bytes, options)).pixels).toHaveLength(SIZE * SIZE * 3);
          } catch (error) {
            expect(error).toBeInstanceOf(NeurodexError);
            expect((error as NeurodexError).message).toContain('set/cat.jpg');
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('readPicture', () => {
  it('keeps a small, plain, square PNG as its own thumbnail, and no other', async () => {
    const draw = (width: number, height: number, alpha = 1) =>
      sharp({ create: { width, height, channels: 4, background: { r: 200, g: 30, b: 40, alpha } } });
    const plain = new Uint8Array(await draw(20, 20).removeAlpha().png().toBuffer());
    const kept = await readPicture(plain, { ...options, thumbnail: 40 });
    expect(kept.thumbnail).toBe(plain);
    expect(kept.picture).toEqual(await decodePicture(plain, options));
    const others = {
      large: draw(41, 41).removeAlpha().png(),
      long: draw(20, 21).removeAlpha().png(),
      transparent: draw(20, 20, 0.5).png(),
      annotated: draw(20, 20)
        .removeAlpha()
        .withExif({ IFD0: { Artist: 'N. N.' } })
        .png(),
      jpeg: draw(20, 20).jpeg(),
    };
    for (const [name, image] of Object.entries(others)) {
      const bytes = new Uint8Array(await image.toBuffer());
      const { thumbnail, picture } = await readPicture(bytes, { ...options, thumbnail: 40 });
      expect(thumbnail, name).not.toBe(bytes);
      expect(picture, name).toEqual(await decodePicture(bytes, options));
      const header = await sharp(thumbnail).metadata();
      expect([header.format, header.hasAlpha, header.exif], name).toEqual(['png', false, undefined]);
    }
    for (const end of [60, 33]) {
      const error = await failure(readPicture(plain.subarray(0, end), { ...options, thumbnail: 40 }));
      expect(error.code).toBe('picture-damaged');
    }
    const worn = plain.slice();
    worn.fill(0, Buffer.from(worn).indexOf('IDAT') + 4, -20);
    expect((await failure(readPicture(worn, { ...options, thumbnail: 40 }))).code).toBe('picture-damaged');
    const small = await failure(readPicture(plain, { ...options, maxPixels: 399, thumbnail: 40 }));
    expect(small.code).toBe('picture-too-large');
  });

  it("gives decodePicture's pixels and a PNG thumbnail", async () => {
    const bytes = await picture(300, 200).jpeg().toBuffer();
    const read = await readPicture(bytes, { ...options, thumbnail: 40 });
    expect(read.picture).toEqual(await decodePicture(bytes, options));
    const header = await sharp(read.thumbnail).metadata();
    expect([header.format, header.width, header.height, header.channels]).toEqual(['png', 40, 40, 3]);
    near(at((await decodePicture(read.thumbnail, { ...options, size: 40 })).pixels, 5, 30, 40), RED);
  });

  it('refuses what decodePicture refuses', async () => {
    const error = await failure(readPicture(Buffer.from('no picture'), { ...options, thumbnail: 40 }));
    expect(error.code).toBe('picture-not-an-image');
  });
});

describe('files', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'neurodex-decode-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('decodes a file with a name of 255 bytes outside ASCII', async () => {
    const path = join(folder, `${'é'.repeat(125)}x.png`);
    await writeFile(path, await picture().png().toBuffer());
    near(at((await decodeFile(path, { size: SIZE, maxPixels: 10_000 })).pixels, 2, 10), RED);
  });

  it('names a file that is missing, a folder, a circle of links, and one that is damaged', async () => {
    await mkdir(join(folder, 'sub'));
    await symlink('circle', join(folder, 'circle'));
    const cases: [string, string, RegExp][] = [
      ['absent.png', 'picture-missing', /absent\.png does not exist$/],
      ['sub', 'picture-missing', /sub is a folder, not a picture$/],
      ['circle', 'picture-missing', /circle is a link that leads in a circle$/],
      [`${'n'.repeat(300)}.png`, 'picture-missing', /longer than the file system allows$/],
    ];
    for (const [file, code, message] of cases) {
      const error = await failure(decodeFile(join(folder, file), { size: SIZE, maxPixels: 10_000 }));
      expect(error.code).toBe(code);
      expect(error.message).toMatch(message);
    }
    await writeFile(join(folder, 'cut.jpg'), (await picture().jpeg().toBuffer()).subarray(0, 250));
    const error = await failure(decodeFile(join(folder, 'cut.jpg'), { size: SIZE, maxPixels: 10_000, name: 'cut' }));
    expect(error.message).toMatch(/^cut is a damaged JPEG file: /);
  });

  // A superuser may read everything, so there is nothing to refuse.
  it.skipIf(process.platform === 'win32' || process.getuid?.() === 0)('names a file without permission', async () => {
    const path = join(folder, 'locked.png');
    await writeFile(path, await picture().png().toBuffer());
    await chmod(path, 0);
    const error = await failure(readPictureFile(path, 'locked.png'));
    expect(error.code).toBe('picture-missing');
    expect(error.message).toBe('locked.png cannot be read: permission denied');
  });
});
