import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesElements, bytesOf, elementCount, MalformedTensor } from './tensors.ts';

/** The bytes of a tensor, written as the extension describes them, by the platform's own means. */
const written = (elements: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(
    elements.flatMap((element) => [...[0, 8, 16, 24].map((shift) => (element.length >>> shift) & 255), ...element]),
  );
const elements = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 });

describe('elements of BYTES', () => {
  it('are read as they were written, wherever in a buffer they are, without a copy', () =>
    fc.assert(
      fc.property(elements, fc.nat(9), (given, before) => {
        const buffer = new Uint8Array([...new Uint8Array(before).fill(255), ...written(given)]);
        const read = bytesElements(buffer.subarray(before), given.length);
        expect(read.map((element) => [...element])).toEqual(given.map((element) => [...element]));
        for (const element of read) expect(element.buffer).toBe(buffer.buffer);
      }),
    ));

  it('are refused where there are more or fewer than the shape says, or a byte too many or too few', () =>
    fc.assert(
      fc.property(
        elements,
        fc.integer({ min: -20, max: 20 }),
        fc.integer({ min: -40, max: 40 }),
        (given, more, cut) => {
          const bytes = written(given);
          const other =
            cut < 0
              ? bytes.subarray(0, Math.max(0, bytes.length + cut))
              : new Uint8Array([...bytes, ...new Uint8Array(cut)]);
          // Zeros behind the last element are empty elements, where the shape counts them.
          const empties = cut >= 0 && more > 0 && cut === 4 * more;
          const same = other.length === bytes.length && more === 0;
          fc.pre(!empties && !same && given.length + more >= 0);
          // A cut between two elements leaves fewer, all of them whole.
          const whole = given.slice(0, given.length + more);
          fc.pre(!(other.length === written(whole).length && more <= 0 && cut <= 0));
          expect(() => bytesElements(other, given.length + more)).toThrow(MalformedTensor);
        },
      ),
    ));

  it('of any bytes are parts that fill them exactly, or refused', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(15), (bytes, count) => {
        let read: Uint8Array[];
        try {
          read = bytesElements(bytes, count);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedTensor);
          return;
        }
        expect(read).toHaveLength(count);
        expect([...written(read)]).toEqual([...bytes]);
      }),
      { numRuns: 1000 },
    ));

  it.each([
    [[255, 255, 255, 255], 1, 'its bytes end within element 0, before the length that it says'],
    [[0, 0, 0, 0, 2, 0, 0, 0, 9], 2, 'its bytes end within element 1, before the length that it says'],
    [[1, 0, 0, 0, 9, 0, 0, 0], 2, 'its bytes end within element 1, before the length that it says'],
    [[0, 0, 0, 0, 7, 7], 1, '2 bytes are left behind its 1 elements'],
    [[], 1, '0 bytes are too few for 1 elements of BYTES'],
    [[0, 0, 0, 0], Number.MAX_SAFE_INTEGER, '4 bytes are too few for 9007199254740991 elements of BYTES'],
  ])('%j of %i are refused in words', (bytes, count, message) =>
    expect(() => bytesElements(Uint8Array.from(bytes), count)).toThrow(message),
  );

  it('have lengths without a sign', () => {
    // 2³¹ and more: a length that is read with a sign would be negative, and fit.
    expect(() => bytesElements(Uint8Array.from([0, 0, 0, 128]), 1)).toThrow(MalformedTensor);
  });
});

describe('bytes of an output', () => {
  it('are those of its datatype', () => {
    expect([...bytesOf({ datatype: 'BYTES', data: ['é', '', 'ab'] })]).toEqual([
      ...[2, 0, 0, 0, 0xc3, 0xa9],
      ...[0, 0, 0, 0],
      ...[2, 0, 0, 0, 97, 98],
    ]);
    // IEEE 754: -1 is 0xbf800000, and the lowest of float32 0xff7fffff.
    expect([...bytesOf({ datatype: 'FP32', data: [-1, -3.4028234663852886e38] })]).toEqual([
      ...[0, 0, 128, 191],
      ...[255, 255, 127, 255],
    ]);
    expect([...bytesOf({ datatype: 'INT32', data: [1, -2, 2 ** 31 - 1] })]).toEqual([
      ...[1, 0, 0, 0],
      ...[254, 255, 255, 255],
      ...[255, 255, 255, 127],
    ]);
    expect([...bytesOf({ datatype: 'BOOL', data: [true, false] })]).toEqual([1, 0]);
  });

  it('of BYTES are read back, whatever the texts', () =>
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), (texts) => {
        const read = bytesElements(bytesOf({ datatype: 'BYTES', data: texts }), texts.length);
        expect(read.map((element) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(element))).toEqual(texts);
      }),
    ));
});

describe('a shape', () => {
  it.each([
    [[], 1],
    [[3], 3],
    [[2, 3, 4], 24],
    [[5, 0], 0],
  ])('%j has %i elements', (shape, count) => expect(elementCount(shape)).toBe(count));

  it('of more elements than can be counted is refused', () =>
    expect(() => elementCount([2 ** 40, 2 ** 40])).toThrow(MalformedTensor));
});
