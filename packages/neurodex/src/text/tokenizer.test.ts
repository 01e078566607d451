import { Tokenizer } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldCase, normaliseText } from './normalise.ts';
import { piecesOf } from './pieces.ts';
import { TextTokenizer } from './tokenizer.ts';
import { trainTokenizer } from './train-bpe.ts';

/** What the library makes of a file, part by part. */
interface Library {
  pre_tokenizer(text: string): string[];
  decode(ids: readonly number[]): string;
}

/** A dog and two cats, in twenty scripts. */
const SCRIPTS = {
  Latin: 'Một con chó và hai con mèo',
  Greek: 'Ένας σκύλος και δύο γάτες',
  Cyrillic: 'Собака и две кошки',
  Armenian: 'Մի շուն և երկու կատու',
  Georgian: 'ერთი ძაღლი და ორი კატა',
  Hebrew: 'כֶּלֶב אחד ושני חתולים',
  Arabic: 'كَلْبٌ وقطتان',
  Devanagari: 'एक कुत्ता और दो बिल्लियाँ',
  Bengali: 'একটি কুকুর এবং দুটি বিড়াল',
  Tamil: 'ஒரு நாய் மற்றும் இரண்டு பூனைகள்',
  Telugu: 'ఒక కుక్క మరియు రెండు పిల్లులు',
  Thai: 'สุนัขหนึ่งตัวและแมวสองตัว',
  Lao: 'ໝາໜຶ່ງໂຕ ແລະ ແມວສອງໂຕ',
  Tibetan: 'ཁྱི་གཅིག་དང་ཞི་མི་གཉིས།',
  Khmer: 'ឆ្កែមួយនិងឆ្មាពីរ',
  Hangul: '개 한 마리와 고양이 두 마리',
  Hiragana: 'いぬが いっぴき、ねこが にひき',
  Katakana: 'イヌ ヲ ミル ネコ',
  Han: '一只狗和两只猫',
  Ethiopic: 'አንድ ውሻ እና ሁለት ድመቶች',
} as const;
const EMOJI = ['👩🏽‍🚀 👨‍👩‍👧‍👦', '❤️‍🔥', '1️⃣ #️⃣', '🇫🇷🇯🇵', '🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}'];
const MARKS = ['e\u0301\u0323 x\u0338', 'Z\u0351\u036b\u0343a\u0334l\u0321g\u0322o\u0337', '\u0301 alone'];

const captions = [...Object.values(SCRIPTS), ...EMOJI, ...MARKS, 'A dog runs. Two dogs run!'].map((text) =>
  foldCase(normaliseText(text)),
);
const trained = JSON.stringify(trainTokenizer([...captions, ...captions], { vocabulary: 700 }));
const tokenizer = TextTokenizer.parse(trained, 'tokenizer.json');
const library: Library = new Tokenizer(JSON.parse(trained), { clean_up_tokenization_spaces: false });

/** The characters of all twenty scripts and of emoji, in any order, with other characters between. */
const mixed = fc.string({
  unit: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...captions.join(''), ' ', '\n', '\u00a0') },
    { weight: 2, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
  ),
  maxLength: 60,
});
const written = mixed.filter(
  (text) => /[^\p{White_Space}\uFEFF\u200B]/u.test(text) && !/[\p{Cc}\p{Cs}\uFFFD]/u.test(text),
);

/** GPT-2's character of each byte, by the words of its definition. */
const isPrintable = (byte: number): boolean => /^[!-~¡-¬®-ÿ]$/.test(String.fromCharCode(byte));
const unprintable = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => !isPrintable(byte));
const byteCharacters = Array.from({ length: 256 }, (_, byte) =>
  String.fromCharCode(isPrintable(byte) ? byte : 256 + unprintable.indexOf(byte)),
);

describe('a tokenizer that was trained', () => {
  it.each([...Object.entries(SCRIPTS), ...[...EMOJI, ...MARKS].map((text) => [text, text])])('reads %s', (_, text) => {
    const ids = tokenizer.encode(text);
    expect(library.decode(ids)).toBe(foldCase(normaliseText(text)).replaceAll(' ', ''));
    expect(Math.max(...ids)).toBeLessThan(tokenizer.size);
    // Each piece occurs twice in the captions: some of its bytes are one token.
    expect(ids.length).toBeLessThan(Buffer.byteLength(text));
  });

  it('loses nothing of any text but its spaces, and reads it the same way each time', () => {
    fc.assert(
      fc.property(written, (text) => {
        const ids = tokenizer.encode(text);
        expect(library.decode(ids)).toBe(foldCase(normaliseText(text)).replaceAll(' ', ''));
        expect(tokenizer.encode(text)).toEqual(ids);
        expect(tokenizer.encode(normaliseText(text))).toEqual(ids);
      }),
      { numRuns: 500 },
    );
  });

  it('cuts texts into the pieces that it was trained with', () => {
    fc.assert(
      fc.property(written, (text) => {
        const folded = foldCase(normaliseText(text));
        const pieces = piecesOf(folded);
        expect(pieces.join('')).toBe(folded.replaceAll(' ', ''));
        const ours = pieces.map((piece) => [...Buffer.from(piece)].map((byte) => byteCharacters[byte]).join(''));
        expect(ours).toEqual(library.pre_tokenizer(folded));
      }),
      { numRuns: 500 },
    );
  });

  it('knows a word wherever it stands, in whichever case', () => {
    const ids = tokenizer.encode('dog');
    expect(ids.length).toBe(1);
    for (const text of ['A dog', 'dog.', '(DOG)', 'hot-dog', '\u3000Dog\n'])
      expect(tokenizer.encode(text)).toEqual(expect.arrayContaining(ids));
    expect(tokenizer.encode('a  dog')).toEqual(tokenizer.encode(' a\tdog '));
    expect(tokenizer.encode('cafe\u0301')).toEqual(tokenizer.encode('CAFÉ'));
  });

  it('refuses what is no text', () => {
    for (const [text, code] of [
      [' ', 'text-empty'],
      ['\u0007', 'text-invalid'],
      ['a'.repeat(2001), 'text-too-long'],
    ] as const)
      expect(() => tokenizer.encode(text)).toThrow(expect.objectContaining({ code }));
  });
});
