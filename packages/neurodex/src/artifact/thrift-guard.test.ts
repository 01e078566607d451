import { describe, expect, it } from 'vitest';
import { thriftEnd, unsignedAt } from './thrift-guard.ts';

describe('a variable-length integer', () => {
  it.each<[readonly number[], number, number]>([
    [[0x00], 0, 1],
    [[0x7f], 127, 1],
    [[0x80, 0x01], 128, 2],
    [[0xff, 0xff, 0xff, 0xff, 0x07], 2 ** 31 - 1, 5],
    [[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], 0, 10],
  ])('%o is %i', (bytes, value, length) => {
    expect(unsignedAt(Uint8Array.from(bytes), 0)).toEqual([value, length]);
    // Elsewhere it ends elsewhere, and what comes behind does not count.
    expect(unsignedAt(Uint8Array.of(0xff, 0xff, ...bytes, 0xff), 2)).toEqual([value, length + 2]);
  });

  it.each<[string, readonly number[]]>([
    ['is 2³¹', [0x80, 0x80, 0x80, 0x80, 0x08]],
    ['is longer than ten bytes', [...Array<number>(10).fill(0x80), 0x00]],
    ['is cut off', [0xff]],
    ['is not there', []],
  ])('that %s is refused', (_, bytes) => {
    expect(() => unsignedAt(Uint8Array.of(1, ...bytes), 1)).toThrow(new RangeError('no length stands at byte 1'));
  });
});

/** Of a field: its number is one more than that of the last, and its type. */
const field = (type: number): number => 0x10 | type;
const repeated = (times: number, ...bytes: number[]): number[] => Array<number[]>(times).fill(bytes).flat();
const end = (...bytes: number[]): number => thriftEnd(Uint8Array.from(bytes), 0);

describe('a structure ends behind its stop byte', () => {
  it.each<[string, readonly number[]]>([
    ['nothing', []],
    ['true', [field(1)]],
    ['false', [field(2)]],
    ['a byte', [field(3), 0x81]],
    ['a number of 16 bits', [field(4), 0x80, 0x01]],
    ['a number of 32 bits', [field(5), 0xff, 0xff, 0x01]],
    ['a number of 64 bits, as long as one can be', [field(6), ...repeated(9, 0x80), 0x01]],
    ['a float of 64 bits', [field(7), ...repeated(8, 1)]],
    ['a text', [field(8), 3, 1, 1, 1]],
    ['an empty text', [field(8), 0]],
    ['a list of truths, a byte each', [field(9), 0x31, 1, 2, 1]],
    ['a list of falsehoods, a byte each', [field(9), 0x22, 2, 2]],
    ['an empty list', [field(9), 0x05]],
    ['a list of 14 bytes', [field(9), 0xe3, ...repeated(14, 1)]],
    ['a list of 15 bytes, whose length stands apart', [field(9), 0xf3, 15, ...repeated(15, 1)]],
    ['a list of texts', [field(9), 0x28, 1, 7, 2, 7, 7]],
    ['a list of lists', [field(9), 0x29, 0x13, 1, 0x03]],
    ['a list of structures', [field(9), 0x2c, field(3), 1, 0, 0]],
    ['a structure', [field(12), field(3), 9, 0]],
    ['a number of a field by itself', [0x05, 0x80, 0x01, 0x07]],
    ['several fields', [field(1), field(3), 1, field(8), 1, 1, field(2)]],
  ])('and holds %s', (_, bytes) => {
    expect(end(...bytes, 0)).toBe(bytes.length + 1);
    expect(end(...bytes, 0, 0x55)).toBe(bytes.length + 1);
    expect(thriftEnd(Uint8Array.of(0x7e, 0x7e, ...bytes, 0), 2)).toBe(bytes.length + 3);
    expect(() => end(...bytes)).toThrow(new RangeError('it is cut off'));
  });

  it.each<[string, readonly number[]]>([
    ['a byte', [field(3)]],
    ['a float', [field(7), ...repeated(7, 1)]],
    ['a text', [field(8), 3, 1, 1]],
    ['a list', [field(9)]],
    ['an integer', [field(5), 0x80]],
    ['a list of floats', [field(9), 0x27, ...repeated(15, 1)]],
  ])('and %s is not cut off', (_, bytes) => {
    expect(() => end(...bytes)).toThrow(new RangeError('it is cut off'));
  });

  it.each([10, 11, 13, 14, 15])('and has no type %i', (type) => {
    expect(() => end(field(type), 0, 0)).toThrow(new RangeError(`there is no type ${type}`));
    expect(() => end(field(9), 0x10 | type, 0, 0)).toThrow(new RangeError(`there is no type ${type}`));
  });

  it('and has no integer of more than ten bytes', () => {
    expect(() => end(field(5), ...repeated(10, 0x80), 0x01, 0)).toThrow(new RangeError('an integer is too long'));
  });

  it('and has no list of more elements than bytes are left', () => {
    expect(() => end(field(9), 0x33, 1, 1)).toThrow(new RangeError('a list is longer than what is left'));
    expect(() => end(field(9), 0x23, 1, 1)).toThrow(new RangeError('it is cut off'));
    expect(() => end(field(9), 0xf1, 0xff, 0xff, 0xff, 0xff, 0x07, 0)).toThrow('a list is longer than what is left');
  });

  it('and is 17 structures deep, at most', () => {
    expect(end(...repeated(16, field(12)), ...repeated(17, 0))).toBe(33);
    expect(() => end(...repeated(17, field(12)), ...repeated(18, 0))).toThrow(
      new RangeError('structures are nested too deeply'),
    );
    const inList = (depth: number) => [...repeated(depth, field(9), 0x1c), ...repeated(depth + 1, 0)];
    // A structure in a list is two deeper than what holds the list.
    expect(end(...inList(8))).toBe(25);
    expect(() => end(...inList(9))).toThrow('nested too deeply');
  });

  it('and its lists are 16 deep, at most', () => {
    expect(end(field(9), ...repeated(15, 0x19), 0x03, 0)).toBe(18);
    expect(() => end(field(9), ...repeated(16, 0x19), 0x03, 0)).toThrow(new RangeError('lists are nested too deeply'));
  });
});
