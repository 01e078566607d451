import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listed, visibleName } from './names.ts';

describe('names of classes as people see them', () => {
  it.each([
    'cat',
    'Egyptian cat',
    'T-shirt/top',
    'ä',
    'cafe\u0301',
    '猫',
    'நாய்',
    // A joiner in Persian, and those of emoji, belong to the spelling.
    'می\u200cخواهم',
    '👨\u200d👩\u200d👧',
    '❤\ufe0f',
    '1\ufe0f\u20e3',
    '🇩🇪',
    'say "hi" now',
    'a\\b',
  ])('%j is shown as it is', (name) => {
    expect(visibleName(name)).toBe(name);
  });

  it.each([
    ['', '""'],
    [' ', '" "'],
    ['cat ', '"cat "'],
    [' cat', '" cat"'],
    ['a  b', '"a \\u0020b"'],
    ['cat\t', '"cat\\t"'],
    ['a\nb', '"a\\nb"'],
    ['cat\u00a0', '"cat\\u00a0"'],
    ['no\u00a0break', '"no\\u00a0break"'],
    ['\u3000cat', '"\\u3000cat"'],
    ['cat\u200b', '"cat\\u200b"'],
    ['\ufeffcat', '"\\ufeffcat"'],
    ['a\u202egpj', '"a\\u202egpj"'],
    ['soft\u00adhyphen', '"soft\\u00adhyphen"'],
    ['\u2800', '"\\u2800"'],
    ['\u3164', '"\\u3164"'],
    ['\u{e0020}', '"\\u{e0020}"'],
    ['\u001b[2J', '"\\u001b[2J"'],
    ['\ud800', '"\\ud800"'],
    ['"cat"', '"\\"cat\\""'],
    ['cat\\ ', '"cat\\\\ "'],
  ])('%j is shown as %s', (name, shown) => {
    expect(visibleName(name)).toBe(shown);
  });

  it('no two names are shown alike, and JSON gives the quoted ones back', () => {
    const text = fc.string({ unit: fc.constantFrom('a', ' ', '"', '\\', '\u00a0', '\t', 'u', '0', '2', '\u200b') });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(visibleName(a) === visibleName(b)).toBe(a === b);
        const shown = visibleName(a);
        if (shown !== a) expect(JSON.parse(shown)).toBe(a);
      }),
      { numRuns: 2000 },
    );
  });

  it('lists', () => {
    expect(listed(['a'])).toBe('a');
    expect(listed(['a', 'b ', 'c'])).toBe('a, "b " and c');
    expect(listed(['a', 'b', 'c'], 2)).toBe('a, b and 1 more');
  });
});
