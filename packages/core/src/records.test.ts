import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { isRecord, mapValues } from './records.ts';

it('a record is an object with names', () => {
  expect([{}, { a: 1 }, JSON.parse('{"__proto__": 1}')].map(isRecord)).toEqual([true, true, true]);
  expect([null, undefined, [], 'a', 1, isRecord].map(isRecord)).toEqual([false, false, false, false, false, false]);
});

describe('mapped values', () => {
  it('have the names that the values had', () => {
    const mapped = mapValues({ a: 1, b: 2 }, (value: number, name, i) => `${i}: ${name}${value}`);
    expect(mapped).toEqual({ a: '0: a1', b: '1: b2' });
    expectTypeOf(mapped).toEqualTypeOf<{ readonly a: string; readonly b: string }>();
  });

  it('keep every name in its place, those of Object.prototype too', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.integer()), (record) => {
        const entries = Object.entries(mapValues(record, (value: number) => -value));
        expect(entries).toEqual(Object.entries(record).map(([name, value]) => [name, -value]));
      }),
    );
    expect(Object.entries(mapValues(JSON.parse('{"__proto__": 1}'), (x: number) => x + 1))).toEqual([['__proto__', 2]]);
  });
});
