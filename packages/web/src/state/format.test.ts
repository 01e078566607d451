import { describe, expect, it } from 'vitest';
import { bytes, counted, day, duration, percent, queryTitle, share, signed, titleOf } from './format.ts';

describe('figures for people', () => {
  it.each([
    [0, '0.00'],
    [1, '1.00'],
    [0.8249, '0.82'],
    [0.005, '0.01'],
    [0.00003, '3 × 10⁻⁵'],
    [4.4e-12, '4 × 10⁻¹²'],
  ])('the share %d is %s', (value, text) => expect(share(value)).toBe(text));

  it.each([
    [0, '0 %'],
    [0.001, '< 1 %'],
    [0.006, '1 %'],
    [0.994, '99 %'],
  ])('the part %d is %s', (value, text) => expect(percent(value)).toBe(text));

  it.each([
    [0.00002, '1 ms'],
    [0.034, '34 ms'],
    [1.23, '1.2 s'],
    [45, '45 s'],
    [150, '3 min'],
  ])('%d seconds are %s', (seconds, text) => expect(duration(seconds)).toBe(text));

  it.each([
    [999, '999 B'],
    [4_200_000, '4.2 MB'],
    [123_456, '123 kB'],
    [5e13, '50000 GB'],
  ])('%d bytes are %s', (n, text) => expect(bytes(n)).toBe(text));

  it('counts one and many', () => {
    expect([counted(1, 'query', 'queries'), counted(1234, 'query', 'queries')]).toEqual(['1 query', '1,234 queries']);
  });

  it('writes signs and days', () => {
    expect([signed(-0.1234), signed(0.5)]).toEqual(['−0.123', '+0.500']);
    expect([day('2026-11-24T23:59:00Z'), day('yesterday')]).toEqual(['24 November 2026', 'yesterday']);
  });

  it('calls a picture by its labels, or else by its name', () => {
    expect(titleOf({ labels: ['cat', 'dog'], name: 'a.png' })).toBe('cat, dog');
    expect(titleOf({ labels: [], name: 'a.png' })).toBe('a.png');
    expect(titleOf({ labels: ['cat ', 'dog'], name: 'a.png' })).toBe('"cat ", dog');
  });

  it('calls a query by its picture and its words', () => {
    const picture = { kind: 'file', file: new File(['1'], 'mine.png') } as const;
    expect(queryTitle({ picture, text: '', minus: [] })).toBe('mine.png');
    expect(queryTitle({ picture: null, text: 'red hat', minus: [] })).toBe('“red hat”');
    expect(queryTitle({ picture: null, text: 'beach', minus: ['people', 'cars'] })).toBe(
      '“beach” without “people”, “cars”',
    );
    expect(queryTitle({ picture, text: 'red', minus: ['people'] })).toBe('mine.png with “red” without “people”');
  });
});
