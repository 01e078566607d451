import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { drawAnswers, MOST_DRAWN } from './draw-answers.ts';
import { iterm2Sequence, kittySequence } from './escape-sequences.ts';
import { readIterm2, readKitty, readSixel } from './sequences.fixture.ts';

const jpeg = (background: string, width = 144, height = 144): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background } })
    .jpeg()
    .toBuffer();

describe('a picture in a sequence', () => {
  it.each([0, 1, 3071, 3072, 3073, 100_000])('comes whole out of it: %i bytes', (length) => {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 7919) % 256);
    expect(readKitty(kittySequence(bytes, 42))).toEqual({ columns: 42, png: Buffer.from(bytes) });
    if (length > 0) expect(readIterm2(iterm2Sequence(bytes, 42))).toEqual({ columns: 42, png: Buffer.from(bytes) });
  });
});

describe('answers in a terminal', () => {
  /** The colour in the middle of each picture of a strip. */
  async function colours(png: Uint8Array, edge: number): Promise<string[]> {
    const { data, info } = await sharp(png).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
    return Array.from({ length: info.width / edge }, (_, i) => {
      const at = 4 * ((edge >> 1) * info.width + i * edge + (edge >> 1));
      return [...data.subarray(at, at + 3)].map((value) => Math.round(value / 51)).join('');
    });
  }

  it('stand in lines that fit, the query first, each once and in order', async () => {
    const answers = await Promise.all(['#f00', '#0f0', '#00f', '#ff0', '#0ff'].map((colour) => jpeg(colour)));
    const pictures = { query: await jpeg('#000'), answers };
    const drawn = await drawAnswers(pictures, { protocol: 'kitty', cell: undefined, columns: 60 });
    // 60 columns have room for four pictures of 14 cells.
    const strips = drawn.trimEnd().split('\n').map(readKitty);
    expect(strips.map(({ columns }) => columns)).toEqual([56, 28]);
    const seen = await Promise.all(strips.map(({ png }) => colours(png, 144)));
    expect(seen).toEqual([
      ['000', '500', '050', '005'],
      ['550', '055'],
    ]);
    const iterm2 = await drawAnswers(pictures, { protocol: 'iterm2', cell: undefined, columns: 60 });
    expect(iterm2.trimEnd().split('\n').map(readIterm2)).toEqual(strips);
  });

  it('take the cells that the terminal has, in Sixel', async () => {
    const pictures = { query: null, answers: [await jpeg('#f00'), await jpeg('#00f', 30, 90)] };
    const sixel = async (width: number | undefined) => {
      const cell = width === undefined ? undefined : { width, height: 2 * width };
      return readSixel((await drawAnswers(pictures, { protocol: 'sixel', cell, columns: 80 })).trimEnd());
    };
    expect(await sixel(10)).toMatchObject({ width: 280, height: 140 });
    // The narrowest font, where the terminal does not tell; no picture larger than sense.
    expect(await sixel(undefined)).toMatchObject({ width: 168, height: 84 });
    expect(await sixel(500)).toMatchObject({ width: 672, height: 336 });
  });

  it('are no more than a person looks at, one below the other where a terminal is narrow', async () => {
    const answers = Array<Buffer>(MOST_DRAWN + 9).fill(await jpeg('#0f0', 8, 8));
    const drawn = await drawAnswers({ query: null, answers }, { protocol: 'kitty', cell: undefined, columns: 9 });
    const strips = drawn.trimEnd().split('\n').map(readKitty);
    expect(strips).toHaveLength(MOST_DRAWN);
    for (const { columns } of strips) expect(columns).toBe(9);
    expect(await drawAnswers({ query: null, answers: [] }, { protocol: 'kitty', cell: undefined, columns: 80 })).toBe(
      '',
    );
  });
});
