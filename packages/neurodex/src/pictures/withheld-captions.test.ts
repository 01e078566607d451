import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparableText } from '../text/normalise.ts';
import type { StoredPicture } from './picture-store.ts';
import { allTexts } from './picture-texts.ts';
import { textsLearnedOf, withheldCaptions } from './withheld-captions.ts';

const pictureOf = (captions: readonly string[], change: Partial<StoredPicture> = {}): StoredPicture => ({
  row: 0,
  id: 0,
  path: '0.png',
  labels: [],
  captions,
  role: 'catalogue',
  ...change,
});
const half = { share: 0.5, seed: 1 };
const ALL = { share: 1, seed: 1 };
const captions = ['A red dog', 'a dog in snow', 'Snow.', 'two dogs', 'dog'];

describe('captions that are withheld', () => {
  it('are drawn by the seed and the caption, wherever it stands', () => {
    const drawn = withheldCaptions(pictureOf(captions), half);
    expect(drawn.size).toBeGreaterThan(0);
    expect(withheldCaptions(pictureOf(captions.toReversed(), { id: 7, path: 'other.png' }), half)).toEqual(
      new Set([...drawn].reverse()),
    );
    // Case and white space make no other caption.
    expect(withheldCaptions(pictureOf(captions.map((text) => `  ${text.toUpperCase()} `)), half)).toEqual(drawn);
    const others = Array.from({ length: 20 }, (_, seed) => withheldCaptions(pictureOf(captions), { ...half, seed }));
    expect(new Set(others.map((each) => [...each].join('|'))).size).toBeGreaterThan(5);
  });

  it('are the share that is asked for, over many pictures', () => {
    const many = Array.from({ length: 2000 }, (_, i) =>
      pictureOf(Array.from({ length: 5 }, (_, j) => `picture ${i} sentence ${j}`)),
    );
    const count = many.reduce((sum, picture) => sum + withheldCaptions(picture, { share: 0.2, seed: 3 }).size, 0);
    // 10,000 draws: the standard deviation is 40.
    expect(Math.abs(count - 2000)).toBeLessThan(160);
  });

  it('leave one of each picture, and all of one that has a single caption', () => {
    expect(withheldCaptions(pictureOf(captions), ALL).size).toBe(captions.length - 1);
    expect(withheldCaptions(pictureOf(['one']), ALL).size).toBe(0);
    expect(withheldCaptions(pictureOf(['One', ' one ']), ALL).size).toBe(0);
    expect(withheldCaptions(pictureOf(['one', '', 'bad \u0007']), ALL).size).toBe(0);
  });

  it('are none of queries, of pictures that came after the build, and where nothing is withheld', () => {
    expect(withheldCaptions(pictureOf(captions, { role: 'train' }), ALL).size).toBe(0);
    expect(withheldCaptions(pictureOf(captions, { id: 3 }), { ...ALL, learnedIds: 3 }).size).toBe(0);
    expect(withheldCaptions(pictureOf(captions, { id: 2 }), { ...ALL, learnedIds: 3 }).size).toBe(4);
    expect(withheldCaptions(pictureOf(captions), { share: 0, seed: 1 }).size).toBe(0);
  });
});

it('what is learned of a picture is all but what is withheld, labels included', () => {
  const picture = pictureOf([...captions, 'bad \u0007'], { labels: ['dog'] });
  const learned = textsLearnedOf(picture, ALL);
  expect(learned).toHaveLength(3);
  expect(learned).toContain('bad \u0007');
  expect(learned).toContain('dog');
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constantFrom('a', 'A', ' b', 'c', 'd', '\u0000'), fc.string({ unit: 'binary' }))),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.nat(),
      (texts, share, seed) => {
        const any = pictureOf(texts);
        const withheld = withheldCaptions(any, { share, seed });
        const readable = new Set(texts.map(comparableText).filter((text) => text !== undefined));
        expect(withheld.size).toBeLessThanOrEqual(Math.max(0, readable.size - 1));
        expect([...withheld].every((text) => readable.has(text))).toBe(true);
        expect(textsLearnedOf(any, { share, seed })).toEqual(
          allTexts(any).filter((text) => !withheld.has(comparableText(text) ?? '')),
        );
      },
    ),
  );
});
