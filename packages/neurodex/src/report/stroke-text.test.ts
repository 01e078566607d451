import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { GLYPHS, MISSING } from './stroke-font.ts';
import { strokeText, textWidth, wrapText } from './stroke-text.ts';

/** Columns and rows of the ink in pixels, as librsvg draws it on a 400×100 sheet. */
async function inkOf(svg: string): Promise<{ left: number; right: number; top: number; bottom: number } | undefined> {
  const sheet = `<svg xmlns="http://www.w3.org/2000/svg" width="400" height="100"><rect width="400" height="100" fill="#fff"/>${svg}</svg>`;
  const { data } = await sharp(Buffer.from(sheet)).greyscale().raw().toBuffer({ resolveWithObject: true });
  let ink: { left: number; right: number; top: number; bottom: number } | undefined;
  for (let y = 0; y < 100; y++) {
    for (let x = 0; x < 400; x++) {
      if ((data[y * 400 + x] ?? 255) > 128) continue;
      ink ??= { left: x, right: x, top: y, bottom: y };
      ink = {
        left: Math.min(ink.left, x),
        right: Math.max(ink.right, x),
        top: Math.min(ink.top, y),
        bottom: Math.max(ink.bottom, y),
      };
    }
  }
  return ink;
}

const PRINTABLE = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));

it('has a glyph for every printable ASCII character', () => {
  expect(PRINTABLE.filter((character) => GLYPHS[character] === undefined)).toEqual([]);
});

it('draws every glyph within its stated width and the height of a line', async () => {
  for (const character of Object.keys(GLYPHS)) {
    if (character === ' ') continue;
    // 39 pixels are two for each unit of the typeface; strokes are 2 pixels wide.
    const ink = await inkOf(strokeText(character, 100, 60, { size: 39, colour: '#000', weight: 2 }));
    const width = textWidth(character, 39);
    const slack = 'łđ'.includes(character) ? 5 : 3;
    if (ink === undefined) throw new Error(`${character} has no ink`);
    expect(ink.left, character).toBeGreaterThanOrEqual(100 - slack);
    expect(ink.right, character).toBeLessThanOrEqual(100 + width + slack);
    expect(ink.top, character).toBeGreaterThanOrEqual(60 - 2 * 16 - 2);
    expect(ink.bottom, character).toBeLessThanOrEqual(60 + 2 * 4 + 2);
  }
});

it('draws different letters differently', () => {
  const paths = Object.values(GLYPHS).map(([, path]) => path);
  expect(new Set([...paths, MISSING[1]]).size).toBe(paths.length + 1);
});

it('draws marks over letters, and plain letters under marks that it does not know', async () => {
  const plain = await inkOf(strokeText('o', 100, 60, { size: 39, colour: '#000' }));
  const marked = await inkOf(strokeText('ö', 100, 60, { size: 39, colour: '#000' }));
  expect(marked?.top).toBeLessThan((plain?.top ?? 0) - 4);
  expect(strokeText('o\u0489', 0, 0, { size: 10, colour: '#000' })).toBe(
    strokeText('o', 0, 0, { size: 10, colour: '#000' }),
  );
  expect(textWidth('é', 20)).toBe(textWidth('e', 20));
});

describe('fitting', () => {
  it('keeps any text within its width', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 10, max: 200 }), (text, maxWidth) => {
        for (const line of wrapText(text, 13, maxWidth, 2)) expect(textWidth(line, 13)).toBeLessThanOrEqual(maxWidth);
      }),
    );
  });

  it('breaks between words and says where it cut', () => {
    expect(wrapText('face with tears of joy', 13, textWidth('face with tears', 13) + 1, 2)).toEqual([
      'face with tears',
      'of joy',
    ]);
    expect(wrapText('face with tears of joy', 13, 60, 2)[1]).toMatch(/…$/);
    expect(wrapText('', 13, 60, 2)).toEqual([]);
  });

  it('anchors at the end and in the middle', async () => {
    const style = { size: 20, colour: '#000', weight: 1 } as const;
    const end = await inkOf(strokeText('HELLO', 300, 50, { ...style, anchor: 'end' }));
    expect(Math.abs((end?.right ?? 0) - 300)).toBeLessThanOrEqual(2);
    const middle = await inkOf(strokeText('HOH', 200, 50, { ...style, anchor: 'middle' }));
    expect(Math.abs(((middle?.left ?? 0) + (middle?.right ?? 0)) / 2 - 200)).toBeLessThanOrEqual(2);
  });
});
