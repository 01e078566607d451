import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseWords, refusalOf } from './words.ts';

describe('words of the search box', () => {
  it.each<[typed: string, text: string, minus: readonly string[]]>([
    ['a red bicycle', 'a red bicycle', []],
    ['  a \t red\nbicycle ', 'a red bicycle', []],
    ['beach -people', 'beach', ['people']],
    ['beach −people –cars', 'beach', ['people', 'cars']],
    ['-people beach -"parked  cars" sunset', 'beach sunset', ['people', 'parked cars']],
    ['beach -“two people”', 'beach', ['two people']],
    ['"two people" beach', 'two people beach', []],
    ['"-5 degrees"', '-5 degrees', []],
    ['beach -"two people', 'beach', ['two people']],
    ['t-shirt', 't-shirt', []],
    ['shirt -t-shirt --polo', 'shirt', ['t-shirt', 'polo']],
    ['beach - people', 'beach people', []],
    ['- "two people"', 'two people', []],
    ['Straße -日本 -🐈', 'Straße', ['日本', '🐈']],
    ['5" disc', '5" disc', []],
    ['-people', '', ['people']],
    ['-', '', []],
    ['-- – −', '', []],
    ['-"" " "', '', []],
    ['', '', []],
  ])('%j are %j without %j', (typed, text, minus) => {
    expect(parseWords(typed)).toEqual({ text, minus });
  });

  it('may be anything: no part is empty, and none has space at its ends', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'é', ' ', '\n', '-', '−', '"', '“') }), (typed) => {
        const { text, minus } = parseWords(typed);
        for (const part of minus) expect(part).toMatch(/\S/u);
        for (const part of [text, ...minus]) expect(part).toBe(part.trim().replace(/\s+/gu, ' '));
      }),
    );
  });

  it('need something to look for', () => {
    expect(refusalOf(parseWords('beach -people'))).toBeNull();
    expect(refusalOf(parseWords('-people'))).toContain('only words to take away');
    expect(refusalOf(parseWords(' - '))).toContain('nothing to search for');
  });
});
