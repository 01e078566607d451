import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkKey, compareKeys, isKey, nameToPart, partToName } from './keys.ts';

const anyPart = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }).filter((part) => isKey(part));

describe('a key', () => {
  it.each([
    ['', 'empty'],
    ['a//b', 'empty'],
    ['..', "'..'"],
    ['a/./b', "'.'"],
    ['a\u0085', 'control'],
    ['\udc00', 'Unicode'],
    ['ä'.repeat(50), 'too long for a file name'],
    [`${'a'.repeat(250)}/${'b'.repeat(250)}/${'c'.repeat(250)}/${'d'.repeat(20)}`, 'more than 768 bytes'],
  ])('%j is none, and the error says why', (key, why) => {
    expect(isKey(key)).toBe(false);
    expect(() => checkKey(key)).toThrow(
      expect.objectContaining({ code: 'object-key-invalid', message: expect.stringContaining(why) }),
    );
  });

  it.each(['a', '...', '.a', 'a.', ' ', 'a'.repeat(255), 'ä'.repeat(42), "!*'();:@&=+$,?#[]%"])('%j is one', (key) => {
    expect(() => checkKey(key)).not.toThrow();
  });
});

describe('the file name of a part of a key', () => {
  it.each([
    ['abc-0_9.x', 'abc-0_9.x'],
    ['.hidden', '%2Ehidden'],
    ['end.', 'end%2E'],
    ['...', '%2E.%2E'],
    ['a b', 'a%20b'],
    ['100%', '100%25'],
    ['ä😀', '%C3%A4%F0%9F%98%80'],
    ['a\\b:c', 'a%5Cb%3Ac'],
  ])('%s is %s', (part, name) => {
    expect(partToName(part)).toBe(name);
    expect(nameToPart(name)).toBe(part);
  });

  it('leads back to the part, holds no separator, and is never one of the store', () => {
    fc.assert(
      fc.property(anyPart, (part) => {
        const name = partToName(part);
        expect(nameToPart(name)).toBe(part);
        expect(name).toMatch(/^[\w+=,@%-][\w+=,@%.-]*$/);
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
      }),
    );
  });

  it('of what no key gives is none', () => {
    for (const name of ['.partial', '.locks', '.DS_Store', 'a%2fb', 'a%2Fb', '%41', 'a b', '%', '%E4', 'x.', '..'])
      expect([name, nameToPart(name)]).toEqual([name, undefined]);
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), (name) => {
        const part = nameToPart(name);
        if (part !== undefined) expect(partToName(part)).toBe(name);
      }),
    );
  });
});

it('keys are in the order of their bytes, which is not that of their characters', () => {
  expect(['\uff01', '😀', 'a', 'Z'].sort(compareKeys)).toEqual(['Z', 'a', '\uff01', '😀']);
});
