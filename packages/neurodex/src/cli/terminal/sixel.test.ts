import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { readSixel } from './sequences.fixture.ts';
import { encodeSixel, quantized, sixelSequence } from './sixel.ts';

/** Debian's package libsixel-bin. */
const hasProgram = spawnSync('sixel2png', ['--version'], { stdio: 'ignore' }).status === 0;
const leftOut = hasProgram ? '' : ' (left out: no sixel2png, on Debian: apt-get install libsixel-bin)';

const PICTURE =
  '<svg xmlns="http://www.w3.org/2000/svg" width="61" height="47"><defs><linearGradient id="g"><stop stop-color="#e21"/><stop offset="1" stop-color="#13c"/></linearGradient></defs><rect width="61" height="47" fill="url(#g)"/><circle cx="20" cy="20" r="12" fill="#fc0"/></svg>';
const picture = (svg = PICTURE): Promise<Buffer> => sharp(Buffer.from(svg)).png().toBuffer();
const rgba = async (png: Uint8Array): Promise<Uint8Array> => await sharp(png).ensureAlpha().raw().toBuffer();

/** Mean of the absolute differences of colours, in [0, 255]. */
const difference = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? NaN)), 0) / a.length;

describe('Sixel', () => {
  it('has the pixels of any picture in few colours, as its document reads them', () => {
    const shapes = fc.tuple(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 255 }),
    );
    const pictures = shapes.chain(([width, height, colours]) =>
      fc.record({
        width: fc.constant(width),
        height: fc.constant(height),
        // Whole percentages of 255, which is all that Sixel can say.
        palette: fc.array(fc.tuple(fc.nat(20), fc.nat(20), fc.nat(20)), { minLength: colours, maxLength: colours }),
        indexes: fc.array(fc.integer({ min: -1, max: colours - 1 }), {
          minLength: width * height,
          maxLength: width * height,
        }),
      }),
    );
    fc.assert(
      fc.property(pictures, ({ width, height, palette: twentieths, indexes }) => {
        const palette = twentieths.map(([r, g, b]) => [r, g, b].map((value) => Math.round((255 * 5 * value) / 100)));
        const colours = palette.map(([r = 0, g = 0, b = 0]) => [r, g, b] as const);
        const read = readSixel(encodeSixel({ width, height, palette: colours, indexes: Int16Array.from(indexes) }));
        expect([read.width, read.height]).toEqual([width, height]);
        const expected = indexes.flatMap((index) => (index < 0 ? [0, 0, 0, 0] : [...(colours[index] ?? []), 255]));
        expect([...read.pixels]).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('counts what repeats', () => {
    const indexes = new Int16Array(40).fill(0);
    indexes[39] = -1;
    expect(encodeSixel({ width: 40, height: 1, palette: [[255, 0, 0]], indexes })).toBe(
      '\u001bP0;1;0q"1;1;40;1#0;2;100;0;0#0!39@\u001b\\',
    );
  });

  it('keeps the look of a picture of many colours', async () => {
    const png = await picture();
    const { palette } = await quantized(png);
    expect(palette.length).toBeGreaterThan(16);
    expect(palette.length).toBeLessThanOrEqual(255);
    const read = readSixel(await sixelSequence(png));
    expect([read.width, read.height]).toEqual([61, 47]);
    expect(difference(await rgba(png), read.pixels)).toBeLessThan(4);
  });

  it('leaves what is transparent as it is on the screen', async () => {
    const png = await picture(
      '<svg xmlns="http://www.w3.org/2000/svg" width="12" height="9"><rect x="4" width="8" height="9" fill="#0a0"/></svg>',
    );
    const { pixels } = readSixel(await sixelSequence(png));
    for (let y = 0; y < 9; y++) {
      const alphas = Array.from({ length: 12 }, (_, x) => pixels[4 * (12 * y + x) + 3]);
      expect(alphas).toEqual([...Array(4).fill(0), ...Array(8).fill(255)]);
    }
    const nothing = await picture('<svg xmlns="http://www.w3.org/2000/svg" width="7" height="13"></svg>');
    expect(readSixel(await sixelSequence(nothing)).pixels.every((value) => value === 0)).toBe(true);
  });

  it.skipIf(!hasProgram)(`is read by libsixel as our reader reads it${leftOut}`, async () => {
    const png = await picture();
    const sixel = await sixelSequence(png);
    const { stdout, status } = spawnSync('sixel2png', ['-i', '-', '-o', '-'], { input: sixel });
    expect(status).toBe(0);
    const { width, height } = await sharp(stdout).metadata();
    expect([width, height]).toEqual([61, 47]);
    expect(difference(await rgba(stdout), readSixel(sixel).pixels)).toBeLessThan(1);
  });
});
