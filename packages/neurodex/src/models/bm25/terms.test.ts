import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { segmentedTerms, termsOf } from './terms.ts';

describe('the terms of a text', () => {
  it.each([
    ['A dog, and a DOG!', ['a', 'dog', 'and', 'a', 'dog']],
    ['', []],
    [' … – !? ', []],
    ["The fire-truck's 3.5 wheels", ['the', 'fire', "truck's", '3.5', 'wheels']],
    ['fire_truck Note:red é_è:ê', ['fire', 'truck', 'note', 'red', 'é', 'è', 'ê']],
    ['Éclair, naïve ÅNGSTRÖM', ['éclair', 'naïve', 'ångström']],
    ['E\u0301clair', ['\u00e9clair']],
    ['Straße ΟΔΟΣ', ['straße', 'οδος']],
    ['собака на траве', ['собака', 'на', 'траве']],
    ['كلب في الحديقة', ['كلب', 'في', 'الحديقة']],
    ['कुत्ता घास पर', ['कुत्ता', 'घास', 'पर']],
    ['개가 달린다', ['개가', '달린다']],
    ['犬が走る', ['犬', 'が', '走る']],
    ['สุนัขวิ่ง', ['สุนัข', 'วิ่ง']],
    ['狗和猫', ['狗', '和', '猫']],
    ['a 😀😀 dog🐕', ['a', '😀', '😀', 'dog', '🐕']],
    ['👩‍👩‍👧 👍🏽 🇩🇪🇫🇷', ['👩‍👩‍👧', '👍🏽', '🇩🇪', '🇫🇷']],
    ['❤️ ❤ ❤︎ ❤️‍🔥', ['❤', '❤', '❤', '❤‍🔥']],
  ])('%s', (text, terms) => {
    expect(termsOf(text)).toEqual(terms);
    expect(termsOf(text)).toEqual(termsOf(text.normalize('NFD')));
  });

  it('are those of the segmenter where it is not used', () => {
    const plain = fc.string({ unit: fc.constantFrom(...'ab7z \n\t.,:;\'"!?-_()@#$%&*+/<=>[\\]^`{|}~'), maxLength: 30 });
    fc.assert(
      fc.property(plain, (text) => {
        expect(termsOf(text)).toEqual(segmentedTerms(text));
      }),
      { numRuns: 500 },
    );
  });

  it('do not depend on case', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('Dog', 'ÉTÉ', 'Straße', 'Мир', '犬', '😀')), (words) => {
        expect(termsOf(words.join(' '))).toEqual(termsOf(words.join(' ').toLowerCase()));
      }),
    );
  });
});
