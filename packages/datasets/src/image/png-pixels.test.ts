import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { readPngHeader } from './formats.ts';
import { chunk, encodePng, SIGNATURE } from './png.ts';
import { pngPixels } from './png-pixels.ts';

/** By libvips; undefined where it refuses the file. */
async function wanted(bytes: Uint8Array): Promise<number[] | undefined> {
  try {
    const image = sharp(bytes, { failOn: 'error', sequentialRead: true }).flatten({ background: '#ffffff' });
    return [...(await image.toColourspace('srgb').raw({ depth: 'uchar' }).toBuffer())];
  } catch {
    return undefined;
  }
}

/** By our own reader, as RGB; undefined for what is left to libvips. */
function read(bytes: Uint8Array): number[] | undefined {
  const header = readPngHeader(bytes);
  const made = header === undefined || header.bitDepth > 8 ? undefined : pngPixels(bytes, header);
  if (made === undefined) return undefined;
  const { width, height, data } = made;
  return data.length === width * height ? [...data].flatMap((grey) => [grey, grey, grey]) : [...data];
}

interface File {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly type: number;
  readonly before?: readonly Uint8Array[];
  /** [height, 1 + stride], each row behind its filter. */
  readonly rows: Uint8Array;
  readonly interlace?: number;
}

function fileOf({ width, height, depth, type, before = [], rows, interlace = 0 }: File): Uint8Array {
  const header = new Uint8Array(13);
  new DataView(header.buffer).setUint32(0, width);
  new DataView(header.buffer).setUint32(4, height);
  header.set([depth, type, 0, 0, interlace], 8);
  const data = deflateSync(rows);
  const half = Math.floor(data.length / 2);
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    ...before,
    chunk('IDAT', data.subarray(0, half)),
    chunk('IDAT', data.subarray(half)),
    chunk('IEND', new Uint8Array()),
  ]);
}

const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const KINDS = [
  ...[1, 2, 4, 8].flatMap((depth) => [
    { depth, type: 0, key: false },
    { depth, type: 0, key: true },
    { depth, type: 3, key: false },
    { depth, type: 3, key: true },
  ]),
  { depth: 8, type: 2, key: false },
  { depth: 8, type: 2, key: true },
  { depth: 8, type: 4, key: false },
  { depth: 8, type: 6, key: false },
];

/** A file of any kind, with every filter. */
const files = fc
  .record({
    kind: fc.constantFrom(...KINDS),
    width: fc.integer({ min: 1, max: 20 }),
    height: fc.integer({ min: 1, max: 12 }),
    noise: fc.uint8Array({ minLength: 2000, maxLength: 2000 }),
  })
  .map(({ kind: { depth, type, key }, width, height, noise }) => {
    const stride = Math.ceil((width * (SAMPLES[type] as number) * depth) / 8);
    const rows = Uint8Array.from({ length: height * (stride + 1) }, (_, i) =>
      i % (stride + 1) === 0 ? (noise[i] as number) % 5 : (noise[i] as number),
    );
    const entries = 2 ** depth;
    const palette = Uint8Array.from({ length: 3 * entries }, (_, i) => noise[1999 - i] as number);
    const most = 2 ** depth - 1;
    const transparent = {
      0: Uint8Array.of(0, (noise[0] as number) & most),
      2: Uint8Array.of(0, noise[1] as number, 0, noise[2] as number, 0, noise[3] as number),
      3: noise.slice(0, Math.min(entries, 7)),
    }[type as 0 | 2 | 3];
    const before = [
      ...(type === 3 ? [chunk('PLTE', palette)] : []),
      ...(key && transparent !== undefined ? [chunk('tRNS', transparent)] : []),
    ];
    return fileOf({ width, height, depth, type, before, rows });
  });

describe('the pixels of a PNG file', () => {
  it('are those of libvips, for every kind and filter', async () => {
    await fc.assert(
      fc.asyncProperty(files, async (bytes) => {
        const found = read(bytes);
        expect(found).toBeDefined();
        expect(found).toEqual(await wanted(bytes));
      }),
      { numRuns: 400 },
    );
  });

  it('are those of files by sharp', async () => {
    const noise = Uint8Array.from({ length: 4 * 24 * 24 }, (_, i) => (i * i * 13 + 5 * i) % 251);
    const image = (): Sharp => sharp(noise, { raw: { width: 24, height: 24, channels: 4 } });
    const grey = (): Sharp => image().toColourspace('b-w');
    for (const made of [image().png(), grey().png(), image().png({ palette: true }), image().removeAlpha().png()]) {
      const bytes = await made.toBuffer();
      expect(read(bytes)).toEqual(await wanted(bytes));
    }
  });

  it('of a damaged file are what libvips makes of it, or left to it', async () => {
    let left = 0;
    await fc.assert(
      fc.asyncProperty(files, fc.nat(), fc.integer({ min: 1, max: 255 }), async (sound, place, change) => {
        const bytes = sound.slice();
        const at = 8 + (place % (bytes.length - 8));
        bytes[at] = (bytes[at] as number) ^ change;
        const found = read(bytes);
        if (found === undefined) left++;
        else expect(found).toEqual(await wanted(bytes));
      }),
      { numRuns: 300 },
    );
    expect(left).toBeGreaterThan(200);
  });

  const RED = Uint8Array.of(0, 255, 0, 0);
  const PLTE = chunk('PLTE', Uint8Array.of(255, 0, 0));
  it.each([
    ['an interlaced file', fileOf({ width: 1, height: 1, depth: 8, type: 2, rows: RED, interlace: 1 })],
    ['a filter that there is not', fileOf({ width: 1, height: 1, depth: 8, type: 2, rows: Uint8Array.of(5, 1, 2, 3) })],
    ['too few rows', fileOf({ width: 1, height: 2, depth: 8, type: 2, rows: RED })],
    ['too many rows', fileOf({ width: 1, height: 1, depth: 8, type: 2, rows: new Uint8Array(8) })],
    ['no palette', fileOf({ width: 1, height: 1, depth: 8, type: 3, rows: Uint8Array.of(0, 0) })],
    [
      'an entry beyond it',
      fileOf({ width: 1, height: 1, depth: 8, type: 3, before: [PLTE], rows: Uint8Array.of(0, 1) }),
    ],
    [
      'two palettes',
      fileOf({ width: 1, height: 1, depth: 8, type: 3, before: [PLTE, PLTE], rows: Uint8Array.of(0, 0) }),
    ],
    [
      'alpha and a transparent colour',
      fileOf({
        width: 1,
        height: 1,
        depth: 8,
        type: 6,
        before: [chunk('tRNS', new Uint8Array(6))],
        rows: Uint8Array.of(0, 1, 2, 3, 4),
      }),
    ],
    ['a colour type that there is not', fileOf({ width: 1, height: 1, depth: 8, type: 5, rows: RED })],
    ['a depth that there is not', fileOf({ width: 1, height: 1, depth: 3, type: 0, rows: Uint8Array.of(0, 0) })],
  ])('with %s are left to libvips', (_, bytes) => {
    expect(read(bytes)).toBeUndefined();
  });

  it('of a file without its end are left to libvips', () => {
    const bytes = encodePng(Uint8Array.of(1, 2, 3), 1, 1, 3);
    expect(read(bytes)).toEqual([1, 2, 3]);
    expect(
      pngPixels(bytes.subarray(0, -12), { width: 1, height: 1, bitDepth: 8, colourType: 2, chunks: new Set() }),
    ).toBeUndefined();
  });
});
