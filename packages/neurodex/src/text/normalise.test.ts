import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldCase, MAX_CODE_POINTS, normaliseText } from './normalise.ts';

/** Any text of Unicode's characters, those of the first planes oftener than not. */
const anyText = fc.string({ unit: 'binary', maxLength: 50 });

/** What has a normal form, and undefined else. */
const normalOrNone = (text: string): string | undefined => {
  try {
    return normaliseText(text);
  } catch {
    return undefined;
  }
};

describe('a text as it is searched with', () => {
  it('has one space where there was white space of any kind, and none at its ends', () => {
    const all = [...'\t\n\v\f\r \u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff\u200b'];
    for (let code = 0x2000; code <= 0x200a; code++) all.push(String.fromCodePoint(code));
    for (const space of all) expect(normaliseText(`${space}a${space}\r\n${space}dog${space}`)).toBe('a dog');
    expect(normaliseText(`a${all.join('')}dog`)).toBe('a dog');
  });

  it('is in Form C, with the marks that its letters have', () => {
    expect(normaliseText('cafe\u0301')).toBe('café');
    expect(normaliseText('\u1112\u1161\u11ab')).toBe('한');
    expect(normaliseText('\u212b ﬁ')).toBe('Å ﬁ');
    expect(normaliseText('q\u0323\u0307')).toBe(normaliseText('q\u0307\u0323'));
  });

  it('keeps the joiners of words and emoji', () => {
    for (const text of [
      '👩🏽‍🚀',
      'نامه\u200cای',
      'क्\u200dष',
      '🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}',
    ])
      expect(normaliseText(text)).toBe(text);
  });

  it('stays as it is when it is normalised again', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const normal = normalOrNone(text);
        fc.pre(normal !== undefined);
        expect(normaliseText(normal)).toBe(normal);
        expect(normal).not.toMatch(/^ | $| {2}/);
        expect(normal).not.toMatch(/[\p{Cc}\p{Cs}]/u);
      }),
    );
  });
});

describe('a text that is refused', () => {
  it('has nothing to search for', () => {
    expect(() => normaliseText('')).toThrow(
      expect.objectContaining({ code: 'text-empty', message: 'the text is empty', hint: expect.any(String) }),
    );
    for (const blank of [' ', '\n\t\u3000\u200b\ufeff'])
      expect(() => normaliseText(blank)).toThrow(
        expect.objectContaining({ code: 'text-empty', message: 'the text has nothing but white space' }),
      );
  });

  it.each([
    ['\u0007', 'the text has a control character, U+0007'],
    ['\u0000', 'the text has a control character, U+0000'],
    ['\u001c', 'the text has a control character, U+001C'],
    ['\u007f', 'the text has a control character, U+007F'],
    ['\u009f', 'the text has a control character, U+009F'],
    ['\ud83d', 'the text has half of a surrogate pair, U+D83D'],
    ['\udc00', 'the text has half of a surrogate pair, U+DC00'],
    ['\ufffd', 'the text has the replacement character, U+FFFD: it was not UTF-8 where it came from'],
  ])('has a character that no text has: %j', (character, message) => {
    for (const text of [character, `a${character}dog`, `${character} `])
      expect(() => normaliseText(text)).toThrow(
        expect.objectContaining({
          code: 'text-invalid',
          message,
          hint: expect.any(String),
          details: { codePoint: message.match(/U\+[0-9A-F]+/)?.[0] },
        }),
      );
  });

  it('has more characters than are read, of one unit of UTF-16 or of two', () => {
    for (const character of ['a', '🐕', '漢']) {
      expect(normaliseText(` ${character.repeat(MAX_CODE_POINTS)} `)).toBe(character.repeat(MAX_CODE_POINTS));
      expect(() => normaliseText(character.repeat(MAX_CODE_POINTS + 1))).toThrow(
        expect.objectContaining({
          code: 'text-too-long',
          message: 'the text has 2,001 characters, and the limit is 2,000',
          details: { codePoints: 2001, limit: 2000 },
        }),
      );
    }
  });
});

describe('lower case', () => {
  it('is that of Unicode, in every script that has one', () => {
    expect(foldCase('A DOG')).toBe('a dog');
    expect(foldCase('СОБАКА ΣΚΎΛΟΣ ՇՈՒՆ Ꭰ')).toBe('собака σκύλος շուն ꭰ');
    expect(foldCase('É E\u0301')).toBe('é é');
    expect(foldCase('\u0130')).toBe('i\u0307');
  });

  it('changes no text that is in lower case already', () => {
    const changed: string[] = [];
    for (let code = 0; code < 0x110000; code++) {
      if (code >= 0xd800 && code < 0xe000) continue;
      const folded = foldCase(String.fromCodePoint(code));
      if (foldCase(folded) !== folded) changed.push(folded);
    }
    expect(changed).toEqual([]);
    fc.assert(
      fc.property(anyText, (text) => {
        expect(foldCase(foldCase(text))).toBe(foldCase(text));
      }),
    );
  });
});
