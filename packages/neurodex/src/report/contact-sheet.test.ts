import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { contactSheet, type SheetRow } from './contact-sheet.ts';

const picture = (background: string, edge = 40): Promise<Uint8Array> =>
  sharp({ create: { width: edge, height: edge, channels: 3, background } })
    .png()
    .toBuffer();

async function pixels(png: Uint8Array) {
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number): number[] => {
    const i = (Math.round(y) * info.width + Math.round(x)) * info.channels;
    return [...data.subarray(i, i + 3)];
  };
  return { width: info.width, height: info.height, at };
}

const GREEN = [26, 127, 55];
const RED = [207, 34, 46];
const BLUE = [0, 0, 255];
const EDGE = 104;
const LEFT = 28;
const TOP = 92;
const answerX = (system: number, i: number): number =>
  LEFT + EDGE + 36 + system * (5 * EDGE + 4 * 10 + 36) + i * (EDGE + 10);

async function row(caption: string, rights: readonly boolean[][]): Promise<SheetRow> {
  const blue = await picture('#0000ff');
  return {
    query: blue,
    caption,
    systems: rights.map((answers, s) => ({
      name: s === 0 ? 'dsi' : 'pixels',
      answers: answers.map((right) => ({ picture: blue, right })),
    })),
  };
}

describe('contactSheet', () => {
  it('puts pictures where they belong, framed right or wrong, and apart without colour', async () => {
    const sheet = await pixels(
      await contactSheet({ rows: [await row('cat', [[true, false, true, true, true, true], [false]])] }),
    );
    const middle = TOP + EDGE / 2;
    expect(sheet.at(LEFT + EDGE / 2, middle)).toEqual(BLUE);
    for (let i = 0; i < 5; i++) expect(sheet.at(answerX(0, i) + EDGE / 2, middle)).toEqual(BLUE);
    expect(sheet.at(answerX(1, 0) + EDGE / 2, middle)).toEqual(BLUE);
    // Only the first five, and nothing where a system answered less.
    expect(sheet.at(answerX(1, 1) + EDGE / 2, middle)).toEqual([246, 248, 250]);
    expect(sheet.width).toBe(answerX(1, 4) + EDGE + LEFT);

    const topEdge = (system: number, i: number): number[][] =>
      Array.from({ length: EDGE - 40 }, (_, x) => sheet.at(answerX(system, i) + 20 + x, TOP));
    const share = (colours: readonly number[][], wanted: readonly number[]): number =>
      colours.filter((colour) => colour.every((value, c) => Math.abs(value - (wanted[c] ?? 0)) < 8)).length /
      colours.length;
    expect(share(topEdge(0, 0), GREEN)).toBe(1);
    const dashes = share(topEdge(0, 1), RED);
    expect(dashes).toBeGreaterThan(0.4);
    expect(dashes).toBeLessThan(0.8);
  });

  it('rounds the corners of the pictures', async () => {
    const sheet = await pixels(await contactSheet({ rows: [await row('cat', [[true]])] }));
    expect(sheet.at(LEFT, TOP)).not.toEqual(BLUE);
    expect(sheet.at(LEFT + 1, TOP + 1)[0]).toBeGreaterThan(200);
  });

  it('gives long captions two lines and every row the same room', async () => {
    const one = await pixels(await contactSheet({ rows: [await row('cat', [[true]])] }));
    const long = await row('a caption of many words that does not fit on one line nor on two', [[true]]);
    const two = await pixels(await contactSheet({ rows: [long] }));
    expect(two.height).toBe(one.height + 17);
    const three = await pixels(await contactSheet({ rows: [long, long, long] }));
    expect(three.height - two.height).toBe(2 * (EDGE + 8 + 2 * 17 + 16));
  });

  it('takes pictures of any shape, with alpha over white, in any format', async () => {
    const transparent = await sharp({ create: { width: 10, height: 30, channels: 4, background: '#00000000' } })
      .webp()
      .toBuffer();
    const grey = await sharp({ create: { width: 30, height: 10, channels: 3, background: '#808080' } })
      .greyscale()
      .jpeg()
      .toBuffer();
    const rows = [
      { query: transparent, caption: '日本', systems: [{ name: 'dsi', answers: [{ picture: grey, right: true }] }] },
    ];
    const sheet = await pixels(await contactSheet({ rows }));
    expect(sheet.at(LEFT + EDGE / 2, TOP + EDGE / 2)).toEqual([255, 255, 255]);
    expect(sheet.at(answerX(0, 0) + EDGE / 2, TOP + EDGE / 2)).toEqual([128, 128, 128]);
  });

  it('is the same every time, and refuses to be empty', async () => {
    const rows = [await row('<cat> & "dog"', [[true], [false]])];
    expect(await contactSheet({ rows })).toEqual(await contactSheet({ rows }));
    await expect(contactSheet({ rows: [] })).rejects.toThrow(RangeError);
  });
});
